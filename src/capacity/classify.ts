import type { Bounds, Goal, GoalVerdict, TrialOutcome } from './types.ts';

/** Full trials at one rate, and what they make of it. */
export interface Load {
  ratePerS: number;
  class: 'lower' | 'upper' | 'undecided';
  trials: TrialOutcome[];
}

/** Full trials of one load at most; a soft goal may be exceeded by a third of them (RFC 9971's exceed ratio). */
export const trialsPerLoad = 3;
const exceedMax = 1 / 3;

/**
 * RFC 9971 on a list of verdicts: a lower bound when even the pessimistic rest (all that is open fails) would hold, an
 * upper one when even the optimistic rest would not; else undecided. A hard goal fails by one.
 */
export function classify(verdicts: readonly GoalVerdict[], hard: boolean): Load['class'] {
  const count = (word: GoalVerdict) => verdicts.filter((one) => one === word).length;
  const [failed, passed] = [count('fail'), count('pass')];
  const all = Math.max(trialsPerLoad, verdicts.length);
  if (failed / all > exceedMax || (hard && failed > 0)) return 'upper';
  // A hard goal needs as many passes as a soft one, and none against.
  return (all - passed) / all <= exceedMax ? 'lower' : 'undecided';
}

/** A load holds when all of its goals do, each by its own rule. */
export function classifyLoad(trials: readonly TrialOutcome[]): Load['class'] {
  if (hardFailed(trials)) return 'upper';
  return classify(
    trials.map(({ status }) => (status === 'invalid' ? 'unknown' : status)),
    false,
  );
}

/** Full trials of the scenario itself: what bounds are made of. */
export function isJudging({ purpose }: Pick<TrialOutcome, 'purpose'>): boolean {
  return purpose === 'classify' || purpose === 'below' || purpose === 'above';
}

/** Trials that count, by rate, from the lowest. */
export function groupLoads(outcomes: readonly TrialOutcome[]): Load[] {
  const byRate = new Map<number, TrialOutcome[]>();
  for (const outcome of outcomes) {
    if (outcome.status === 'invalid') continue;
    byRate.set(outcome.ratePerS, [...(byRate.get(outcome.ratePerS) ?? []), outcome]);
  }
  return [...byRate]
    .map(([ratePerS, trials]) => ({ ratePerS, class: classifyLoad(trials), trials }))
    .sort((a, b) => a.ratePerS - b.ratePerS);
}

/** The smallest upper load, and the largest lower one below it: loads above that hold again say nothing. */
export function boundsOf(loads: readonly Pick<Load, 'ratePerS' | 'class'>[]): Bounds {
  const uppers = loads.filter((load) => load.class === 'upper').map(({ ratePerS }) => ratePerS);
  const upperPerS = Math.min(Number.POSITIVE_INFINITY, ...uppers);
  const lowers = loads.filter((load) => load.class === 'lower' && load.ratePerS < upperPerS);
  return { lowerPerS: Math.max(0, ...lowers.map(({ ratePerS }) => ratePerS)), upperPerS };
}

/** The bounds of each goal by itself; all share the trials. */
export function goalBounds(loads: readonly Load[]): (Goal & Bounds)[] {
  const goals = new Map<string, Goal>();
  for (const { trials } of loads)
    for (const trial of trials) for (const { name, hard } of trial.goals) goals.set(name, { name, hard });
  return [...goals.values()].map((goal) => {
    const own = loads.map(({ ratePerS, trials }) => ({ ratePerS, class: classifyGoal(goal, trials) }));
    return { ...goal, ...boundsOf(own) };
  });
}

/** The goal with the lowest upper bound; of several the one that failed most often there. */
export function bindingGoal(loads: readonly Load[]): string | null {
  const { upperPerS } = boundsOf(loads);
  const failed = new Map<string, number>();
  for (const { ratePerS, trials } of loads) {
    if (ratePerS !== upperPerS) continue;
    for (const { goals } of trials)
      for (const { name, verdict } of goals)
        if (verdict === 'fail') failed.set(name, (failed.get(name) ?? 0) + 1);
  }
  const [worst] = [...failed].sort(([, a], [, b]) => b - a);
  return worst?.[0] ?? null;
}

function classifyGoal(goal: Goal, trials: readonly TrialOutcome[]): Load['class'] {
  const verdicts = trials.map(
    ({ goals }) => goals.find(({ name }) => name === goal.name)?.verdict ?? 'unknown',
  );
  return classify(verdicts, goal.hard);
}

/** A goal that may never break broke. */
export function hardFailed(trials: readonly TrialOutcome[]): boolean {
  return trials.some(({ goals }) => goals.some(({ hard, verdict }) => hard && verdict === 'fail'));
}
