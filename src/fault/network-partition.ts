import { z } from 'zod';
import { directionField, linkFault, linkFields } from './link-fault.ts';
import { partitionRights } from './link-rights.ts';

const params = z.strictObject({
  ...linkFields,
  direction: directionField,
  via: z
    .enum(['agent', 'policy', 'chaos-mesh'])
    .default('agent')
    .describe(
      "who does it in a cluster: squall's agent on the node, the cluster's network by a NetworkPolicy " +
        '(which may leave open connections alone: then it has no effect), or Chaos Mesh where that is installed',
    ),
});

/** Nothing passes; connections stay open and are not told, as with a dropped packet. */
export const networkPartition = linkFault<z.infer<typeof params>>({
  kind: 'network-partition',
  summary: 'holds back everything on a link, in one direction or both, without closing connections',
  params,
  oneShot: false,
  // A network follows a policy in a moment, and a collector's batches come in gaps of seconds.
  effectWithinMs: 20_000,
  targets: ['local', 'docker', 'kubernetes'],
  rights: partitionRights,
  effectOf: ({ direction }) => ({ kind: 'partition', direction }),
});
