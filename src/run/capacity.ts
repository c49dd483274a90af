import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SquallError } from '../base/errors.ts';
import { nextStep } from '../capacity/search.ts';
import { budgetFor, type Pace, settingsFor } from '../capacity/settings.ts';
import type { TrialOrder, TrialOutcome } from '../capacity/types.ts';
import { pointLatest, writeReports } from '../record.ts';
import type { Report } from '../report/types.ts';
import type { RunOptions } from '../run.ts';
import type { CapacitySpec } from '../scenario/capacity-spec.ts';
import { collectorsOf, type Scenario } from '../scenario/types.ts';
import { checkGenerator, readCurve, waitForQuiet } from './capacity-checks.ts';
import { observeTrial } from './capacity-observe.ts';
import {
  appendTrial,
  beginRecord,
  isSearch,
  readSearch,
  replaceRecord,
  type SearchHead,
} from './capacity-record.ts';
import { judgeSearch } from './capacity-report.ts';
import { type Asked, conditionsOf, continued } from './capacity-resume.ts';
import { cellSets, studyOf } from './capacity-study.ts';
import { trialScenario } from './capacity-trial.ts';
import { boundsText, describeOrder, planLines, shorten } from './capacity-words.ts';
import { runOfSeries } from './series.ts';

export interface CapacityOptions extends Omit<RunOptions, 'demo' | 'capture'> {
  pace: Pace;
  /** Go on with the search whose record lies in `dir`. */
  resume: boolean;
  /** The scenario with these settings on top, as --set has them. */
  reread(sets: readonly string[]): Promise<Pick<RunOptions, 'scenario' | 'texts'>>;
}

/** Start of target and Prometheus, canaries, settling, evidence and reports of one trial, about. */
const aroundS = 8;
const warmupMsMin: Record<Pace, number> = { quick: 10_000, standard: 15_000, thorough: 15_000 };

/** A whole search, or the rest of one. Throws SquallError where no trial can be run; the record stays. */
export async function runCapacity(options: CapacityOptions): Promise<Report> {
  const { dir, live, signal } = options;
  const capacity = needCapacity(options.scenario);
  const head = options.resume ? await resumeHead(options, capacity) : await beginSearch(options, capacity);
  for (const line of planLines(options.scenario, head)) live.say(line);
  for (;;) {
    const { trials } = readSearch(dir);
    const outcomes = trials.map(({ outcome }) => outcome);
    const step = nextStep(head.settings, outcomes, head.study);
    if (step.kind === 'done' || signal.aborted) break;
    if (options.scenario.target.kind === 'local')
      await waitForQuiet(options.clock, { signal, say: live.say });
    if (signal.aborted) break;
    const name = freshName(dir, trials.length + 1);
    const outcome = await runTrial(options, {
      head,
      capacity,
      order: step.order,
      name,
      bounds: boundsText(outcomes),
    });
    if (outcome === undefined) break;
    appendTrial(dir, { name, outcome });
    live.say(`trial ${name}  ${describeOrder(step.order)}: ${outcome.status} (${shorten(outcome.reason)})`);
    live.say(`           ${boundsText([...outcomes, outcome])}`);
  }
  const report = await judgeSearch(dir);
  if (report === undefined) throw interrupted(options);
  await writeReports(dir, report);
  await pointLatest(dir).catch((error: Error) => live.say(`no link to this run: ${error.message}`));
  return report;
}

function needCapacity(scenario: Scenario): CapacitySpec {
  if (scenario.capacity !== undefined) return scenario.capacity;
  throw new SquallError({
    code: 'SQ-USAGE',
    what: `${scenario.name} has no capacity block`,
    expected: 'capacity: {vary: ENTRY, rate: {min, max}}',
    found: 'none',
    next: 'squall capacity scenarios/capacity-local.yaml, or add the block',
  });
}

async function beginSearch(options: CapacityOptions, capacity: CapacitySpec): Promise<SearchHead> {
  const { dir, scenario, live, pace } = options;
  const entry = scenario.load[capacity.vary];
  if (isSearch(dir)) throw taken(dir);
  const asked = await readAsked(options, capacity);
  mkdirSync(join(dir, 'evidence'), { recursive: true });
  live.update({ phase: 'generator check: load into the sink with nothing between' });
  const generatorPerS = await checkGenerator(entry, capacity.minPerS);
  // A shorter warmup only goes with trials that are shorter still, as in a first look.
  const least = Math.min(warmupMsMin[pace], capacity.trialMs / 2);
  const warmupMs = 1000 * Math.ceil(Math.max(scenario.warmupMs, least) / 1000);
  const overheadS = warmupMs / 1000 + aroundS;
  const { minPerS, maxPerS, width, budgetMs, trialMs } = capacity;
  const question = { minPerS, maxPerS, width, budgetS: budgetMs / 1000, trialS: trialMs / 1000 };
  const head: SearchHead = {
    schema: 'squall.capacity/v1',
    settings: settingsFor(pace, {
      ...question,
      overheadS,
      generatorPerS,
      batch: entry?.batch ?? 1,
      seed: options.seed,
    }),
    pace,
    generatorPerS,
    warmupMs,
    ...entryOf(scenario),
    ...asked,
    description: scenario.description,
    command: options.command,
    runId: options.runId,
    startedAt: new Date(options.clock.wallMs()).toISOString(),
  };
  beginRecord(dir, head);
  return head;
}

