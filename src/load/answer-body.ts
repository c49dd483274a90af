import { gunzipSync } from 'node:zlib';
import { bytesField, bytesFields, protobufFields } from '../otlp/protobuf-fields.ts';

const nothing = Buffer.alloc(0);
const answerBytesMax = 4 * 1024 * 1024;

/**
 * The one message of a unary gRPC answer; empty when it is malformed, as an empty answer is a plain success.
 * `encoding` is its grpc-encoding.
 */
export function readSingleMessage(chunks: readonly Buffer[], encoding: string | undefined): Buffer {
  const [first] = chunks;
  const bytes = first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks);
  if (bytes.length <= 5) return nothing;
  const message = bytes.subarray(5, 5 + bytes.readUInt32BE(1));
  if (bytes[0] === 0) return message;
  return encoding === 'gzip' ? gunzipAnswer(message) : nothing;
}

/** The body of an HTTP answer; empty when it is in an encoding other than gzip or does not decode. */
export function readEncodedBody(bytes: Buffer, encoding: string | undefined): Buffer {
  if (encoding === undefined || encoding === 'identity' || bytes.length === 0) return bytes;
  return encoding === 'gzip' ? gunzipAnswer(bytes) : nothing;
}

function gunzipAnswer(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: answerBytesMax });
  } catch {
    return nothing; // the status has been read: what cannot be decoded adds nothing to it
  }
}

export interface PartialSuccess {
  rejected: number;
  message: string;
}

/** Export*ServiceResponse {partial_success = 1 {rejected = 1 int64, error_message = 2}}: alike for all signals. */
export function readPartialSuccess(bytes: Buffer): PartialSuccess {
  if (bytes.length === 0) return { rejected: 0, message: '' };
  const partial = bytesField(bytes, 1) ?? Buffer.alloc(0);
  let rejected = 0;
  for (const { number, value } of protobufFields(partial)) {
    if (number === 1 && typeof value === 'number') rejected = value;
  }
  return { rejected, message: bytesField(partial, 2)?.toString('utf8') ?? '' };
}

/** retry_delay of a google.rpc.RetryInfo among the details of a google.rpc.Status in base64, in ms. */
export function readRetryDelayMs(statusBase64: string | undefined): number | undefined {
  if (statusBase64 === undefined) return undefined;
  for (const detail of bytesFields(Buffer.from(statusBase64, 'base64'), 3)) {
    if (!bytesField(detail, 1)?.toString().endsWith('google.rpc.RetryInfo')) continue;
    return durationMs(bytesField(bytesField(detail, 2), 1) ?? Buffer.alloc(0));
  }
  return undefined;
}

/** google.protobuf.Duration {seconds = 1, nanos = 2}. */
function durationMs(duration: Buffer): number {
  let ms = 0;
  for (const { number, value } of protobufFields(duration)) {
    if (typeof value === 'number') ms += number === 1 ? value * 1000 : number === 2 ? value / 1e6 : 0;
  }
  return ms;
}

const rejectedNames = ['rejectedSpans', 'rejectedDataPoints', 'rejectedLogRecords'];

/** The same in JSON, where the count is a decimal string or a number. Nothing rejected when it is not JSON. */
export function readJsonPartialSuccess(text: string): PartialSuccess {
  const partial = (parseObject(text).partialSuccess ?? {}) as Record<string, unknown>;
  const rejected = rejectedNames.map((name) => Number(partial[name] ?? 0)).find((count) => count > 0) ?? 0;
  return { rejected, message: String(partial.errorMessage ?? '') };
}

/** `message` of a google.rpc.Status in either encoding, for people; the start of the text where it is neither. */
export function readStatusMessage(bytes: Buffer, contentType: string): string {
  if (contentType.includes('protobuf')) return bytesField(bytes, 2)?.toString('utf8') ?? '';
  const text = bytes.toString('utf8');
  return String(parseObject(text).message ?? text.slice(0, 200).trim());
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // not JSON: an answer without a body we can read
  }
}

/** Retry-After in either form: seconds, or an HTTP date; ms from now, undefined when it is absent or neither. */
export function readRetryAfterMs(value: string | undefined, wallMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const dateMs = Date.parse(value);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - wallMs);
}
