import type { Clock } from '../base/clock.ts';
import type { FaultRecord } from '../observe/evidence.ts';
import { holdOf } from '../plan/clashes.ts';
import type { Plan, PlannedFault } from '../plan/types.ts';
import type { Target } from '../target/target.ts';
import { chooseMembers } from './choice.ts';
import type { Fault, SinkScript, Undo } from './fault.ts';
import { Injection } from './injection.ts';
import type { InjectionOutcome } from './injection-types.ts';
import type { Journal } from './journal.ts';
import { podsOf } from './pod-records.ts';
import { executeUndo, type UndoResult } from './undo.ts';

export interface FaultEngineOptions {
  plan: Plan;
  faults: Record<string, Fault>;
  target: Target;
  sink?: SinkScript;
  journal: Journal;
  /** Who undoes everything if this process dies; asked before each intent whether it watches. */
  guard?: { ensure(): Promise<void> };
  clock: Clock;
  runId: string;
  seed: number;
  /** Names of the faults in place, whenever they change. */
  onChange?: (active: string[]) => void;
  /** Hears why a fault could not be undone at its end. */
  onLate?: (sentence: string) => void;
  /** How an undo is executed; the simulator has its own world. */
  execute?: (undo: Undo) => Promise<UndoResult>;
}

export interface FaultEngine {
  /** `t0Ns` is t = 0 of the plan in the monotonic clock. */
  go(t0Ns: number): void;
  /** In a drill: a fault begins now. Once for each. */
  begin(name: string): void;
  /** Settles when every fault has ended or was rolled back; in plan order; never rejects. */
  done: Promise<FaultRecord[]>;
  /** Ends every hold, undoes all that is in place, starts nothing further. Idempotent; ends within its own deadline. */
  rollback(): Promise<{ clean: boolean; left: string[] }>;
  active(): string[];
  /** On every member that was chosen. */
  isInPlace(name: string): boolean;
  /** Everything of it has ended, as far as it could be done and undone. */
  isOver(name: string): boolean;
  /** So far, in plan order; times are ns from t = 0. A kill's recoveredNs is the caller's to fill in. */
  records(): FaultRecord[];
}

const rollbackMs = 10_000;
const retryEveryMs = 200;

interface Course {
  /** In a drill its times are those of its step, once that has come. */
  planned: PlannedFault;
  /** Settles when its step of the drill has come, or with a rollback. */
  word: PromiseWithResolvers<void>;
  over: boolean;
  injections: Injection[];
  /** Why no injection was begun. */
  reason: string;
}

export function startFaultEngine(options: FaultEngineOptions): FaultEngine {
  const { plan, clock } = options;
  const courses: Course[] = plan.faults.map((planned) => ({
    planned,
    word: Promise.withResolvers<void>(),
    over: false,
    injections: [],
    reason: 'not injected: the run ended before',
  }));
  const cut = new AbortController();
  const finished = Promise.withResolvers<FaultRecord[]>();
  let startNs: number | undefined;
  const heldBy = (hold: string | undefined, member: string) =>
    hold !== undefined &&
    courses.some(({ planned, injections }) => {
      if (holdOf(planned.spec) !== hold) return false;
      return injections.some((one) => one.holds && one.outcome.member === member);
    });
  const active = () =>
    courses.filter((c) => c.injections.some((one) => one.active)).map((c) => c.planned.spec.name);
  const changed = () => options.onChange?.(active());
  const records = () => courses.map((course) => recordOf(course, startNs ?? 0));
  const all: Promise<void>[] = [];
  const go = (t0Ns: number) => {
    if (startNs !== undefined) throw new Error('the fault engine is started once');
    startNs = t0Ns;
    const rest = { t0Ns, cut: cut.signal, changed, heldBy, options };
    all.push(
      ...courses.map((course) =>
        follow({ course, ...rest }).finally(() => {
          course.over = true;
        }),
      ),
    );
    Promise.all(all).then(() => finished.resolve(records()));
  };
  const rollback = async () => {
    cut.abort();
    for (const { word } of courses) word.resolve();
    if (startNs === undefined) finished.resolve(records());
    const endNs = clock.nowNs() + rollbackMs * 1e6;
    await Promise.race([Promise.all(all), clock.sleep(rollbackMs)]);
    // What could not be undone the first time is tried again, as long as there is time.
    const open = () => courses.flatMap((course) => course.injections.filter((one) => one.active));
    while (open().length > 0 && clock.nowNs() < endNs) {
      const tries = Promise.all(open().map((one) => one.revert()));
      await Promise.race([tries, clock.sleep(Math.max(0, (endNs - clock.nowNs()) / 1e6))]);
      if (open().length > 0) await clock.sleep(retryEveryMs);
    }
    changed();
    const left = courses.flatMap((course) => leftOf(course, options.faults));
    return { clean: left.length === 0, left };
  };
  const courseOf = (name: string) => courses.find((one) => one.planned.spec.name === name);
  const begin = (name: string) => courseOf(name)?.word.resolve();
  const isOver = (name: string) => courseOf(name)?.over === true;
  const isInPlace = (name: string) => {
    const { injections = [] } = courseOf(name) ?? {};
    return injections.length > 0 && injections.every((one) => one.inPlace);
  };
  return { go, begin, isInPlace, isOver, done: finished.promise, rollback, active, records };
}

