import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { type Protocol, protocols } from '../base/signal.ts';
import { startLoad } from '../load/engine.ts';
import { startSink } from '../observe/sink.ts';
import type { Ceiling } from '../plan/ceiling.ts';
import type { EntryPlan, Plan } from '../plan/types.ts';

const batches = [100, 512];
/** Six cases with their starts and ends stay below 20 s. */
const caseMs = 2_300;
/** Compilers and connections have settled. */
const settledMs = 900;
const itemsMax = 1e9;
const itemBytes = 263;

/** Closed load of traces into squall's own sink on loopback, by protocol and batch: what this machine can do at most. */
export async function measureCeilings(onCeiling: (ceiling: Ceiling) => void): Promise<Ceiling[]> {
  const ceilings: Ceiling[] = [];
  for (const protocol of protocols) {
    for (const batch of batches) {
      const ceiling = { protocol, batch, itemsPerS: await measureCeiling(protocol, batch) };
      onCeiling(ceiling);
      ceilings.push(ceiling);
    }
  }
  return ceilings;
}

/** One case of it: items per second that were acknowledged. */
export function measureCeiling(protocol: Protocol, batch: number): Promise<number> {
  return measure(closedPlan(protocol, batch));
}

async function measure(plan: Plan): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), 'squall-bench-'));
  const loopback = '127.0.0.1:0';
  const arrivalsFile = join(dir, 'arrivals.bin');
  const sink = await startSink({ plan, grpc: loopback, http: loopback, arrivalsFile, durable: false });
  const seen: { atNs: number; items: number }[] = [];
  const load = await startLoad({
    plan,
    endpoints: [{ member: 'sink', otlp: { grpc: sink.grpc, http: sink.http, headers: {} } }],
    evidenceDir: dir,
    onProgress: ({ acknowledged }) => seen.push({ atNs: systemClock.nowNs(), items: acknowledged }),
  });
  try {
    const t0Ns = systemClock.nowNs();
    sink.go(t0Ns);
    load.go(t0Ns);
    await systemClock.sleep(caseMs);
    const settled = seen.filter(({ atNs }) => atNs >= t0Ns + settledMs * 1e6);
    const [first, last] = [settled[0], settled.at(-1)];
    load.stop();
    await load.done;
    if (first === undefined || last === undefined || last.atNs <= first.atNs) return 0;
    return ((last.items - first.items) / (last.atNs - first.atNs)) * 1e9;
  } finally {
    await load.close();
    await sink.stop();
    await rm(dir, { recursive: true });
  }
}

function closedPlan(protocol: Protocol, batch: number): Plan {
  const maxDurationMs = 60_000;
  const shape = { itemBytes, services: 3, series: 1, metricTypes: ['gauge' as const] };
  const entry: EntryPlan = {
    spec: {
      name: 'bench',
      signal: 'traces',
      executor: { kind: 'shared-iterations', items: itemsMax, maxDurationMs },
      startMs: 0,
      protocol,
      batch,
      compression: 'none',
      shape,
      arrivals: 'even',
      timeoutMs: 10_000,
      maxInFlight: 16,
      connections: 2,
      retry: 'none',
      lateAfterMs: 30_000,
      resource: {},
      tags: {},
    },
    pace: { kind: 'closed', items: itemsMax, batch, maxDurationNs: maxDurationMs * 1e6 },
    startNs: 0,
    endNs: maxDurationMs * 1e6,
    items: itemsMax,
    requests: Math.ceil(itemsMax / batch),
    streams: [1],
    roundNs: 1,
    stages: [],
  };
  const epochNs = String(BigInt(systemClock.wallMs()) * 1_000_000n);
  const { endNs } = entry;
  const none = { faults: [], slos: [] };
  return {
    runId: 'bench',
    seed: 1,
    scenario: 'bench',
    epochNs,
    warmupNs: 0,
    endNs,
    entries: [entry],
    ...none,
  };
}
