import type { Signal } from '../base/signal.ts';
import { canaryIdAttribute } from './canary.ts';
import { seriesAttribute } from './item-id.ts';
import { bytesField, bytesFields, protobufFields } from './protobuf-fields.ts';

/** A canary's resource as it stands in a request, with its items; fields that are absent are undefined. */
export interface CanarySeen {
  canary: string;
  items: SeenItem[];
}

export interface SeenItem {
  traceId?: string;
  spanId?: string;
  seriesId?: string;
  timeNs?: bigint;
  startNs?: bigint;
  value?: number;
}

/** The canaries of a protobuf request. Other resources are passed over. */
export function findCanaries(signal: Signal, body: Buffer): CanarySeen[] {
  const found: CanarySeen[] = [];
  for (const resource of bytesFields(body, 1)) {
    const canary = textAttribute(bytesField(resource, 1), 1, canaryIdAttribute);
    if (canary === undefined) continue;
    const items = bytesFields(resource, 2).flatMap((scope) => bytesFields(scope, 2));
    found.push({ canary, items: items.flatMap((item) => seenItems(signal, item)) });
  }
  return found;
}

function seenItems(signal: Signal, item: Buffer): SeenItem[] {
  if (signal === 'metrics') return seenPoints(item);
  const at = signal === 'traces' ? { trace: 1, span: 2, start: 7, time: 8 } : { trace: 9, span: 10, time: 1 };
  const start = at.start === undefined ? undefined : fixed64Field(item, at.start);
  return [
    {
      ...defined('traceId', bytesField(item, at.trace)?.toString('hex')),
      ...defined('spanId', bytesField(item, at.span)?.toString('hex')),
      ...defined('timeNs', fixed64Field(item, at.time)),
      ...defined('startNs', start),
    },
  ];
}

/** Points of a gauge (5) or a sum (7); attributes 7, time 3, as_double 4. Other kinds are not what was sent. */
function seenPoints(metric: Buffer): SeenItem[] {
  const data = bytesField(metric, 5) ?? bytesField(metric, 7);
  if (data === undefined) return [];
  return bytesFields(data, 1).map((point) => {
    const bits = fixed64Field(point, 4);
    return {
      ...defined('seriesId', textAttribute(point, 7, seriesAttribute)),
      ...defined('timeNs', fixed64Field(point, 3)),
      ...defined(
        'value',
        bits === undefined ? undefined : new Float64Array(BigUint64Array.of(bits).buffer)[0],
      ),
    };
  });
}

function fixed64Field(bytes: Buffer, number: number): bigint | undefined {
  for (const field of protobufFields(bytes)) {
    if (field.number === number && typeof field.value === 'bigint') return field.value;
  }
  return undefined;
}

/** String value of an attribute among the KeyValues at field `number`. */
function textAttribute(owner: Buffer | undefined, number: number, key: string): string | undefined {
  if (owner === undefined) return undefined;
  for (const pair of bytesFields(owner, number)) {
    if (bytesField(pair, 1)?.toString('utf8') === key)
      return bytesField(bytesField(pair, 2), 1)?.toString('utf8');
  }
  return undefined;
}

interface JsonObject {
  [key: string]: unknown;
}

const jsonNames = {
  traces: { resources: 'resourceSpans', scopes: 'scopeSpans', items: 'spans', time: 'endTimeUnixNano' },
  metrics: { resources: 'resourceMetrics', scopes: 'scopeMetrics', items: 'metrics', time: 'timeUnixNano' },
  logs: { resources: 'resourceLogs', scopes: 'scopeLogs', items: 'logRecords', time: 'timeUnixNano' },
} as const;

/** The canaries of a JSON request. Throws SyntaxError when it is not JSON. */
export function findJsonCanaries(signal: Signal, body: Buffer): CanarySeen[] {
  const names = jsonNames[signal];
  const found: CanarySeen[] = [];
  for (const resource of list(JSON.parse(body.toString('utf8')), names.resources)) {
    const canary = jsonAttribute(object(resource.resource), canaryIdAttribute);
    if (canary === undefined) continue;
    const items = list(resource, names.scopes).flatMap((scope) => list(scope, names.items));
    const points =
      signal === 'metrics' ? items.flatMap((item) => list(item.gauge ?? item.sum, 'dataPoints')) : items;
    found.push({ canary, items: points.map((item) => seenJsonItem(item, names.time)) });
  }
  return found;
}

function seenJsonItem(item: JsonObject, time: string): SeenItem {
  const text = (value: unknown) => (typeof value === 'string' ? value.toLowerCase() : undefined);
  const big = (value: unknown) => (/^\d+$/.test(String(value)) ? BigInt(String(value)) : undefined);
  return {
    ...defined('traceId', text(item.traceId)),
    ...defined('spanId', text(item.spanId)),
    ...defined('seriesId', jsonAttribute(item, seriesAttribute)),
    ...defined('timeNs', big(item[time])),
    ...defined('startNs', big(item.startTimeUnixNano)),
    ...defined('value', typeof item.asDouble === 'number' ? item.asDouble : undefined),
  };
}

function jsonAttribute(owner: JsonObject, key: string): string | undefined {
  const pair = list(owner, 'attributes').find((candidate) => candidate.key === key);
  const value = object(pair?.value).stringValue;
  return typeof value === 'string' ? value : undefined;
}

function list(owner: unknown, key: string): JsonObject[] {
  const value = object(owner)[key];
  return Array.isArray(value) ? value.map(object) : [];
}

function object(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}

function defined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}
