import type { Agent } from 'node:http';
import { SquallError } from '../base/errors.ts';
import { createPrometheus } from '../observe/prometheus.ts';
import { tunnelAgent } from '../observe/tunnel-agent.ts';
import type { PrometheusSpec } from '../scenario/types.ts';
import { mustHaveRights } from '../target/kubernetes-preflight.ts';
import { serviceRights } from '../target/kubernetes-rights.ts';
import { findService } from '../target/kubernetes-service.ts';
import { need, type Session } from './session.ts';

/** The Prometheus that the scenario names, at its address or behind its Service, once it has answered. */
export async function prometheusFound(session: Session, given: PrometheusSpec): Promise<void> {
  const { spec, agent } = await wayTo(session, given);
  const client = createPrometheus(spec, session.clock, agent);
  if (!(await client.ready(10_000))) {
    // Rejects with what it says or what stands in the way, such as a refused token or an unknown authority.
    await client.serverTimeMs();
    throw new SquallError({
      code: 'SQ-PROMETHEUS-UNREACHABLE',
      what: 'Prometheus does not answer its API within 10 s',
      where: spec.url,
      next: `curl -i ${spec.url}/-/ready`,
    });
  }
  session.prometheus = spec;
  if (agent !== undefined) session.prometheusAgent = agent;
}

/** Through the API server where it is behind a Service of the cluster; throws what the account lacks for it. */
async function wayTo(
  session: Session,
  given: PrometheusSpec,
): Promise<{ spec: PrometheusSpec; agent?: Agent }> {
  if (given.service === undefined) return { spec: given };
  const { place } = need(session, 'target');
  if (place === undefined) throw new Error('a Service is of a cluster, and the target is in none');
  await mustHaveRights(place.cluster, serviceRights(given.service.namespace));
  const { port, connect } = await findService(place.cluster, given.service);
  const url = new URL(given.url);
  url.port = String(port);
  const agent = tunnelAgent({ secure: url.protocol === 'https:', connect });
  return { spec: { ...given, url: url.href }, agent };
}
