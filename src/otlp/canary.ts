import type { Protocol, Signal } from '../base/signal.ts';
import { encodeJson } from './encode-json.ts';
import { encodeProtobuf } from './encode-protobuf.ts';
import { canaryStream, runKeys, seriesAttribute, seriesId, writeId, writeTraceId } from './item-id.ts';
import type { Field } from './message.ts';
import { attribute, double, fixed64, id, message, repeated, string, uint32 } from './message.ts';
import { frameMessage } from './template.ts';

export const canaryAttribute = 'squall.canary';
export const canaryIdAttribute = 'squall.canary.id';

/** What a canary's one item holds, by canary number: all of it must arrive as it was sent. */
export interface CanaryItem {
  traceId: string;
  spanId: string;
  seriesId: string;
  /** End, or the one time, ns since the epoch; no digit is 0, so that any truncation shows. */
  timeNs: bigint;
  startNs: bigint;
  value: number;
}

export interface CanaryRun {
  runId: string;
  /** ns since the Unix epoch, decimal. */
  epochNs: string;
}

/** Canary `number` of the run is the item (stream 65535, sequence number). */
export function canaryItem(run: CanaryRun, number: number): CanaryItem {
  const keys = runKeys(run.runId);
  const bytes = Buffer.alloc(24);
  writeTraceId(keys, canaryStream, number, bytes, 0);
  writeId(keys.span, canaryStream, number, bytes, 16);
  const epochNs = BigInt(run.epochNs);
  const timeNs = epochNs - (epochNs % 1_000_000_000n) + 123_456_789n + BigInt(number) * 1_000_000_000n;
  return {
    traceId: bytes.toString('hex', 0, 16),
    spanId: bytes.toString('hex', 16, 24),
    seriesId: seriesId(keys, canaryStream, number),
    timeNs,
    startNs: timeNs - 1_234_567n,
    value: 42.125,
  };
}

/** The export request of one canary, as exporters take bodies: gRPC's prefix, then the message. */
export function canaryBody(
  run: CanaryRun,
  canary: { signal: Signal; protocol: Protocol; number: number },
): Buffer {
  const fields = [canaryRequest(run, canary)];
  const encoded = canary.protocol === 'http/json' ? encodeJson(fields) : encodeProtobuf(fields);
  return frameMessage(encoded.bytes);
}

function canaryRequest(run: CanaryRun, canary: { signal: Signal; number: number }): Field {
  const item = canaryItem(run, canary.number);
  const resource = message(1, 'resource', [
    attribute(1, 'service.name', 'squall-canary'),
    attribute(1, 'service.namespace', 'squall'),
    attribute(1, 'squall.run.id', run.runId),
    attribute(1, canaryAttribute, true),
    attribute(1, canaryIdAttribute, String(canary.number)),
  ]);
  const scope = message(1, 'scope', [string(1, 'name', 'squall')]);
  switch (canary.signal) {
    case 'traces':
      return repeated(1, 'resourceSpans', [
        resource,
        repeated(2, 'scopeSpans', [scope, repeated(2, 'spans', spanFields(item))]),
      ]);
    case 'logs':
      return repeated(1, 'resourceLogs', [
        resource,
        repeated(2, 'scopeLogs', [scope, repeated(2, 'logRecords', logFields(item))]),
      ]);
    case 'metrics':
      return repeated(1, 'resourceMetrics', [
        resource,
        repeated(2, 'scopeMetrics', [scope, repeated(2, 'metrics', metricFields(item))]),
      ]);
  }
}

function spanFields(item: CanaryItem): Field[] {
  return [
    id(1, 'traceId', item.traceId),
    id(2, 'spanId', item.spanId),
    string(5, 'name', 'canary'),
    uint32(6, 'kind', 1),
    fixed64(7, 'startTimeUnixNano', item.startNs),
    fixed64(8, 'endTimeUnixNano', item.timeNs),
  ];
}

function logFields(item: CanaryItem): Field[] {
  return [
    fixed64(1, 'timeUnixNano', item.timeNs),
    uint32(2, 'severityNumber', 9),
    string(3, 'severityText', 'INFO'),
    message(5, 'body', [string(1, 'stringValue', 'canary')]),
    id(9, 'traceId', item.traceId),
    id(10, 'spanId', item.spanId),
    fixed64(11, 'observedTimeUnixNano', item.timeNs),
  ];
}

/** A gauge: processors that turn sums or histograms into something else leave it alone or show here. */
function metricFields(item: CanaryItem): Field[] {
  return [
    string(1, 'name', 'squall.canary'),
    message(5, 'gauge', [
      repeated(1, 'dataPoints', [
        fixed64(3, 'timeUnixNano', item.timeNs),
        double(4, 'asDouble', item.value),
        attribute(7, seriesAttribute, item.seriesId),
      ]),
    ]),
  ];
}
