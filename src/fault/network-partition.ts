import { z } from 'zod';
import { agentRights } from './agent-rights.ts';
import { directionField, linkFault, linkFields } from './link-fault.ts';

const params = z.strictObject({ ...linkFields, direction: directionField });

/** Nothing passes; connections stay open and are not told, as with a dropped packet. */
export const networkPartition = linkFault<z.infer<typeof params>>({
  kind: 'network-partition',
  summary: 'holds back everything on a link, in one direction or both, without closing connections',
  params,
  oneShot: false,
  targets: ['local', 'docker', 'kubernetes'],
  rights: agentRights,
  effectOf: ({ direction }) => ({ kind: 'partition', direction }),
});
