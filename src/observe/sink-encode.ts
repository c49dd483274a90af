/** The few messages that the sink answers with, written by hand: their fields are all that is needed of protobuf. */

/** google.rpc.Status {code = 1, message = 2, details = 3 [Any RetryInfo]}. */
export function encodeStatus(status: { grpc: number; message: string; retryDelayMs?: number }): Buffer {
  const parts = [varintField(1, status.grpc), bytesField(2, Buffer.from(status.message))];
  if (status.retryDelayMs !== undefined) parts.push(bytesField(3, retryInfo(status.retryDelayMs)));
  return Buffer.concat(parts);
}

/** The same in protobuf's JSON. */
export function statusJson(status: { grpc: number; message: string; retryDelayMs?: number }): string {
  const { retryDelayMs } = status;
  const details =
    retryDelayMs === undefined
      ? {}
      : { details: [{ '@type': retryInfoType, retryDelay: `${retryDelayMs / 1000}s` }] };
  return JSON.stringify({ code: status.grpc, message: status.message, ...details });
}

/** Export*ServiceResponse {partial_success = 1 {rejected = 1, error_message = 2}}; empty when nothing was rejected. */
export function encodeResponse(rejected: number): Buffer {
  if (rejected === 0) return Buffer.alloc(0);
  const message = Buffer.concat([varintField(1, rejected), bytesField(2, Buffer.from(partialMessage))]);
  return bytesField(1, message);
}

const rejectedNames = {
  traces: 'rejectedSpans',
  metrics: 'rejectedDataPoints',
  logs: 'rejectedLogRecords',
} as const;

export function responseJson(signal: keyof typeof rejectedNames, rejected: number): string {
  if (rejected === 0) return '{}';
  return JSON.stringify({
    partialSuccess: { [rejectedNames[signal]]: String(rejected), errorMessage: partialMessage },
  });
}

const partialMessage = 'partial success scripted by squall';
const retryInfoType = 'type.googleapis.com/google.rpc.RetryInfo';

/** Any {type_url = 1, value = 2}; RetryInfo {retry_delay = 1 Duration {seconds = 1, nanos = 2}}. */
function retryInfo(delayMs: number): Buffer {
  const seconds = Math.floor(delayMs / 1000);
  const nanos = Math.round((delayMs - seconds * 1000) * 1e6);
  const duration = Buffer.concat([varintField(1, seconds), varintField(2, nanos)]);
  return Buffer.concat([bytesField(1, Buffer.from(retryInfoType)), bytesField(2, bytesField(1, duration))]);
}

function varintField(field: number, value: number): Buffer {
  return value === 0 ? Buffer.alloc(0) : Buffer.from([field << 3, ...varint(value)]);
}

function bytesField(field: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...varint(value.length)]), value]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}
