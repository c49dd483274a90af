import { random } from '../base/random.ts';
import { noiseOf } from './confidence.ts';
import { type Cell, cellsOf, type Effect, effectsOf, type Factor, setsOf } from './factorial.ts';
import { climb, holds, ladderTrials } from './ladder.ts';
import { type State, Stop, take, whole } from './search-state.ts';
import { type Sizing, type SizingInput, sizeReplicas } from './sizing.ts';
import type { Bounds, SearchResult, SearchSettings, TrialOrder, TrialOutcome } from './types.ts';
import { fitUsl, type Usl } from './usl.ts';

/** What is looked at once a capacity is confirmed. */
export interface StudySettings {
  /** Replicas of the scenario itself. */
  pods: number;
  /** Further numbers of replicas, for how the capacity grows with them. */
  replicas: readonly number[];
  /** As many replicas as can be run here, and why. */
  podsMax: number;
  podsReason: string;
  /** Faults of the scenario under which the capacity is looked for, and on how many replicas. */
  faults: readonly { fault: string; replicas?: number }[];
  factors: readonly Factor[];
  /** What replicas are for. */
  sizing?: Omit<SizingInput, 'capacityPerS' | 'law'>;
}

export interface Scaling extends Bounds {
  pods: number;
  /** Of what as many single ones carry. */
  efficiency: [number, number];
}

export interface CellResult {
  sets: string[];
  status: TrialOutcome['status'];
  cpuSPerMillion?: number;
  p99Ms?: number;
}

/** Filled as the trials end. Rates are items per second. */
export interface StudyResult {
  scaling: Scaling[];
  /** Fitted to the lower and to the upper bounds; only where replicas carry clearly less than as many single ones. */
  usl: { low: Usl; high: Usl } | null;
  sizing: Sizing | null;
  /** passed: as many replicas as sized were shown to carry the peak. */
  demand: { pods: number; ratePerS: number; passed: boolean } | null;
  /** Why there was no demand trial. */
  demandReason: string;
  /** Beside what as many carry when nothing is wrong. */
  underFault: (Bounds & { fault: string; pods: number; healthyPerS: number })[];
  factors: { ratePerS: number; cells: CellResult[]; effects: Effect[] } | null;
  /** The settings that the effects choose, and what they carry. */
  best: (Bounds & { sets: string[] }) | null;
  /** Why it ended early; empty when it did not. */
  ended: string;
}

/** Below this share of perfect growth the law of scaling is asked. */
const efficiencyMin = 0.9;
/** Share of the capacity at which settings are compared: CPU per item says little where the quota cuts it off. */
const compareShare = 0.7;
const stepDown = { replicas: 0.9, fault: 0.5 };

export function freshStudy(): StudyResult {
  return {
    scaling: [],
    usl: null,
    sizing: null,
    demand: null,
    demandReason: '',
    underFault: [],
    factors: null,
    best: null,
    ended: '',
  };
}

/** Trials of a study if every first one passes, and at most. */
export function studyTrials(study: StudySettings): { least: number; most: number } {
  const ladders = study.replicas.filter((pods) => pods <= study.podsMax).length + study.faults.length;
  const factors = study.factors.length === 0 ? 0 : cellsOf(study.factors.length).length;
  const demand = study.sizing === undefined ? 0 : 1;
  const best = factors === 0 ? 0 : ladderTrials;
  return { least: ladders + factors + demand, most: ladders * ladderTrials + factors + demand + best };
}

/** Fills `into` by trials beyond the search's own; each part in the order in which it needs the one before. */
export function* runStudy(
  settings: SearchSettings,
  study: StudySettings,
  given: { found: SearchResult; outcomes: readonly TrialOutcome[]; into: StudyResult },
): Generator<TrialOrder, void, TrialOutcome> {
  const { found, into } = given;
  // Every trial may take twice its time, and be tried again.
  const budgetS = studyTrials(study).most * 2 * (6 * settings.fullS + settings.overheadS);
  const state: State = {
    settings: { ...settings, budgetS },
    outcomes: [...given.outcomes],
    spentS: 0,
    steer: { lowerPerS: 0, upperPerS: Number.POSITIVE_INFINITY },
    confirmation: null,
  };
  const onePerS = found.lowerPerS / study.pods;
  try {
    yield* scale(state, study, { onePerS, into });
    yield* demand(state, study, { onePerS, into });
    yield* strike(state, study, { onePerS, into });
    yield* compare(state, study, { lowerPerS: found.lowerPerS, into });
  } catch (stop) {
    if (!(stop instanceof Stop)) throw stop;
    into.ended = stop.reason;
  }
}

