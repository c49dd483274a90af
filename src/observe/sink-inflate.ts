import { gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';

/** Cap on a request's size before and after decompression (opentelemetry-proto #782 recommends 64 MiB for both). */
export const requestBytesMax = 64 * 1024 * 1024;

export type Inflated =
  | { kind: 'bytes'; bytes: Uint8Array }
  | { kind: 'too-large' }
  | { kind: 'unsupported' }
  | { kind: 'malformed' };

type Inflater = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;
const inflaters = new Map<string, Inflater>([
  ['gzip', gunzipSync],
  ['deflate', inflateSync],
  ['zstd', zstdDecompressSync],
]);

/** Undoes a content encoding; never holds more than the cap, whatever the bytes say of themselves. */
export function inflate(bytes: Uint8Array, encoding: string | undefined): Inflated {
  if (encoding === undefined || encoding === '' || encoding === 'identity') return { kind: 'bytes', bytes };
  const inflater = inflaters.get(encoding);
  if (inflater === undefined) return { kind: 'unsupported' };
  try {
    return { kind: 'bytes', bytes: inflater(bytes, { maxOutputLength: requestBytesMax }) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return { kind: code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'malformed' };
  }
}
