import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { protocols, type Signal, signals } from '../../../src/base/signal.ts';
import { sendCanary } from '../../../src/load/canary.ts';
import { startLoad } from '../../../src/load/engine.ts';
import { checkCanary } from '../../../src/otlp/canary-check.ts';
import { createDecoder } from '../../../src/otlp/decode.ts';
import { freePorts } from '../../../src/target/ports.ts';
import { decodedItems } from '../../fixtures/decoded.ts';
import { closedEntry, loadPlan } from '../../fixtures/load/plan.ts';
import { type RealCollector, startRealCollector } from '../../fixtures/real-collector.ts';

const otelcol = process.env.SQUALL_OTELCOL;
const why = otelcol === undefined ? ' (skipped: SQUALL_OTELCOL is not set)' : '';

let dir = '';
let collector: RealCollector | undefined;
let ports: number[] = [];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'squall-collector-'));
  ports = await freePorts(2);
});
afterEach(async () => {
  await collector?.stop();
  collector = undefined;
  rmSync(dir, { recursive: true });
});

/** A collector that writes what it takes, as OTLP/JSON, one request per line. */
async function startCollector(): Promise<void> {
  const pipelines = signals.map((s) => `    ${s}: {receivers: [otlp], exporters: [file/${s}]}`).join('\n');
  const files = signals.map((s) => `  file/${s}: {path: ${join(dir, `${s}.jsonl`)}}`).join('\n');
  const config = `receivers:
  otlp:
    protocols:
      grpc: {endpoint: '127.0.0.1:${ports[0]}'}
      http: {endpoint: '127.0.0.1:${ports[1]}'}
exporters:
${files}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
${pipelines}
`;
  collector = await startRealCollector({ binary: otelcol ?? '', dir, config, ports });
}

const linesOf = (signal: Signal) =>
  readFileSync(join(dir, `${signal}.jsonl`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Buffer.from(line));

const endpoint = () => ({
  member: 'collector',
  otlp: { grpc: `127.0.0.1:${ports[0]}`, http: `127.0.0.1:${ports[1]}`, headers: {} },
});

describe.skipIf(otelcol === undefined)(`load into a real collector${why}`, () => {
  test('three signals over three protocols, with and without gzip: all acknowledged, each item read back', async () => {
    await startCollector();
    const ways = signals.flatMap((signal) =>
      protocols.flatMap((protocol) =>
        (['none', 'gzip'] as const).map((c) => ({ signal, protocol, compression: c })),
      ),
    );
    const shape = {
      itemBytes: 263,
      services: 3,
      series: 90,
      metricTypes: ['gauge', 'sum', 'histogram', 'exponential-histogram'] as const,
    };
    const entries = ways.map((way, i) =>
      closedEntry({
        spec: {
          ...way,
          name: `load-${i}`,
          batch: 64,
          maxInFlight: 64,
          shape: { ...shape, metricTypes: [...shape.metricTypes] },
        },
        items: 1000,
        durationMs: 60_000,
        streams: [2 * i + 1, 2 * i + 2],
      }),
    );
    const plan = loadPlan(entries);
    const load = await startLoad({ plan, endpoints: [endpoint()], evidenceDir: dir });
    load.go(systemClock.nowNs());
    const { counts } = await load.done;
    await load.close();
    expect(counts).toMatchObject({ due: 18_000, acknowledged: 18_000, rejected: 0 });
    await collector?.stop(); // the exporter writes behind: this makes its files whole
    const decoder = createDecoder({
      runId: plan.runId,
      epochNs: plan.epochNs,
      streams: entries.flatMap((entry) =>
        entry.streams.map((stream) => ({
          stream,
          signal: entry.spec.signal,
          batch: 64,
          series: 90,
          startNs: 0,
          roundNs: entry.roundNs,
        })),
      ),
    });
    for (const signal of signals) {
      const seen = new Set<string>();
      for (const line of linesOf(signal)) {
        const items = decoder.decode(signal, 'json', line);
        expect(items.foreign).toBe(0);
        for (const { stream, sequence } of decodedItems(items)) seen.add(`${stream}/${sequence}`);
      }
      expect({ signal, distinct: seen.size }).toEqual({ signal, distinct: 6000 });
    }
  });

  test('canaries arrive unaltered', async () => {
    await startCollector();
    const run = { runId: 'run-1', epochNs: '1700000000123456789' };
    for (const signal of signals) {
      for (const [number, protocol] of protocols.entries()) {
        const outcome = await sendCanary({
          ...run,
          endpoint: endpoint(),
          signal,
          protocol,
          number,
          timeoutMs: 30_000,
        });
        expect(outcome).toMatchObject({ kind: 'acknowledged' });
      }
    }
    await collector?.stop(); // the exporter writes behind: this makes its files whole
    for (const signal of signals) {
      const found = linesOf(signal).flatMap((body) => checkCanary(run, { signal, encoding: 'json', body }));
      expect(found.toSorted((a, b) => a.canary.localeCompare(b.canary))).toEqual(
        protocols.map((_, number) => ({ canary: String(number), altered: [] })),
      );
    }
  });
});
