import { z } from 'zod';
import type { BackendSpec } from './kubernetes-spec.ts';

export const dnsName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, { error: 'expected a name as Kubernetes has it' });

export const dnsLabel = z.string().regex(/^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$/, {
  error: 'expected small letters, digits and hyphens, as a Service is named',
});

export const servicePattern = /^service\/[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** Jaeger's own default of its query API. */
const jaegerPort = 16686;

export const backendSchema = z.strictObject({
  workload: z
    .string()
    .regex(/^(deployment|statefulset)\/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, {
      error: 'expected deployment/NAME or statefulset/NAME',
    })
    .describe('what makes its pods'),
  namespace: dnsName.optional().describe('default: the first of namespaces'),
  service: dnsLabel.optional().describe('by which the collectors reach it, for action selector'),
  exporter: z
    .string()
    .regex(/^[a-z0-9_]+(\/[\w.-]+)?$/, { error: 'expected an exporter such as otlp_grpc/jaeger' })
    .optional()
    .describe("the collectors' exporter that leads to it, for action selector"),
  witness: z
    .strictObject({
      api: z.enum(['jaeger'], { error: 'expected jaeger' }),
      port: z.int().min(1).max(65535).optional().describe(`default ${jaegerPort}`),
    })
    .optional()
    .describe("a query API that is asked after the run which of the run's spans are there"),
});

/** The namespace is the first one's unless it is written. */
export function toBackend(text: z.output<typeof backendSchema>, home: string): BackendSpec {
  const [kind = '', name = ''] = text.workload.split('/');
  const { witness } = text;
  return {
    namespace: text.namespace ?? home,
    // The schema has let nothing else through.
    workload: { kind: kind as BackendSpec['workload']['kind'], name },
    ...(text.service === undefined ? {} : { service: text.service }),
    ...(text.exporter === undefined ? {} : { exporter: text.exporter }),
    ...(witness === undefined ? {} : { witness: { api: witness.api, port: witness.port ?? jaegerPort } }),
  };
}
