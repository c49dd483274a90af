import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { VerdictWord } from '../../src/base/signal.ts';
import type { Report } from '../../src/report/types.ts';
import { countRaw, type RawCount } from '../fixtures/raw-count.ts';
import { expectVerdict, makePlace, noParts, readReportJson, squall } from '../fixtures/squall.ts';

interface Outcome {
  report: Report;
  raw: Record<'traces' | 'metrics' | 'logs', RawCount>;
  /** Ledger of the spans. */
  traces: NonNullable<Report['ledger']['traces']>;
  /** What the run is to say, if the generator had its share of this machine. */
  says(verdict: VerdictWord): void;
}

/** Runs a kept scenario in short form and checks what holds for each: the ledger is the raw count, faults were seen. */
async function run(file: string, sets: string[]): Promise<Outcome> {
  const place = makePlace();
  const out = join(place.dir, 'run');
  const args = [
    'run',
    `scenarios/${file}`,
    '--out',
    out,
    '--capture',
    ...sets.flatMap((set) => ['--set', set]),
  ];
  const ended = await squall(args, { env: place.env });
  const report = readReportJson(out);
  const raw = countRaw(join(out, 'evidence', 'capture.bin'), report.run.id);
  for (const [signal, counts] of Object.entries(report.ledger)) {
    const counted = raw[signal as keyof typeof raw];
    expect([signal, counts.delivered, counts.duplicated]).toEqual([
      signal,
      counted.distinct,
      counted.duplicated,
    ]);
    expect(counts.lost + counts.pending + (counts.filtered ?? 0)).toBe(
      counts.acknowledged + counts.recovered - counted.distinct,
    );
  }
  for (const fault of report.faults) {
    expect([fault.name, fault.effect, fault.verified]).toEqual([fault.name, fault.effect, true]);
    expect(fault.lost).toBeLessThanOrEqual(fault.predicted?.items ?? Number.NaN);
  }
  expect(ended.stderr).toContain(report.verdict.toUpperCase());
  const { traces } = report.ledger;
  if (traces === undefined) throw new Error('no ledger of traces');
  return { report, raw, traces, says: (wanted) => expectVerdict(report, ended, wanted) };
}

/** Latency is not judged here: this machine may be busy. */
const anyLatency = (...indices: number[]) => indices.map((i) => `slos.${i}.thresholds.0=p(95)<60s`);
const slower = ['warmup=1s', 'load.spans.rate=2000'];

