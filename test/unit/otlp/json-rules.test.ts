import type { Field, Type } from 'protobufjs';
import { expect, test } from 'vitest';
import { signals } from '../../../src/base/signal.ts';
import { createBodies } from '../../../src/load/bodies.ts';
import { canaryBody } from '../../../src/otlp/canary.ts';
import { runKeys } from '../../../src/otlp/item-id.ts';
import { loadPlan, openEntry } from '../../fixtures/load/plan.ts';
import { requestType } from '../../fixtures/load/protobuf.ts';

/** Hex digits of the ids; every other field of bytes is base64. */
const idDigits: Record<string, number> = { traceId: 32, spanId: 16, parentSpanId: 16 };
/** Enumerations of the protocol, which our copy of its messages has as integers. */
const narrow = ['uint32', 'fixed32', 'int32', 'sint32', 'sfixed32', 'enum'];
const wide = ['int64', 'uint64', 'sint64', 'fixed64', 'sfixed64'];

/** Where a JSON value breaks the rules of OTLP/JSON (specification, "JSON Protobuf Encoding"). */
function breaches(value: unknown, type: Type, path: string): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path}: no object`];
  return Object.entries(value).flatMap(([key, inner]) => {
    const field = type.fields[key];
    const at = `${path}.${key}`;
    if (field === undefined) return [`${at}: no field of ${type.name} in lowerCamelCase`];
    if (!field.repeated) return breachesOf(inner, field, at);
    if (!Array.isArray(inner)) return [`${at}: no list`];
    return inner.flatMap((one, i) => breachesOf(one, field, `${at}[${i}]`));
  });
}

function breachesOf(value: unknown, field: Field, at: string): string[] {
  const { name, type, resolvedType } = field.resolve();
  if (resolvedType !== null && 'fields' in resolvedType) return breaches(value, resolvedType, at);
  const right = isRight(value, name, type);
  return right ? [] : [`${at}: ${JSON.stringify(value)} is no ${type}`];
}

function isRight(value: unknown, name: string, type: string): boolean {
  if (type === 'bytes')
    return typeof value === 'string' && new RegExp(`^[0-9a-f]{${idDigits[name]}}$`).test(value);
  if (wide.includes(type)) return typeof value === 'string' && /^-?(0|[1-9]\d*)$/.test(value);
  if (narrow.includes(type)) return Number.isInteger(value);
  if (type === 'double') return typeof value === 'number';
  if (type === 'bool') return typeof value === 'boolean';
  return type === 'string' && typeof value === 'string';
}

const shape = {
  itemBytes: 300,
  services: 4,
  series: 50,
  metricTypes: ['gauge' as const, 'sum' as const, 'histogram' as const, 'exponential-histogram' as const],
};

test.each(signals)(
  '%s in JSON keep the rules: ids in hex, 64-bit integers as text, enums as numbers, lowerCamelCase',
  (signal) => {
    const spec = { signal, protocol: 'http/json' as const, batch: 60, shape, resource: { 'ü "': '\u0000' } };
    const entry = openEntry({ spec, itemsPerS: 1000, durationMs: 1000 });
    const bodies = createBodies(loadPlan([entry]), entry, { stream: 1, keys: runKeys('run-1') });
    const bytes = bodies.make({ from: 600, count: 60, timeNs: 7 }).bytes.subarray(5);
    const text = bytes.toString('utf8');
    expect(text.isWellFormed()).toBe(true);
    expect(breaches(JSON.parse(text), requestType(signal), signal)).toEqual([]);
    const run = { runId: 'run-1', epochNs: '1700000000123456789' };
    const canary = canaryBody(run, { signal, protocol: 'http/json', number: 1 }).subarray(5).toString('utf8');
    expect(breaches(JSON.parse(canary), requestType(signal), signal)).toEqual([]);
  },
);

test('what breaks the rules is found', () => {
  const found = (span: object) =>
    breaches({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }, requestType('traces'), '').length;
  expect(found({ traceId: 'a'.repeat(32), kind: 3, startTimeUnixNano: '5' })).toBe(0);
  for (const span of [
    { traceId: 'AAAA' },
    { kind: 'SPAN_KIND_CLIENT' },
    { startTimeUnixNano: 5 },
    { trace_id: '' },
    { name: null },
  ])
    expect(found(span)).toBe(1);
});
