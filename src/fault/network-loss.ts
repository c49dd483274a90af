import { z } from 'zod';
import { ratioField } from '../base/fields.ts';
import { agentRights } from './agent-rights.ts';
import { directionField, linkFault, linkFields } from './link-fault.ts';

const params = z.strictObject({
  ...linkFields,
  direction: directionField,
  loss: ratioField().describe('share of the packets that is lost, such as 5%'),
});

/** Packets are lost at random; TCP sends them again, later and slower. */
export const networkLoss = linkFault<z.infer<typeof params>>({
  kind: 'network-loss',
  summary: 'loses a share of the packets of a link at random',
  params,
  oneShot: false,
  effectOf: ({ direction, loss }) => ({ kind: 'loss', direction, ratio: loss }),
  targets: ['kubernetes'],
  rights: agentRights,
});