/** The search of the record, with what is asked of it now. */
async function resumeHead(options: CapacityOptions, capacity: CapacitySpec): Promise<SearchHead> {
  const { dir, pace, live } = options;
  const former = readSearch(dir);
  const budgetS = budgetFor(pace, capacity.budgetMs / 1000);
  const record = continued(former, { ...(await readAsked(options, capacity)), budgetS }, dir);
  const fewer = former.trials.length - record.trials.length;
  if (fewer > 0)
    live.say(`${fewer} recorded trials were invalid or answered another question: they are run anew`);
  await replaceRecord(dir, record);
  return record.head;
}

/**
 * What is searched, under what conditions, and what follows. Mistakes of a combination are told now, and not after half
 * an hour.
 */
async function readAsked(
  { scenario, texts, reread }: CapacityOptions,
  capacity: CapacitySpec,
): Promise<Omit<Asked, 'budgetS'>> {
  for (const sets of cellSets(capacity)) await reread(sets);
  const study = studyOf(scenario, capacity, entryOf(scenario));
  return {
    scenario: scenario.name,
    conditions: conditionsOf(scenario, texts.configs),
    capacity,
    ...(study === undefined ? {} : { study }),
    ...(capacity.dayCurve === undefined ? {} : { dayCurve: readCurve(capacity.dayCurve) }),
  };
}

/** The group that takes the load: the searched rate is shared by its replicas. */
function entryOf({ target }: Scenario): Pick<SearchHead, 'workload' | 'pods'> {
  const members = Object.entries(collectorsOf(target));
  const fed = new Set(members.map(([, member]) => member.sendsTo));
  const [name, member] = members.find(([own]) => !fed.has(own)) ?? [];
  return { workload: { name: name ?? 'collector', ...member?.resources }, pods: member?.replicas ?? 1 };
}

/** Undefined when the search was interrupted: such a trial is run again. */
async function runTrial(
  options: CapacityOptions,
  trial: { head: SearchHead; capacity: CapacitySpec; order: TrialOrder; name: string; bounds: string },
): Promise<TrialOutcome | undefined> {
  const { clock } = options;
  const { head, capacity, order, name } = trial;
  const times = { warmupMs: head.warmupMs, measureMs: order.measureS * 1000 };
  const dir = join(options.dir, 'trials', name);
  const phase = `trial ${name} ${describeOrder(order)} · ${trial.bounds}`;
  const startNs = clock.nowNs();
  const changed = order.variant?.sets === undefined ? {} : await options.reread(order.variant.sets);
  const base = { ...options, ...changed };
  const report = await runOfSeries(
    {
      ...base,
      scenario: trialScenario(base.scenario, capacity, { order, times }),
      runId: `${options.runId}-${name}`,
      dir,
    },
    phase,
  );
  if (report === undefined) return undefined;
  const costS = (clock.nowNs() - startNs) / 1e9;
  return observeTrial(dir, { order, report, costS, vary: capacity.vary });
}

/** A trial that was cut short leaves its folder; the next try takes another. */
function freshName(dir: string, number: number): string {
  const base = String(number).padStart(3, '0');
  for (let attempt = 1; ; attempt++) {
    const name = attempt === 1 ? base : `${base}-${attempt}`;
    if (!existsSync(join(dir, 'trials', name))) return name;
  }
}

function taken(dir: string): SquallError {
  return new SquallError({
    code: 'SQ-OUT-UNWRITABLE',
    what: 'the folder already holds a search',
    where: dir,
    next: `squall capacity SCENARIO --resume ${dir}, or another --out`,
  });
}

function interrupted({ dir, command }: CapacityOptions): SquallError {
  return new SquallError({
    code: 'SQ-INTERRUPTED',
    what: 'stopped before the first trial had ended; everything was rolled back',
    where: dir,
    next: `${command} --resume ${dir}`,
  });
}
