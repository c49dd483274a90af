import type { Protocol, Signal } from '../base/signal.ts';
import { encodeProtobuf } from './encode-protobuf.ts';
import type { RunKeys } from './item-id.ts';
import type { Encoded } from './message.ts';
import { collectOffsets, patchIds, patchTimes, splitTime } from './patch.ts';
import type { Shape } from './shape-resource.ts';
import { traceRequest } from './shape-traces.ts';

/** gRPC's message prefix: a compression flag and a 32-bit length. Bodies have room for it at their front. */
export const prefixBytes = 5;

/** A request encoded once; per request only ids, times and values are written into a copy of its bytes. */
export interface Template {
  count: number;
  /** A new body: gRPC prefix, then the message. */
  copy(): Buffer;
  /** Makes the body the request whose first item is sequence `from` and whose items' time is `timeNs`. */
  patch(body: Buffer, from: number, timeNs: bigint): void;
}

export interface TemplateOptions {
  signal: Signal;
  protocol: Protocol;
  batch: number;
  stream: number;
  keys: RunKeys;
  shape: Shape;
}

/** The template of requests of `count` items, which begin at a multiple of the batch. */
export function createTemplate(options: TemplateOptions, count: number): Template {
  if (options.signal !== 'traces') throw new Error(`no shape for ${options.signal} yet`);
  const encoded = encodeProtobuf(traceRequest(options.shape, { batch: options.batch, count }));
  const master = withPrefix(encoded);
  const offsets = collectOffsets(
    encoded.slots.map(({ slot, at }) => ({ slot, at: at + prefixBytes })),
    count,
  );
  return {
    count,
    copy: () => Buffer.from(master),
    patch(body, from, timeNs) {
      patchIds(body, offsets, options, from);
      patchTimes(new DataView(body.buffer, body.byteOffset, body.length), offsets, splitTime(timeNs));
    },
  };
}

function withPrefix(encoded: Encoded): Buffer {
  const body = Buffer.alloc(prefixBytes + encoded.bytes.length);
  body.writeUInt32BE(encoded.bytes.length, 1);
  body.set(encoded.bytes, prefixBytes);
  return body;
}
