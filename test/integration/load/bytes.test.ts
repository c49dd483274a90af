import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Protocol, protocols, type Signal, signals } from '../../../src/base/signal.ts';
import { createBodies } from '../../../src/load/bodies.ts';
import { runKeys } from '../../../src/otlp/item-id.ts';
import type { ShapeSpec } from '../../../src/scenario/types.ts';
import { freePorts } from '../../../src/target/ports.ts';
import { loadPlan, openEntry } from '../../fixtures/load/plan.ts';
import { decodeRequest } from '../../fixtures/load/protobuf.ts';
import { grpcPath, openGrpc, postHttp } from '../../fixtures/otlp-client.ts';
import { startRealCollector } from '../../fixtures/real-collector.ts';

const otelcol = process.env.SQUALL_OTELCOL;
const why = otelcol === undefined ? ' (skipped: SQUALL_OTELCOL is not set)' : '';
const batch = 23;

const shapes: { name: string; shape: ShapeSpec; resource: Record<string, string> }[] = [
  {
    name: 'as usual',
    shape: {
      itemBytes: 263,
      services: 3,
      series: 40,
      metricTypes: ['gauge', 'sum', 'histogram', 'exponential-histogram'],
    },
    resource: {},
  },
  ...(['gauge', 'sum', 'histogram', 'exponential-histogram'] as const).map((type) => ({
    name: `smallest, ${type}`,
    shape: { itemBytes: 0, services: 1, series: 1, metricTypes: [type] },
    resource: {},
  })),
  {
    name: 'large, with odd attributes',
    shape: { itemBytes: 9000, services: 9, series: 7, metricTypes: ['sum' as const, 'histogram' as const] },
    resource: { 'ü "\\': '\u0000\u2028 \ud83d\ude00 </script>', empty: '', 'service.name': 'own' },
  },
];

interface Sent {
  name: string;
  signal: Signal;
  protocol: Protocol;
  bytes: Buffer;
  /** The same request by protobufjs. */
  decoded: unknown;
}

/** For every signal, shape and protocol a full request from the middle of a stream and a short last one. */
function requests(): Sent[] {
  return signals.flatMap((signal) =>
    shapes.flatMap(({ name, shape, resource }) =>
      protocols.flatMap((protocol) =>
        [batch, 5].map((count) => {
          const bytesOf = (over: Protocol) => {
            const spec = { name, signal, protocol: over, batch, shape, resource };
            const entry = openEntry({ spec, itemsPerS: 1000, durationMs: 1000 });
            const bodies = createBodies(loadPlan([entry]), entry, { stream: 7, keys: runKeys('run-1') });
            return Buffer.from(
              bodies.make({ from: 11 * batch, count, timeNs: 123_456_789 }).bytes.subarray(5),
            );
          };
          const decoded = decodeRequest(signal, bytesOf('http/protobuf'));
          return {
            name: `${signal}, ${name}, ${protocol}, ${count}`,
            signal,
            protocol,
            bytes: bytesOf(protocol),
            decoded,
          };
        }),
      ),
    ),
  );
}

/** Fields of value zero may be written or left out; a field that is there twice as text and number is one. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([key, inner]): [string, unknown] => [key, plain(inner)]);
  const kept = fields.filter(([, inner]) => !isNothing(inner));
  return Object.fromEntries(kept.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function isNothing(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === 0 || value === '0' || value === '' || value === false;
}

/** All values of a key, however deep. */
function valuesOf(value: unknown, key: string): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(name === key && !isNothing(inner) ? [inner] : []),
    ...valuesOf(inner, key),
  ]);
}

const config = (dir: string, [grpc, http]: readonly number[]) => `receivers:
  otlp: {protocols: {grpc: {endpoint: '127.0.0.1:${grpc}'}, http: {endpoint: '127.0.0.1:${http}'}}}
exporters:
  debug: {verbosity: detailed}
${signals.map((signal) => `  file/${signal}: {path: ${join(dir, `${signal}.jsonl`)}}`).join('\n')}
service:
  telemetry: {metrics: {level: none}, logs: {sampling: {enabled: false}}}
  pipelines:
${signals.map((signal) => `    ${signal}: {receivers: [otlp], exporters: [file/${signal}, debug]}`).join('\n')}
`;

async function sendAll(all: readonly Sent[], [grpcPort, httpPort]: readonly number[]): Promise<number[]> {
  const grpc = openGrpc(`127.0.0.1:${grpcPort}`);
  const answers: number[] = [];
  for (const { signal, protocol, bytes } of all) {
    const type = protocol === 'http/json' ? 'application/json' : 'application/x-protobuf';
    answers.push(
      protocol === 'grpc'
        ? (await grpc.call({ path: grpcPath(signal), message: bytes })).grpc
        : (await postHttp({ address: `127.0.0.1:${httpPort}`, path: `/v1/${signal}`, body: bytes, type }))
            .http,
    );
  }
  grpc.close();
  return answers;
}

describe.skipIf(otelcol === undefined)(`what a real collector reads in our bytes${why}`, () => {
  test('its file exporter writes and its debug exporter prints what protobufjs decodes, for every signal, protocol and shape', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'squall-bytes-'));
    const ports = await freePorts(2);
    const collector = await startRealCollector({
      binary: otelcol ?? '',
      dir,
      config: config(dir, ports),
      ports,
    });
    const all = requests();
    try {
      expect([...new Set(await sendAll(all, ports))].toSorted()).toEqual([0, 200]);
    } finally {
      await collector.stop();
    }
    const printed = collector.log();
    const countIn = (pattern: RegExp) => [...printed.matchAll(pattern)].map((match) => match[1]).toSorted();
    for (const signal of signals) {
      const lines = readFileSync(join(dir, `${signal}.jsonl`), 'utf8')
        .trim()
        .split('\n');
      const sent = all.filter((one) => one.signal === signal);
      expect(lines).toHaveLength(sent.length);
      sent.forEach(({ name, decoded }, i) => {
        expect(plain(JSON.parse(lines[i] ?? '')), name).toEqual(plain(decoded));
      });
    }
    const decoded = all.map((one) => one.decoded);
    const spans = decoded.slice(0, all.filter(({ signal }) => signal === 'traces').length);
    expect(countIn(/^ {4}ID {13}: ([0-9a-f]{16})$/gm)).toEqual(valuesOf(spans, 'spanId').toSorted());
    expect(countIn(/^ {4}Parent ID {6}: ([0-9a-f]{16})$/gm)).toEqual(
      valuesOf(spans, 'parentSpanId').toSorted(),
    );
    const records = decoded.slice(-all.filter(({ signal }) => signal === 'logs').length);
    expect(countIn(/^Span ID: ([0-9a-f]{16})$/gm)).toEqual(valuesOf(records, 'spanId').toSorted());
    const points = decoded
      .slice(spans.length, -records.length)
      .flatMap((one) => valuesOf(one, 'dataPoints').flat());
    expect(countIn(/^(?:Number|Histogram|ExponentialHistogram)DataPoints? #(\d+)$/gm)).toHaveLength(
      points.length,
    );
    const series = points.flatMap((one) => valuesOf(one, 'attributes').flat());
    const ids = series
      .filter((one) => valuesOf([one], 'key')[0] === 'series.id')
      .flatMap((one) => valuesOf(one, 'stringValue'));
    expect(countIn(/^ +-> series\.id: Str\(([0-9a-f]{16})\)$/gm)).toEqual(ids.toSorted());
    rmSync(dir, { recursive: true });
  });
});