/** Two at a time: each mostly waits. */
describe.skipIf(noParts !== '').concurrent(`kept scenarios on a real collector${noParts}`, () => {
  test('gateway-kill-durable: what was acknowledged survives SIGKILL on disk', async () => {
    const sets = [...slower, 'load.spans.duration=8s', 'faults.0.at=5150ms'];
    const { traces, report, says } = await run('gateway-kill-durable.yaml', sets);
    says('pass');
    expect([traces.lost, traces.pending]).toEqual([0, 0]);
    expect(report.faults[0]?.predicted?.items).toBe(0);
  });

  test('graceful-restart: says fail if and only if the raw capture lacks acknowledged items', async () => {
    const sets = [...slower, 'load.spans.duration=8s', 'faults.0.at=5s'];
    const { traces, raw, says } = await run('graceful-restart.yaml', sets);
    says(raw.traces.distinct < traces.acknowledged ? 'fail' : 'pass');
  });

  test('agent-gateway: what dies with the gateway was acknowledged to the agent', async () => {
    const sets = [...slower, ...anyLatency(1), 'load.spans.duration=8s', 'faults.0.at=5150ms'];
    const { traces, raw, report, says } = await run('agent-gateway.yaml', sets);
    says(raw.traces.distinct < traces.acknowledged ? 'fail' : 'pass');
    expect(report.counters.accepted).toBeLessThanOrEqual(traces.due + 1);
  });

  test('backend-outage: late but whole', async () => {
    const sets = [...slower, ...anyLatency(2), 'load.spans.duration=12s', 'faults.0.at=4s'];
    const { traces, says } = await run('backend-outage.yaml', sets);
    says('pass');
    expect(traces.undelivered).toBe(0);
  });

  test('partition: nothing lost, and what came twice is listed', async () => {
    const sets = [
      ...slower,
      ...anyLatency(1),
      'load.spans.duration=12s',
      'faults.0.at=3s',
      'faults.0.duration=6s',
    ];
    const { traces, says } = await run('partition.yaml', sets);
    says('pass');
    expect(traces.lost).toBe(0);
  });

  test('queue-overflow: exactly what the collector counts as not queued is lost', async () => {
    const sets = [...slower, 'load.spans.duration=15s', 'faults.0.at=3s', 'faults.0.duration=10s'];
    const { traces, report, says } = await run('queue-overflow.yaml', sets);
    says('fail');
    expect(traces.lost).toBeGreaterThan(0);
    expect(traces.lost).toBe(report.counters.enqueueFailed);
    const loss = report.findings.find(({ code }) => code === 'ITEMS-LOST');
    expect(loss?.sentence).toContain('outage');
  });

  test('memory-limiter: refuses, and loses nothing', async () => {
    // The fault comes well after the warmup: before:slow has to hold requests.
    const sets = ['warmup=1s', 'load.spans.duration=15s', 'faults.0.at=3s', 'faults.0.duration=9s'];
    const { traces, report, says } = await run('memory-limiter.yaml', sets);
    says('pass');
    expect(traces.lost).toBe(0);
    expect(report.counters.refused).toBeGreaterThan(0);
  });

  test('disk-full: a queue that cannot write refuses at the receiver', async () => {
    const times = ['faults.0.at=3s', 'faults.0.duration=10s', 'faults.1.at=6s', 'faults.1.duration=4s'];
    const sets = [...slower, ...anyLatency(2), 'load.spans.duration=15s', ...times];
    const { traces, report, says } = await run('disk-full.yaml', sets);
    says('pass');
    expect(traces.undelivered).toBe(0);
    expect(report.counters.refused).toBeGreaterThan(0);
  });

  test('certificate-expiry: clients wait it out', async () => {
    const times = ['faults.0.at=3s', 'faults.0.duration=4s'];
    const sets = [...slower, ...anyLatency(2), 'load.spans.duration=12s', ...times];
    const { traces, report, says } = await run('certificate-expiry.yaml', sets);
    says('pass');
    expect(traces.undelivered).toBe(0);
    expect(report.headline?.find(({ name }) => name === 'loss')?.agree).not.toBe(false);
  });

  test('all-signals: three protocols at once', async () => {
    const points = ['load.points.stages.0.duration=5s', 'load.points.stages.1.duration=5s'];
    const spans = ['load.spans.duration=10s', 'load.spans.rate=2000'];
    const logs = ['load.logs.duration=8s', 'load.logs.startTime=2s'];
    const sets = ['warmup=1s', ...anyLatency(0, 1, 2), ...points, ...spans, ...logs];
    const { report, says } = await run('all-signals.yaml', sets);
    says('pass');
    expect(Object.values(report.ledger).map(({ due, delivered }) => due - delivered)).toEqual([0, 0, 0]);
  });

  test('sampling: nine in ten are filtered, not lost', async () => {
    const sets = [...slower, ...anyLatency(0), 'load.spans.duration=8s', 'slos.1.thresholds.0=value>=1'];
    const { traces, says } = await run('sampling.yaml', sets);
    says('pass');
    expect(traces.lost).toBe(0);
    expect(traces.filtered).toBe(traces.acknowledged - traces.delivered);
  });

  test('ramp: a module, each of its stages a window', async () => {
    const short = [0, 1, 2, 3, 4, 5].map((i) => `load.spans.stages.${i}.duration=1500ms`);
    const { report, says } = await run('ramp.ts', ['warmup=1s', ...short, ...anyLatency(0, 1, 2)]);
    says('pass');
    const windows = report.slos.map(({ window }) => window);
    expect(windows).toEqual(expect.arrayContaining(['spans/at-2000', 'spans/at-5000', 'spans/at-10000']));
  });
});
