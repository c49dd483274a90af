import { z } from 'zod';
import { ratioField } from '../base/fields.ts';
import { directionField, linkFault, linkFields, viaField } from './link-fault.ts';
import { linkRights } from './link-rights.ts';

const params = z.strictObject({
  ...linkFields,
  direction: directionField,
  via: viaField,
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
  rights: linkRights,
});
