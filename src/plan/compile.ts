import type { ErrorParts } from '../base/errors.ts';
import { SquallError } from '../base/errors.ts';
import type { ExecutorSpec, FaultSpec, LoadSpec, Rate, Scenario } from '../scenario/types.ts';
import { findClashes } from './clashes.ts';
import { integrate, itemsBefore } from './integral.ts';
import type { EntryPlan, Pace, PaceSegment, Plan, PlannedFault } from './types.ts';
import { chooseWorkers, type PlanningMachine } from './workers.ts';

export interface CompileOptions {
  runId: string;
  seed: number;
  /** Wall clock of t = 0, ns since the epoch, in decimal digits. */
  epochNs: string;
  /** Load workers of entries that say nothing themselves, where `machine` is not given. */
  workers: number;
  /** Takes their number from what this machine can do; changes no item and no due time. */
  machine?: PlanningMachine;
}

/** Streams have 16 bits; 0 is none and 65535 is the canaries'. */
const streamsMax = 65534;
const nsPerMs = 1e6;
/** Distance of two points of a series when no clock sets the pace: 1 ms, the finest that common backends keep. */
const closedRoundNs = 1e6;

/** The timeline of a scenario. Pure: the same arguments give the same plan. Throws SquallError on clashes. */
export function compilePlan(scenario: Scenario, options: CompileOptions): Plan {
  const entries = Object.values(scenario.load).map((spec, index) =>
    compileEntry(spec, { index, seed: options.seed }),
  );
  const chosen = options.machine === undefined ? undefined : chooseWorkers(entries, options.machine);
  const faults = scenario.faults.map(planFault).toSorted((a, b) => a.startNs - b.startNs);
  reject([...tooManyStreams(entries.length), ...findClashes(faults)]);
  return {
    runId: options.runId,
    seed: options.seed,
    scenario: scenario.name,
    epochNs: options.epochNs,
    warmupNs: toNs(scenario.warmupMs),
    endNs: Math.max(0, ...entries.map((entry) => entry.endNs)),
    entries: entries.map((entry) => shareEntry(entry, chosen?.count ?? options.workers)),
    faults,
    slos: scenario.slos,
    ...(scenario.drill === undefined ? {} : { drill: scenario.drill }),
    ...(chosen === undefined ? {} : { workers: chosen }),
  };
}

function compileEntry(spec: LoadSpec, options: { index: number; seed: number }): EntryPlan {
  const { index, seed } = options;
  const pace = compilePace(spec, seed);
  const startNs = toNs(spec.startMs);
  const lengthNs = pace.kind === 'open' ? (pace.segments.at(-1)?.toNs ?? 0) : pace.maxDurationNs;
  return {
    spec,
    pace,
    startNs,
    endNs: startNs + lengthNs,
    items: pace.items,
    requests: Math.ceil(pace.items / pace.batch),
    streams: [index + 1],
    roundNs: pace.kind === 'open' ? roundNs({ spec, lengthNs, items: pace.items }) : closedRoundNs,
    stages: compileStages(spec.executor),
  };
}

/** Every worker has a request to send and a slot to send it in. */
function shareEntry(entry: EntryPlan, workers: number): EntryPlan {
  const { spec, requests } = entry;
  return { ...entry, workers: Math.max(1, Math.min(spec.workers ?? workers, spec.maxInFlight, requests)) };
}

/** A point goes to every series once per round: series / rate. */
function roundNs(entry: { spec: LoadSpec; lengthNs: number; items: number }): number {
  const { spec, lengthNs, items } = entry;
  return Math.max(1, Math.floor((spec.shape.series * lengthNs) / items));
}

/** The pace of one load entry; its seed is of the entry's name, so that another entry changes nothing in it. */
export function compilePace(spec: LoadSpec, seed: number): Pace {
  const { executor, batch } = spec;
  if (executor.kind === 'shared-iterations') {
    return { kind: 'closed', items: executor.items, batch, maxDurationNs: toNs(executor.maxDurationMs) };
  }
  const bare = executor.kind === 'constant-arrival-rate' ? steadySegment(executor) : rampSegments(executor);
  const before = itemsBefore(bare);
  const segments = bare.map((segment, index) => ({ ...segment, itemsBefore: before[index] ?? 0 }));
  const poisson = spec.arrivals === 'poisson' ? { poissonSeed: `${seed}/${spec.name}` } : {};
  return { kind: 'open', segments, items: integrate(bare).items, batch, ...poisson };
}

type BareSegment = Omit<PaceSegment, 'itemsBefore'>;

function steadySegment(executor: ExecutorSpec & { kind: 'constant-arrival-rate' }): BareSegment[] {
  const rate = perNs(executor.rate);
  return [{ fromNs: 0, toNs: toNs(executor.durationMs), startRate: rate, endRate: rate }];
}

/** Each stage goes in a straight line from the rate before to its own; one without length is a jump. */
function rampSegments(executor: ExecutorSpec & { kind: 'ramping-arrival-rate' }): BareSegment[] {
  const segments: BareSegment[] = [];
  let [rate, fromNs] = [perNs(executor.startRate), 0];
  for (const stage of executor.stages) {
    const endRate = perNs(stage.rate);
    const toStageNs = fromNs + toNs(stage.durationMs);
    if (toStageNs > fromNs) segments.push({ fromNs, toNs: toStageNs, startRate: rate, endRate });
    [rate, fromNs] = [endRate, toStageNs];
  }
  return segments;
}

function compileStages(executor: ExecutorSpec): EntryPlan['stages'] {
  if (executor.kind !== 'ramping-arrival-rate') return [];
  let fromNs = 0;
  return executor.stages.map((stage, index) => {
    const from = fromNs;
    fromNs += toNs(stage.durationMs);
    return { name: stage.name ?? String(index + 1), fromNs: from, toNs: fromNs };
  });
}

function planFault(spec: FaultSpec): PlannedFault {
  const startNs = toNs(spec.atMs);
  return {
    spec,
    startNs,
    ...(spec.durationMs === undefined ? {} : { endNs: startNs + toNs(spec.durationMs) }),
  };
}

function tooManyStreams(streams: number): ErrorParts[] {
  if (streams <= streamsMax) return [];
  return [
    {
      code: 'SQ-SCENARIO-INVALID',
      what: 'the scenario needs too many streams of items (one per load entry)',
      expected: `at most ${streamsMax}`,
      found: String(streams),
      next: 'use fewer load entries',
    },
  ];
}

function reject(parts: readonly ErrorParts[]): void {
  const [first, ...others] = parts;
  if (first !== undefined) throw new SquallError(first, { others });
}

function perNs(rate: Rate): { items: number; perNs: number } {
  return { items: rate.items, perNs: rate.perMs * nsPerMs };
}

function toNs(ms: number): number {
  return Math.round(ms * nsPerMs);
}
