import { z } from 'zod';
import { durationField } from '../base/fields.ts';
import { directionField, linkFault, linkFields, viaField } from './link-fault.ts';
import { linkRights } from './link-rights.ts';

const params = z.strictObject({
  ...linkFields,
  direction: directionField,
  via: viaField,
  latency: durationField({ positive: true }).describe('added to each direction named'),
  jitter: durationField().default(0).describe('up to this much more or less, uniform; order is kept'),
});

/** Everything passes, later. */
export const networkDelay = linkFault<z.infer<typeof params>>({
  kind: 'network-delay',
  summary: 'delays everything on a link by a latency and a jitter',
  params,
  oneShot: false,
  targets: ['local', 'docker', 'kubernetes'],
  rights: linkRights,
  effectOf: ({ direction, latency, jitter }) => ({
    kind: 'delay',
    direction,
    latencyMs: latency,
    jitterMs: jitter,
  }),
});
