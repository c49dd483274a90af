import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { protocols, signals } from '../../src/base/signal.ts';
import { startLoad } from '../../src/load/engine.ts';
import { computeLedger } from '../../src/observe/ledger.ts';
import { recordFile } from '../../src/observe/records.ts';
import { startSink } from '../../src/observe/sink.ts';
import type { Plan } from '../../src/plan/types.ts';
import { loadPlan, openEntry } from '../fixtures/load/plan.ts';
import { type Lie, lies } from '../fixtures/lying-pipeline.ts';
import { startLyingServer } from '../fixtures/lying-server.ts';
import {
  arrivalFields,
  compareLedger,
  loadSubject,
  nameItems,
  requestFields,
} from '../fixtures/planted-loss.ts';

const runs = 20;
/** Runs of one combination share the wall time: each is mostly waiting. */
const atOnce = 5;
/** Where an answer is held back on purpose; it has to be longer than a busy machine holds one back. */
const patienceMs = 6000;
const slowLies: readonly Lie[] = ['never-answer', 'answer-late'];
const src = new URL('../../src/', import.meta.url);

test.concurrent.each(protocols)(
  `the ledger is exact in ${runs} real runs of each signal over %s`,
  async (protocol) => {
    // Those that have to wait do so together.
    const inTurn = Array.from({ length: runs }, (_, seed) => seed).toSorted(
      (a, b) => Number(mayBeSlow(b)) - Number(mayBeSlow(a)),
    );
    for (let first = 0; first < runs; first += atOnce) {
      const seeds = inTurn.slice(first, first + atOnce);
      const wrong = await Promise.all(seeds.map((seed) => realRun({ seed, protocol })));
      expect(wrong).toEqual(seeds.map(() => []));
    }
  },
);

function mayBeSlow(seed: number): boolean {
  return seed % 4 === 0;
}

async function realRun(of: { seed: number; protocol: (typeof protocols)[number] }): Promise<string[]> {
  const { seed } = of;
  const plan = planOf(of);
  // Over HTTP/1.1 a connection that was opened and then reset says nothing: there is no way to have taken nothing.
  const told = lies.filter(
    (lie, i) =>
      (slowLies.includes(lie) ? mayBeSlow(seed) : (seed + i) % 3 !== 0) &&
      (of.protocol === 'grpc' || lie !== 'not-taken'),
  );
  const dir = mkdtempSync(join(tmpdir(), 'squall-planted-'));
  try {
    return await driveRun({ plan, seed, told, dir });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** An entry of each signal. */
function planOf({ seed, protocol }: Parameters<typeof realRun>[0]): Plan {
  const entries = signals.map((signal, i) =>
    openEntry({
      spec: {
        name: signal,
        signal,
        protocol,
        batch: 1 + (seed % 7) * 3,
        timeoutMs: mayBeSlow(seed) ? patienceMs : 60_000,
        maxInFlight: 2 + (seed % 5) * 4,
        connections: 2,
        compression: 'none',
        // Far from any delay that this machine can add: the sink and the pipeline stamp their own times.
        lateAfterMs: 60_000,
        retry: seed % 2 === 0 ? 'none' : { initialMs: 20, maxMs: 80, maxElapsedMs: 300 },
        shape: { itemBytes: 200, services: 2, series: 1 + seed, metricTypes: ['gauge', 'sum', 'histogram'] },
      },
      itemsPerS: 400 + seed * 10,
      durationMs: 500,
      streams: seed % 3 === 0 ? [2 * i + 1, 2 * i + 2] : [i + 1],
    }),
  );
  return loadPlan(entries, `real-${protocol}-${seed}`);
}

async function driveRun(of: { plan: Plan; seed: number; told: Lie[]; dir: string }): Promise<string[]> {
  const { plan, dir } = of;
  const arrivalsFile = join(dir, 'arrivals.bin');
  const sink = await startSink({
    plan,
    grpc: '127.0.0.1:0',
    http: '127.0.0.1:0',
    arrivalsFile,
    durable: false,
  });
  let t0Ns = 0;
  const server = await startLyingServer({
    seed: of.seed,
    lies: of.told,
    sink: { grpc: sink.grpc, http: sink.http, by: of.seed % 2 === 0 ? 'grpc' : 'http' },
    lateMs: patienceMs + 300,
    nowNs: () => systemClock.nowNs() - t0Ns,
  });
  const load = await startLoad({
    plan,
    endpoints: [{ member: 'liar', otlp: { grpc: server.grpc, http: server.http, headers: {} } }],
    evidenceDir: dir,
  });
  t0Ns = systemClock.nowNs();
  sink.go(t0Ns);
  load.go(t0Ns);
  await load.done;
  await load.close();
  await server.idle();
  await server.pipeline.flush();
  await sink.stop();
  await server.close();
  const requests = (plan.entries[0]?.streams ?? []).map((_, worker) =>
    recordFile(join(dir, `requests-${worker}.bin`), requestFields),
  );
  const result = computeLedger({
    plan,
    requests,
    arrivals: recordFile(arrivalsFile, arrivalFields),
    settled: true,
    expect: undefined,
    faults: [],
    reachNs: 0,
    hasSink: true,
  });
  const subject = loadSubject(src);
  const names = nameItems(subject, plan, 0);
  return compareLedger(result, {
    plan,
    pipeline: server.pipeline,
    names,
    settled: true,
    dueItems: Object.fromEntries(plan.entries.map(({ spec, items }) => [spec.name, items])),
  });
}
