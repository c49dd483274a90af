import type { IncomingHttpHeaders } from 'node:http2';
import { gunzipSync } from 'node:zlib';

const answerBytesMax = 4 * 1024 * 1024;

/** The one message of a unary gRPC answer; empty when it is malformed, as an empty answer is a plain success. */
export function readSingleMessage(chunks: readonly Buffer[], head: IncomingHttpHeaders): Buffer {
  const bytes = Buffer.concat(chunks);
  if (bytes.length < 5) return Buffer.alloc(0);
  const message = bytes.subarray(5, 5 + bytes.readUInt32BE(1));
  if (bytes[0] === 0) return message;
  return head['grpc-encoding'] === 'gzip'
    ? gunzipSync(message, { maxOutputLength: answerBytesMax })
    : Buffer.alloc(0);
}

export interface PartialSuccess {
  rejected: number;
  message: string;
}

/** Export*ServiceResponse {partial_success = 1 {rejected = 1 int64, error_message = 2}}: alike for all signals. */
export function readPartialSuccess(bytes: Buffer): PartialSuccess {
  const result: PartialSuccess = { rejected: 0, message: '' };
  for (const outer of protobufFields(bytes)) {
    if (outer.number !== 1 || typeof outer.value === 'number') continue;
    for (const inner of protobufFields(outer.value)) {
      if (inner.number === 1 && typeof inner.value === 'number') result.rejected = inner.value;
      if (inner.number === 2 && typeof inner.value !== 'number')
        result.message = inner.value.toString('utf8');
    }
  }
  return result;
}

/** retry_delay of a google.rpc.RetryInfo among the details of a google.rpc.Status in base64, in ms. */
export function readRetryDelayMs(statusBase64: string | undefined): number | undefined {
  if (statusBase64 === undefined) return undefined;
  return statusRetryDelayMs(Buffer.from(statusBase64, 'base64'));
}

export function statusRetryDelayMs(status: Buffer): number | undefined {
  for (const detail of protobufFields(status)) {
    if (detail.number !== 3 || typeof detail.value === 'number') continue;
    const any = [...protobufFields(detail.value)];
    const type = any.find((field) => field.number === 1)?.value;
    const value = any.find((field) => field.number === 2)?.value;
    if (!(type instanceof Buffer) || !type.toString().endsWith('google.rpc.RetryInfo')) continue;
    return value instanceof Buffer ? durationMs(value) : 0;
  }
  return undefined;
}

function durationMs(retryInfo: Buffer): number {
  let ms = 0;
  for (const delay of protobufFields(retryInfo)) {
    if (delay.number !== 1 || typeof delay.value === 'number') continue;
    for (const part of protobufFields(delay.value)) {
      if (typeof part.value !== 'number') continue;
      ms += part.number === 1 ? part.value * 1000 : part.number === 2 ? part.value / 1e6 : 0;
    }
  }
  return ms;
}

/** Fields of a small message: varints as numbers, length-delimited ones as bytes; ends at the first malformed byte. */
function* protobufFields(bytes: Buffer): Generator<{ number: number; value: number | Buffer }> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    at = Number.POSITIVE_INFINITY;
    return 0;
  };
  while (at < bytes.length) {
    const tag = varint();
    const wireType = tag & 7;
    if (wireType === 0) yield { number: Math.floor(tag / 8), value: varint() };
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else if (wireType === 2) {
      const length = varint();
      yield { number: Math.floor(tag / 8), value: bytes.subarray(at, at + length) };
      at += length;
    } else return;
  }
}
