import { type BacklogPoint, backlogPointsMin, judgeBacklog } from './backlog.ts';
import { type Block, judgeShare } from './percentile.ts';
import type { GoalResult, GoalVerdict, TrialOutcome } from './types.ts';

/** A percentile SLO as the search sees it: at most `allowed` of the requests over the limit. */
export interface PercentileGoal {
  name: string;
  allowed: number;
  /** By the second of the due time: warmup, then the measured part. */
  warmup: readonly Block[];
  measured: readonly Block[];
}

/** What a trial left, as far as its verdict needs it. */
export interface Observation {
  ratePerS: number;
  /** Due items that the generator itself never sent, over all due ones; what the target kept from going is not in it. */
  missedByGenerator: number;
  /** Why the generator was not in order (late wake-ups, no time left), if it was not. */
  generatorReasons: readonly string[];
  /** Who else had the machine, if that was too much of it. */
  disturbed?: string | undefined;
  /** The target held nothing when the load began. */
  idleAtStart: boolean;
  percentiles: readonly PercentileGoal[];
  /** SLOs that the run itself judges. */
  others: readonly GoalResult[];
  backlog: readonly BacklogPoint[];
  /** The target was shown empty after the load. */
  drained: boolean;
  delivered: number;
  lost: number;
  /** Members that ended or were killed and started again. */
  restarts: number;
}

export interface TrialVerdict {
  status: TrialOutcome['status'];
  reason: string;
  goals: GoalResult[];
}

/** Share of the offered rate by which the backlog may grow. */
const slopeShareMax = 0.01;
const missedShareMax = 0.01;

/**
 * The verdict of one trial. Invalid is only what the generator, other work on the machine, the warmup or the start
 * spoiled; the reasons of the generator are its own (late wake-ups, no time left), which a target that stalls does not
 * give it: what the target kept from going is charged to the target. A loss found is a loss, whatever the generator did.
 */
export function judgeTrial(seen: Observation): TrialVerdict {
  const hard = [...lossGoals(seen), ...seen.others.filter((goal) => goal.hard)];
  const soft = [
    ...seen.percentiles.map(percentileGoal),
    backlogGoal(seen),
    ...seen.others.filter((goal) => !goal.hard),
  ];
  const goals = [...soft, ...hard];
  const broken = hard.filter((goal) => goal.verdict === 'fail');
  if (broken.length > 0) return { status: 'fail', reason: reasons(broken), goals };
  const spoiled = whySpoiled(seen, soft);
  if (spoiled !== undefined) return { status: 'invalid', reason: spoiled, goals };
  const failed = goals.filter((goal) => goal.verdict === 'fail');
  if (failed.length > 0) return { status: 'fail', reason: reasons(failed), goals };
  const open = goals.filter((goal) => goal.verdict === 'unknown');
  if (open.length > 0) return { status: 'unknown', reason: reasons(open), goals };
  return { status: 'pass', reason: 'every goal holds', goals };
}

function whySpoiled(seen: Observation, soft: readonly GoalResult[]): string | undefined {
  if (seen.missedByGenerator > missedShareMax)
    return `the generator itself left out ${percent(seen.missedByGenerator)} of the load`;
  if (!seen.idleAtStart) return 'the target did not start idle';
  if (seen.disturbed !== undefined) return seen.disturbed;
  if (seen.generatorReasons.length > 0) return seen.generatorReasons.join('; ');
  const open = soft.filter((goal) => goal.verdict !== 'pass');
  if (open.length > 0 && open.every((goal) => stillWarming(seen, goal)))
    return 'the target was still warming up';
  return undefined;
}

/**
 * A latency goal that fails by its start alone: shares over the limit fall from the warmup to the first third and to the
 * rest, and the rest keeps the goal. A stall within the measured part is none of that, and a goal that is open by its start alone is spoiled too.
 */
function stillWarming(seen: Observation, goal: GoalResult): boolean {
  const own = seen.percentiles.find(({ name }) => name === goal.name);
  if (own === undefined || own.warmup.length < 2) return false;
  const third = Math.ceil(own.measured.length / 3);
  const late = own.warmup.slice(Math.floor(own.warmup.length / 2));
  const [first, rest] = [own.measured.slice(0, third), own.measured.slice(third)];
  const [before, start, after] = [late, first, rest].map((blocks) => judgeShare(blocks, own.allowed));
  if (before === undefined || start === undefined || after === undefined) return false;
  return before.interval[0] > start.share && start.share > own.allowed && after.verdict === 'pass';
}

function percentileGoal({ name, allowed, measured }: PercentileGoal): GoalResult {
  const { verdict, share, interval, designEffect } = judgeShare(measured, allowed);
  const bounds = interval.map(percent).join(' to ');
  const reason = `${percent(share)} of the requests are over it (${bounds}, design effect ${designEffect.toFixed(1)}), ${percent(allowed)} may be`;
  return { name, hard: false, verdict, reason };
}

const backlogName = 'backlog';

function backlogGoal({ backlog, ratePerS }: Observation): GoalResult {
  const allowed = slopeShareMax * ratePerS;
  const { verdict, perS, interval } = judgeBacklog(backlog, allowed);
  const bounds = interval.map((value) => value.toFixed(0)).join(' to ');
  const reason =
    backlog.length < backlogPointsMin
      ? `the backlog was read ${backlog.length} times, ${backlogPointsMin} are needed: a longer trial (capacity.trial) tells`
      : `the backlog grows by ${perS.toFixed(0)} items/s (${bounds}), ${allowed.toFixed(0)} may be`;
  return { name: backlogName, hard: false, verdict, reason };
}

function lossGoals(seen: Observation): GoalResult[] {
  const word = (fails: boolean): GoalVerdict => (fails ? 'fail' : 'pass');
  const all = seen.delivered + seen.lost;
  const none =
    all === 0 ? 'nothing arrived' : `0 of ${all} lost: below ${(3 / all).toExponential(1)} at 95 %`;
  return [
    {
      name: 'loss',
      hard: true,
      verdict: all === 0 ? 'unknown' : word(seen.lost > 0),
      reason: seen.lost === 0 ? none : `${seen.lost} of ${all} acknowledged items were lost`,
    },
    {
      name: 'drain',
      hard: true,
      verdict: word(!seen.drained),
      reason: seen.drained
        ? 'the target was shown empty'
        : 'the target was not shown empty within its settle horizon',
    },
    {
      name: 'restarts',
      hard: true,
      verdict: word(seen.restarts > 0),
      reason: `${seen.restarts} of a member`,
    },
  ];
}

function reasons(goals: readonly GoalResult[]): string {
  return goals.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}
