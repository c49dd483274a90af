import { join } from 'node:path';
import { boundsOf, groupLoads, isJudging } from '../capacity/classify.ts';
import { nextStep } from '../capacity/search.ts';
import type { StudyResult } from '../capacity/study.ts';
import type { Bounds, SearchResult } from '../capacity/types.ts';
import type { RunRecord } from '../observe/evidence.ts';
import { readRecord } from '../record.ts';
import type { CapacityReport, StudyReport } from '../report/capacity-types.ts';
import { formatCount, formatNumber } from '../report/format.ts';
import { itemWord } from '../report/sentences.ts';
import type { Finding, Report } from '../report/types.ts';
import { autoscalingOf } from './capacity-autoscaling.ts';
import { readSearch, type SearchHead, type SearchRecord, type TrialLine } from './capacity-record.ts';
import { sizingsOf } from './capacity-sizing.ts';
import { judgeEvidence } from './finish.ts';

/**
 * The report of a search, from its folder alone: the run of the trial that says most (the highest that passed), with the
 * verdict of the search in the place of its own. Undefined where no trial has ended.
 */
export async function judgeSearch(dir: string): Promise<Report | undefined> {
  const recorded = readSearch(dir);
  const shown = mostTelling(recorded.trials);
  if (shown === undefined) return undefined;
  const trialDir = join(dir, 'trials', shown.name);
  const record = await readRecord(trialDir);
  const report = await judgeEvidence(trialDir, record);
  const search = { ...recorded, head: { ...recorded.head, ...foundPods(record) } };
  const step = nextStep(
    search.head.settings,
    search.trials.map(({ outcome }) => outcome),
    search.head.study,
  );
  const { result } = step;
  const signal = record.plan.entries.find(({ spec }) => spec.name === search.head.capacity.vary);
  const items = itemWord[signal?.spec.signal ?? 'traces'];
  const capacity = describe(search, { result: result ?? stopped(search), study: step.study }, items);
  return {
    ...report,
    ...verdictOf(capacity, step.kind === 'done'),
    findings: [
      findingOf(capacity, `${search.head.command} --resume ${dir}`),
      ...report.findings.filter(({ severity }) => severity === 'info'),
    ],
    run: {
      ...report.run,
      id: search.head.runId,
      scenario: search.head.scenario,
      description: search.head.description,
      startedAt: search.head.startedAt,
      durationS: search.trials.reduce((sum, { outcome }) => sum + outcome.costS, 0),
      command: search.head.command,
    },
    capacity: { ...capacity, shownTrial: `${shown.name}, ${formatCount(shown.outcome.ratePerS)}/s` },
  };
}

/** Of a cluster only a run sees how many pods took the load, and what each may use. */
function foundPods({ targetKind, members }: RunRecord): Partial<Pick<SearchHead, 'pods' | 'workload'>> {
  const entry = members.filter((member) => member.entry !== false);
  const [first] = entry;
  if (targetKind !== 'kubernetes' || first === undefined) return {};
  return { pods: entry.length, workload: { name: first.group, ...first.resources } };
}

/** 0: found. 1: not even the lowest rate holds. 2: bounds at most. 130: stopped before its end. */
function verdictOf(capacity: CapacityReport, ended: boolean): Pick<Report, 'verdict' | 'exitCode'> {
  if (!ended) return { verdict: 'unknown', exitCode: 130 };
  if (capacity.kind === 'found') return { verdict: 'pass', exitCode: 0 };
  return capacity.reason.includes('fails already')
    ? { verdict: 'fail', exitCode: 1 }
    : { verdict: 'unknown', exitCode: 2 };
}

/** The longest trial at the highest rate that passed; of none, the last. */
function mostTelling(trials: readonly TrialLine[]): TrialLine | undefined {
  const passed = trials.filter(({ outcome }) => outcome.status === 'pass');
  const order = (a: TrialLine, b: TrialLine) =>
    b.outcome.measureS - a.outcome.measureS || b.outcome.ratePerS - a.outcome.ratePerS;
  const confirmed = passed.filter(({ outcome }) => outcome.purpose === 'below');
  return confirmed.at(-1) ?? passed.toSorted(order)[0] ?? trials.at(-1);
}

function stopped({ trials }: SearchRecord): SearchResult {
  return {
    kind: 'unknown',
    lowerPerS: 0,
    upperPerS: Number.POSITIVE_INFINITY,
    reason: `stopped after ${trials.length === 1 ? '1 trial' : `${trials.length} trials`}`,
    binding: null,
    width: 0,
    noise: null,
    confirmation: null,
    goals: [],
    passedAbovePerS: [],
    spentS: trials.reduce((sum, { outcome }) => sum + outcome.costS, 0),
  };
}