async function follow(run: {
  course: Course;
  t0Ns: number;
  cut: AbortSignal;
  changed: () => void;
  heldBy: (hold: string | undefined, member: string) => boolean;
  options: FaultEngineOptions;
}): Promise<void> {
  const { course, t0Ns, cut, changed, heldBy, options } = run;
  const { clock, faults } = options;
  await itsTime(run);
  if (cut.aborted) return;
  const { spec, startNs, endNs } = course.planned;
  const fault = faults[spec.kind];
  course.reason =
    fault === undefined ? `not injected: no such kind, ${spec.kind}` : 'not injected: no member matches';
  if (fault === undefined) return;
  const members = await chooseMembers(fault, course.planned, options).catch((error: unknown) => {
    course.reason = `not injected: ${error instanceof Error ? error.message : error}`;
    return [];
  });
  course.injections = members.map(
    (member, index) =>
      new Injection({
        injection: `${spec.name}/${member.name}/${index}`,
        fault,
        spec,
        member,
        runId: options.runId,
        ...(options.sink === undefined ? {} : { sink: options.sink }),
        journal: options.journal,
        ...(options.guard === undefined ? {} : { guard: options.guard }),
        clock,
        execute: options.execute ?? executeUndo,
        endNs: fault.oneShot ? undefined : t0Ns + (endNs ?? startNs),
        cut,
        onInjected: changed,
        ...(options.onLate === undefined ? {} : { onLate: options.onLate }),
        free: () => !heldBy(holdOf(spec), member.name),
      }),
  );
  await Promise.all(course.injections.map((injection) => injection.run()));
  changed();
}

/** Resolves when the fault is to begin, or when everything is rolled back before. */
async function itsTime(run: {
  course: Course;
  t0Ns: number;
  cut: AbortSignal;
  options: FaultEngineOptions;
}): Promise<void> {
  const { course, t0Ns, cut, options } = run;
  const { clock, plan } = options;
  const { startNs } = course.planned;
  if (plan.drill === undefined) {
    await clock.sleep(Math.max(0, (t0Ns + startNs - clock.nowNs()) / 1e6), cut).catch(() => {
      // Rolled back before its time.
    });
    return;
  }
  await course.word.promise;
  if (!cut.aborted) course.planned = movedTo(course.planned, clock.nowNs() - t0Ns);
}

function movedTo({ spec, startNs, endNs }: PlannedFault, toNs: number): PlannedFault {
  return { spec, startNs: toNs, ...(endNs === undefined ? {} : { endNs: endNs - startNs + toNs }) };
}

function leftOf(course: Course, faults: Record<string, Fault>): string[] {
  const { spec } = course.planned;
  // A one-shot leaves nothing to undo: what is missing is a recovery, which the record says.
  if (faults[spec.kind]?.oneShot === true) return [];
  return course.injections
    .filter((one) => one.active)
    .map((one) => `${spec.name} on ${one.outcome.member} may still be in place`);
}

function recordOf(course: Course, t0Ns: number): FaultRecord {
  const { spec, startNs, endNs } = course.planned;
  const outcomes = course.injections.map(({ outcome }) => outcome);
  const all = (pick: (outcome: InjectionOutcome) => number | undefined) =>
    outcomes.map(pick).filter((ns) => ns !== undefined);
  const injected = all((outcome) => outcome.injectedNs);
  const gone = all((outcome) => outcome.goneNs);
  const removed = all((outcome) => outcome.removedNs);
  const ready = all((outcome) => outcome.endpointReadyNs);
  const isKill = spec.kind.endsWith('-kill');
  const complete = outcomes.length > 0 && gone.length === outcomes.length;
  return {
    name: spec.name,
    kind: spec.kind,
    members: outcomes.map(({ member }) => member),
    intended: { startNs, ...(endNs === undefined ? {} : { endNs }) },
    observed: {
      ...(injected.length === 0 ? {} : { injectedNs: Math.min(...injected) - t0Ns }),
      ...(complete && !isKill ? { recoveredNs: Math.max(...gone) - t0Ns } : {}),
    },
    effect: outcomes.length === 0 ? course.reason : outcomes.map(effectOf).join('; '),
    verified: complete && outcomes.every(({ seen, gone: absent }) => seen && absent),
    ...triesOf(outcomes),
    ...podsOf(outcomes, t0Ns),
    recovery: {
      ...(removed.length === 0 || isKill ? {} : { removedNs: Math.max(...removed) - t0Ns }),
      ...(ready.length === 0 ? {} : { endpointReadyNs: Math.max(...ready) - t0Ns }),
    },
  };
}

function effectOf({ effect, seen, gone, end }: InjectionOutcome): string {
  return !seen || gone || end === '' ? effect : `${effect}; it was not seen to end: ${end}`;
}

/** Of the member that took the most. */
function triesOf(outcomes: readonly InjectionOutcome[]): Pick<FaultRecord, 'tries'> {
  const tries = outcomes.flatMap((outcome) => outcome.tries ?? []).toSorted((a, b) => b.count - a.count)[0];
  return tries === undefined ? {} : { tries };
}
