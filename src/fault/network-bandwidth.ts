import { z } from 'zod';
import { byteRateField } from '../base/fields.ts';
import { directionField, linkFault, linkFields, viaField } from './link-fault.ts';
import { linkRights } from './link-rights.ts';

const params = z.strictObject({
  ...linkFields,
  direction: directionField,
  via: viaField,
  rate: byteRateField().describe('of the whole link, per direction, such as 2mbit'),
});

/** No more than so many bytes per second pass. */
export const networkBandwidth = linkFault<z.infer<typeof params>>({
  kind: 'network-bandwidth',
  summary: 'lets no more than a rate of bytes through a link',
  params,
  oneShot: false,
  targets: ['local', 'docker', 'kubernetes'],
  rights: linkRights,
  effectOf: ({ direction, rate }) => ({ kind: 'bandwidth', direction, bytesPerS: rate }),
});
