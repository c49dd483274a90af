import { z } from 'zod';
import { linkFault, linkFields } from './link-fault.ts';

const params = z.strictObject({ ...linkFields });

/** Every open connection of a link ends by RST, at both ends; new ones are let through. */
export const connectionReset = linkFault<z.infer<typeof params>>({
  kind: 'connection-reset',
  summary: 'resets every open connection of a link at once',
  params,
  oneShot: true,
  effectOf: () => ({ kind: 'reset' }),
});
