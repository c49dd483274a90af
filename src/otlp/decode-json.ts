import type { Signal } from '../base/signal.ts';
import { takeIds } from './decode-ids.ts';
import { takePoint } from './decode-point.ts';
import { type DecodeState, viewOf } from './decode-state.ts';
import { MalformedRequest } from './decode-wire.ts';

/**
 * Items of an export request in OTLP's JSON (lowerCamelCase, ids in hex, 64-bit integers as decimal text). JSON is read
 * as a whole: it is not the fast way, neither for senders nor here.
 */
export function decodeJson(state: DecodeState, signal: Signal, body: Uint8Array): void {
  const root = parse(body);
  const names = fieldNames[signal];
  for (const resource of list(root, names.resources)) {
    const canary = list(record(resource)?.resource ?? {}, 'attributes').some(isCanary);
    if (canary) state.items.canary = true;
    for (const scope of list(resource, names.scopes)) {
      for (const item of list(scope, names.items)) {
        if (canary) continue;
        if (signal === 'metrics') takeMetric(state, item);
        else takeItem(state, signal, item);
      }
    }
  }
}

const fieldNames = {
  traces: { resources: 'resourceSpans', scopes: 'scopeSpans', items: 'spans' },
  metrics: { resources: 'resourceMetrics', scopes: 'scopeMetrics', items: 'metrics' },
  logs: { resources: 'resourceLogs', scopes: 'scopeLogs', items: 'logRecords' },
} as const;

const metricKinds = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const;

function parse(body: Uint8Array): unknown {
  let root: unknown;
  try {
    root = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch (cause) {
    throw new MalformedRequest('the body is not JSON', { cause });
  }
  if (record(root) === undefined) throw new MalformedRequest('the body is not a JSON object');
  return root;
}

function record(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as Record<string, unknown>;
}

/** The array under `name`; absent and null are empty, as protobuf's JSON mapping has it. */
function list(value: unknown, name: string): unknown[] {
  const found = record(value);
  if (found === undefined) throw new MalformedRequest(`an object with ${name} was expected`);
  const array = found[name];
  if (array === undefined || array === null) return [];
  if (!Array.isArray(array)) throw new MalformedRequest(`${name} is not an array`);
  return array;
}

function isCanary(attribute: unknown): boolean {
  return record(attribute)?.key === 'squall.canary';
}

const ids = new Uint8Array(24);
const idsView = viewOf(ids);

function takeItem(state: DecodeState, signal: 'traces' | 'logs', item: unknown): void {
  const fields = record(item);
  if (fields === undefined) throw new MalformedRequest('an item is not an object');
  const text = `${fields.traceId}${fields.spanId}`;
  if (String(fields.traceId).length === 32 && /^[0-9a-fA-F]{48}$/.test(text)) {
    ids.set(Buffer.from(text, 'hex'));
    state.view = idsView;
    takeIds(state, signal, 0, 16);
  } else state.items.foreign++;
}

function takeMetric(state: DecodeState, metric: unknown): void {
  for (const kind of metricKinds) {
    const data = record(metric)?.[kind];
    if (data === undefined || data === null) continue;
    for (const point of list(data, 'dataPoints')) takeJsonPoint(state, point);
  }
}

/** 8 bytes of time, 16 of series digits. */
const pointBytes = Buffer.alloc(24);
const pointView = viewOf(pointBytes);

function takeJsonPoint(state: DecodeState, point: unknown): void {
  const series = list(point, 'attributes').find((attribute) => record(attribute)?.key === 'series.id');
  const digits = record(record(series)?.value)?.stringValue;
  const seriesAt = typeof digits === 'string' && /^[0-9a-fA-F]{16}$/.test(digits) ? 8 : -1;
  if (seriesAt > 0) pointBytes.write(String(digits), 8, 'latin1');
  const time = String(record(point)?.timeUnixNano);
  const timeAt = /^\d{1,19}$/.test(time) ? 0 : -1;
  if (timeAt === 0) pointBytes.writeBigUInt64LE(BigInt(time), 0);
  state.view = pointView;
  takePoint(state, pointBytes, timeAt, seriesAt);
}