/** How the capacity grows: as many times that of one is tried first. */
function* scale(
  state: State,
  { replicas, podsMax }: StudySettings,
  { onePerS, into }: { onePerS: number; into: StudyResult },
): Generator<TrialOrder, void, TrialOutcome> {
  for (const pods of replicas.filter((count) => count <= podsMax)) {
    const topPerS = pods * onePerS;
    const variant = { name: `${pods} replicas`, pods };
    const bounds = yield* climb(state, { variant, topPerS, step: stepDown.replicas });
    const efficiency: [number, number] = [bounds.lowerPerS / topPerS, bounds.upperPerS / topPerS];
    into.scaling.push({ pods, ...bounds, efficiency });
  }
  const fitted = into.scaling.filter(({ lowerPerS, pods }) => lowerPerS > 0 && pods > 1);
  if (!fitted.some(({ efficiency }) => efficiency[1] < efficiencyMin)) return;
  const lawOf = (of: (one: Scaling) => number) =>
    fitUsl(
      onePerS,
      fitted.map((one) => ({ pods: one.pods, perS: Math.min(of(one), one.pods * onePerS) })),
    );
  into.usl = { low: lawOf(({ lowerPerS }) => lowerPerS), high: lawOf(({ upperPerS }) => upperPerS) };
}

/** What is left of it while something is wrong: all that as many carry otherwise is tried first. */
function* strike(
  state: State,
  { faults, pods: own, podsMax }: StudySettings,
  { onePerS, into }: { onePerS: number; into: StudyResult },
): Generator<TrialOrder, void, TrialOutcome> {
  for (const { fault, replicas: pods = own } of faults) {
    if (pods > podsMax) continue;
    const healthyPerS = into.scaling.find((one) => one.pods === pods)?.lowerPerS || pods * onePerS;
    const many = pods === own ? '' : `${pods} replicas `;
    const variant = { name: `${many}under ${fault}`, pods, fault };
    const bounds = yield* climb(state, { variant, topPerS: healthyPerS, step: stepDown.fault });
    into.underFault.push({ fault, pods, healthyPerS, ...bounds });
  }
}

/** The peak itself, carried by as many replicas as were sized: only then they are recommended. */
function* demand(
  state: State,
  study: StudySettings,
  { onePerS, into }: { onePerS: number; into: StudyResult },
): Generator<TrialOrder, void, TrialOutcome> {
  if (study.sizing === undefined) return;
  const input: SizingInput = { ...study.sizing, capacityPerS: onePerS, law: into.usl?.low };
  into.sizing = sizeReplicas(input);
  const { replicas: pods } = into.sizing;
  const ratePerS = whole(input.peakPerS);
  if (pods > study.podsMax) into.demandReason = `${pods} replicas cannot be run here: ${study.podsReason}`;
  else if (ratePerS > state.settings.maxPerS)
    into.demandReason = `the peak is above what can be offered here: ${state.settings.maxReason}`;
  if (into.demandReason !== '') return;
  const passed = yield* holds(state, { name: `the peak on ${pods} replicas`, pods }, ratePerS);
  if (passed === undefined) {
    into.demandReason = `the trial of the peak on ${pods} replicas stayed open`;
    return;
  }
  into.demand = { pods, ratePerS, passed };
  into.sizing = sizeReplicas(input, passed);
}

/** Every combination of settings once, in random order, and then the best one by itself. */
function* compare(
  state: State,
  { factors, pods }: StudySettings,
  { lowerPerS, into }: { lowerPerS: number; into: StudyResult },
): Generator<TrialOrder, void, TrialOutcome> {
  if (factors.length === 0) return;
  const noise = noiseOf(state.outcomes);
  const ratePerS = whole(compareShare * lowerPerS);
  const seen: { cell: Cell; cpuSPerMillion: number | undefined }[] = [];
  const found = { ratePerS, cells: [] as CellResult[], effects: [] as Effect[] };
  into.factors = found;
  const dice = random(state.settings.seed, 'capacity/factors');
  const order = cellsOf(factors.length)
    .map((cell) => ({ cell, at: dice.next() }))
    .sort((a, b) => a.at - b.at);
  for (const { cell } of order) {
    const sets = setsOf(factors, cell);
    const variant = { name: sets.join(' '), sets };
    const trial = { purpose: 'study' as const, ratePerS, measureS: state.settings.fullS, variant };
    const { status, cpuSPerMillion, p99Ms } = yield* take(state, trial);
    seen.push({ cell, cpuSPerMillion });
    found.cells.push({
      sets,
      status,
      ...(cpuSPerMillion === undefined ? {} : { cpuSPerMillion }),
      ...(p99Ms === undefined ? {} : { p99Ms }),
    });
    found.effects = effectsOf(factors, seen, noise);
  }
  const chosen = found.effects.map(({ choose, values }) => choose ?? values[0]);
  const best = setsOf(
    factors,
    factors.map(({ values }, i) => chosen[i] === values[1]),
  );
  const cheaper = found.effects.reduce((share, { ratio }) => share * Math.min(1, ratio), 1);
  const topPerS = Math.min(state.settings.maxPerS, lowerPerS / cheaper);
  const variant = { name: `best settings: ${best.join(' ')}`, pods, sets: best };
  into.best = { sets: best, ...(yield* climb(state, { variant, topPerS, step: stepDown.replicas })) };
}
