import type { Signal } from '../base/signal.ts';

/** Path of field numbers from an export request to its items: resource, scope, item. */
const itemPath = [1, 2, 2] as const;
/** Metric.data, one of gauge, sum, histogram, exponential histogram, summary; each has its points in field 1. */
const metricData = [5, 7, 9, 10, 11] as const;

/** Items of a protobuf export request; undefined when it is malformed. */
export function countProtobuf(signal: Signal, body: Buffer): number | undefined {
  let bodies: Buffer[] | undefined = [body];
  for (const number of itemPath) bodies = inside(bodies, [number]);
  if (signal !== 'metrics') return bodies?.length;
  return inside(inside(bodies, metricData), [1])?.length;
}

/** Items of a JSON export request; undefined when it is none. */
export function countJson(signal: Signal, text: string): number | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const [resources, scopes, items] = jsonNames[signal];
  const found = list(parsed, resources)
    .flatMap((resource) => list(resource, scopes))
    .flatMap((scope) => list(scope, items));
  if (signal !== 'metrics') return found.length;
  const kinds = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];
  return found.flatMap((metric) => kinds.flatMap((kind) => list(field(metric, kind), 'dataPoints'))).length;
}

/** One JSON request out of several. */
export function mergeJson(signal: Signal, texts: readonly string[]): string {
  const [resources] = jsonNames[signal];
  return JSON.stringify({ [resources]: texts.flatMap((text) => list(JSON.parse(text), resources)) });
}

const jsonNames = {
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
} as const satisfies Record<Signal, readonly [string, string, string]>;

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function list(value: unknown, name: string): unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}

function inside(messages: Buffer[] | undefined, numbers: readonly number[]): Buffer[] | undefined {
  const found: Buffer[] = [];
  for (const message of messages ?? []) if (!collect(message, numbers, found)) return undefined;
  return messages === undefined ? undefined : found;
}

/** Length-delimited fields of these numbers; false when the message is malformed. */
export function collect(message: Buffer, numbers: readonly number[], into: Buffer[]): boolean {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; at < message.length; scale *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return Number.NaN;
  };
  while (at < message.length) {
    const tag = varint();
    const wireType = tag % 8;
    const length =
      wireType === 1 ? 8 : wireType === 5 ? 4 : wireType === 0 || wireType === 2 ? varint() : Number.NaN;
    if (Number.isNaN(length)) return false;
    if (wireType === 0) continue;
    if (at + length > message.length) return false;
    if (wireType === 2 && numbers.includes(Math.floor(tag / 8))) into.push(message.subarray(at, at + length));
    at += length;
  }
  return true;
}