function describe(
  search: SearchRecord,
  { result, study }: { result: SearchResult; study: StudyResult | undefined },
  items: string,
): CapacityReport {
  const { head, trials } = search;
  const { capacity, pods, settings, pace, generatorPerS } = head;
  const sizings = sizingsOf(head, result, study);
  return {
    ...result,
    upperPerS: encodeRate(result.upperPerS),
    goals: result.goals.map((goal) => ({ ...goal, upperPerS: encodeRate(goal.upperPerS) })),
    sentence: sentenceOf({ result, items, pods, quick: pace === 'quick' }) + claimText(search, result),
    vary: capacity.vary,
    items,
    pace,
    pods,
    maxPerS: settings.maxPerS,
    maxReason: settings.maxReason,
    generatorPerS,
    trials: trials.map(({ name, outcome: { goals: _, ...outcome } }, i) => {
      const bounds = boundsAfter(trials.slice(0, i + 1));
      return { name, ...outcome, ...bounds, upperPerS: encodeRate(bounds.upperPerS) };
    }),
    ...claimOf(search, result),
    ...(study === undefined ? {} : { study: encodeStudy(study) }),
    ...sizings,
    ...(sizings.sizing === undefined ? {} : { autoscaling: autoscalingOf(search, result, sizings.sizing) }),
  };
}

/** Of full trials alone: the short ones only steer. */
function boundsAfter(trials: readonly TrialLine[]): Bounds {
  return boundsOf(groupLoads(trials.map(({ outcome }) => outcome).filter(isJudging)));
}

/** By the bounds: those that were found, or all that is known. */
function claimOf(
  { head }: SearchRecord,
  { lowerPerS, upperPerS }: SearchResult,
): Pick<CapacityReport, 'claim'> {
  const { claimPerS: perS } = head.capacity;
  if (perS === undefined) return {};
  const all = perS * head.pods;
  const verdict = lowerPerS >= all ? 'holds' : upperPerS <= all ? 'does not hold' : 'is open';
  return { claim: { perS, verdict } };
}

function encodeStudy(study: StudyResult): StudyReport {
  const { scaling, usl, demand, demandReason, underFault, factors, best, ended } = study;
  const held = <T extends Bounds>(one: T) => ({ ...one, upperPerS: encodeRate(one.upperPerS) });
  return {
    scaling: scaling.map(({ efficiency: [least, below], ...one }) => ({
      ...held(one),
      efficiencyAtLeast: least,
      efficiencyBelow: encodeRate(below),
    })),
    usl,
    demand,
    demandReason,
    underFault: underFault.map(held),
    factors:
      factors === null
        ? null
        : {
            ...factors,
            effects: factors.effects.map(({ interval: [atLeast, atMost], ...effect }) => ({
              ...effect,
              atLeast,
              atMost: encodeRate(atMost),
            })),
          },
    best: best === null ? null : held(best),
    ended,
  };
}

function encodeRate(perS: number): number | 'Infinity' {
  return Number.isFinite(perS) ? perS : 'Infinity';
}

function sentenceOf(one: { result: SearchResult; items: string; pods: number; quick: boolean }): string {
  const { result, items, pods, quick } = one;
  const who = pods === 1 ? 'One replica' : `${pods} replicas together`;
  const range = rangeOf(result);
  if (result.kind === 'unknown') {
    return range === ''
      ? `The capacity is not known: ${result.reason}.`
      : `The capacity is not known, it lies ${range} ${items}/s: ${result.reason}.`;
  }
  const { confirmation, binding, lowerPerS, upperPerS } = result;
  const sure =
    confirmation === null
      ? ''
      : `, ${confirmation.passed} of ${confirmation.of} fresh trials passed at the lower end (a pass rate of at least ${confirmation.passShareAtLeast.toFixed(2)} at 95 %)`;
  const first = binding === null ? '' : `; ${binding} breaks first`;
  const apart = `ends ${formatNumber(100 * (upperPerS / lowerPerS - 1), 2)} % apart`;
  return `${who} carried ${formatCount(Math.floor(lowerPerS))} ${items}/s, and not ${formatCount(Math.ceil(upperPerS))} (${apart})${sure}${first}${quick ? '; a quick search, so indicative' : ''}.`;
}

function claimText(search: SearchRecord, result: SearchResult): string {
  const { claim } = claimOf(search, result);
  return claim === undefined ? '' : ` The claim of ${formatCount(claim.perS)}/s for each ${claim.verdict}.`;
}

function rangeOf({ lowerPerS, upperPerS }: SearchResult): string {
  const [low, high] = [formatCount(Math.floor(lowerPerS)), formatCount(Math.ceil(upperPerS))];
  if (lowerPerS <= 0) return Number.isFinite(upperPerS) ? `below ${high}` : '';
  return Number.isFinite(upperPerS) ? `between ${low} and ${high}` : `above ${low}`;
}

function findingOf(capacity: CapacityReport, goOn: string): Finding {
  const found = capacity.kind === 'found';
  return {
    code: found ? 'CAPACITY-FOUND' : 'CAPACITY-UNKNOWN',
    severity: found ? 'info' : 'unknown',
    sentence: capacity.sentence,
    evidence: 'evidence/capacity.jsonl',
    next: found ? '' : nextOf(capacity.reason, goOn),
  };
}

function nextOf(reason: string, goOn: string): string {
  if (reason.startsWith('stopped') || reason.includes('budget'))
    return `${goOn}, with a larger capacity.budget if it was used up`;
  if (reason.includes('no trial was valid')) return `${goOn}, once what made trials invalid is over`;
  return 'the reason says what to change: the range of rates, the machine, or the trials’ length';
}
