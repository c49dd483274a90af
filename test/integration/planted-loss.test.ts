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
import { type Lie, type LyingPipeline, lies } from '../fixtures/lying-pipeline.ts';
import { startLyingServer } from '../fixtures/lying-server.ts';
import {
  arrivalFields,
  compareLedger,
  loadSubject,
  nameItems,
  requestFields,
} from '../fixtures/planted-loss.ts';

const runs = 20;
/** Runs share the wall time: each is mostly waiting. */
const atOnce = 15;
/** Where an answer is held back on purpose; it has to be longer than a busy machine holds one back. */
const leastPatienceMs = 6000;
const slowLies: readonly Lie[] = ['never-answer', 'answer-late'];
const src = new URL('../../src/', import.meta.url);

interface RealRun {
  seed: number;
  protocol: (typeof protocols)[number];
  patienceMs: number;
}

test(`the ledger is exact in ${runs} real runs of each signal over each protocol`, async () => {
  const all = protocols.flatMap((protocol) =>
    Array.from({ length: runs }, (_, seed) => ({ seed, protocol })),
  );
  // Those that have to wait do so together, and last: how long this machine takes for one in no hurry is known by then.
  const inTurn = all.toSorted((a, b) => Number(mayBeSlow(a.seed)) - Number(mayBeSlow(b.seed)));
  const wrong: Record<string, string[]> = {};
  let patienceMs = leastPatienceMs;
  for (let first = 0; first < inTurn.length; first += atOnce) {
    const together = inTurn.slice(first, first + atOnce);
    const fromNs = systemClock.nowNs();
    // Starting takes seconds of CPU, which would be missing where one waits for answers: none sends before all are up.
    const ready = await Promise.all(together.map((run) => prepareRun({ ...run, patienceMs })));
    await Promise.all(
      ready.map(async (drive, i) => {
        wrong[`${together[i]?.protocol} ${together[i]?.seed}`] = await drive();
      }),
    );
    patienceMs = Math.max(patienceMs, (systemClock.nowNs() - fromNs) / 1e6);
  }
  expect(Object.keys(wrong)).toHaveLength(all.length);
  expect(Object.entries(wrong).filter(([, words]) => words.length > 0)).toEqual([]);
});

function mayBeSlow(seed: number): boolean {
  return seed % 4 === 0;
}

/** An entry of each signal; few requests where answers are held back, so that reading them takes no part of the patience. */
function planOf({ seed, protocol, patienceMs }: RealRun): Plan {
  const batch = 1 + (seed % 7) * 3;
  const itemsPerS = 400 + seed * 10;
  const entries = signals.map((signal, i) =>
    openEntry({
      spec: {
        name: signal,
        signal,
        protocol,
        batch,
        timeoutMs: mayBeSlow(seed) ? patienceMs : 600_000,
        maxInFlight: 2 + (seed % 5) * 4,
        connections: 2,
        compression: 'none',
        // Far from any delay that this machine can add: the sink and the pipeline stamp their own times.
        lateAfterMs: 600_000,
        retry: seed % 2 === 0 ? 'none' : { initialMs: 20, maxMs: 80, maxElapsedMs: 300 },
        shape: { itemBytes: 200, services: 2, series: 1 + seed, metricTypes: ['gauge', 'sum', 'histogram'] },
      },
      itemsPerS: mayBeSlow(seed) ? Math.min(itemsPerS, 40 * batch) : itemsPerS,
      durationMs: 500,
      streams: seed % 3 === 0 ? [2 * i + 1, 2 * i + 2] : [i + 1],
    }),
  );
  return loadPlan(entries, `real-${protocol}-${seed}`);
}

/** Starts all parts of a run; what it gives sends the load and says where the ledger differs from the truth. */
async function prepareRun(of: RealRun): Promise<() => Promise<string[]>> {
  const plan = planOf(of);
  const dir = mkdtempSync(join(tmpdir(), 'squall-planted-'));
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
    lies: liesOf(of),
    sink: { grpc: sink.grpc, http: sink.http, by: of.seed % 2 === 0 ? 'grpc' : 'http' },
    lateMs: of.patienceMs + 300,
    nowNs: () => systemClock.nowNs() - t0Ns,
  });
  const load = await startLoad({
    plan,
    endpoints: [{ member: 'liar', otlp: { grpc: server.grpc, http: server.http, headers: {} } }],
    evidenceDir: dir,
  });
  return async () => {
    t0Ns = systemClock.nowNs();
    sink.go(t0Ns);
    load.go(t0Ns);
    await load.done;
    await load.close();
    await server.idle();
    await server.pipeline.flush();
    await sink.stop();
    await server.close();
    const wrong = differences({ plan, dir, arrivalsFile, pipeline: server.pipeline });
    rmSync(dir, { recursive: true });
    return wrong;
  };
}

function liesOf({ seed, protocol }: RealRun): Lie[] {
  // Over HTTP/1.1 a connection that was opened and then reset says nothing: there is no way to have taken nothing.
  return lies.filter(
    (lie, i) =>
      (slowLies.includes(lie) ? mayBeSlow(seed) : (seed + i) % 3 !== 0) &&
      (protocol === 'grpc' || lie !== 'not-taken'),
  );
}

function differences(of: {
  plan: Plan;
  dir: string;
  arrivalsFile: string;
  pipeline: LyingPipeline;
}): string[] {
  const { plan, dir, arrivalsFile, pipeline } = of;
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
  return compareLedger(result, {
    plan,
    pipeline,
    names: nameItems(loadSubject(src), plan, 0),
    settled: true,
    dueItems: Object.fromEntries(plan.entries.map(({ spec, items }) => [spec.name, items])),
  });
}
