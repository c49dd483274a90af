import { constants, gzipSync } from 'node:zlib';
import { frameMessage, prefixBytes } from '../otlp/template.ts';

/** The fastest level: random ids hardly compress, and the generator must not be what is measured. */
const level = constants.Z_BEST_SPEED;

/** The body (prefix and message) with its message gzipped; gRPC's compressed flag is set. */
export function gzipBody(body: Buffer): Buffer {
  const framed = frameMessage(gzipSync(body.subarray(prefixBytes), { level }));
  framed[0] = 1;
  return framed;
}
