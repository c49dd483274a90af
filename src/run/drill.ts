import { waitFor } from '../base/clock.ts';
import { formatDuration } from '../base/units.ts';
import type { DrillStepRecord } from '../observe/drill-record.ts';
import type { FaultRecord } from '../observe/evidence.ts';
import { expectationText } from '../plan/print.ts';
import { oneLine } from '../report/format.ts';
import type { DrillStep } from '../scenario/drill-spec.ts';
import { alertEvaluations, alertLookMs, drillTailMs } from '../scenario/drill-times.ts';
import { watchAlert } from '../verdict/alert-watch.ts';
import type { AlertSight, DrillOptions, DrillRun } from './drill-types.ts';

const lookEveryMs = 200;
const alertsEveryMs = 500;
/** A Prometheus that has just been started evaluates its rules once a minute by default. */
const evaluationMs = 240_000;

/** Follows the steps one after the other. What cannot be done is told and left to the verdict; it never throws. */
export function startDrill(options: DrillOptions): DrillRun {
  const course = new Course(options);
  let ended: ReturnType<DrillRun['ended']>;
  course.follow().then(
    (why) => {
      ended = why === undefined ? { kind: 'over' } : { kind: 'stopped', why };
    },
    (error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      if (!options.signal.aborted) ended = { kind: 'stopped', why };
    },
  );
  return { records: course.records, now: () => course.waiting, ended: () => ended };
}

class Course {
  readonly records: DrillStepRecord[] = [];
  waiting: ReturnType<DrillRun['now']> = { phase: 'warmup' };
  private readonly options: DrillOptions;
  private readonly begun: string[] = [];
  /** When each fault was first seen to be over, ns from t = 0. */
  private readonly overNs = new Map<string, number>();

  constructor(options: DrillOptions) {
    this.options = options;
  }

  /** Gives why it was stopped, or undefined when all of it was done. */
  async follow(): Promise<string | undefined> {
    const { drill, fromNs, clock, signal, people } = this.options;
    await clock.sleep(Math.max(0, (fromNs - this.nowNs()) / 1e6), signal);
    if (people.gone() && drill.some(({ kind }) => kind === 'suspend')) return nobodyThere;
    for (const [index, step] of drill.entries()) {
      const title = `drill ${index + 1}/${drill.length}`;
      const record: DrillStepRecord = { step, fromNs: this.nowNs(), outcome: 'the drill ended in it' };
      this.records.push(record);
      const stopped = await this.take(step, title, record);
      if (stopped !== undefined) return stopped;
      record.toNs = this.nowNs();
      this.say('', record.outcome);
    }
    this.waiting = { phase: 'drill: waiting for the faults to end' };
    await this.allOver();
    this.waiting = { phase: 'drill: the load goes on for a moment' };
    await clock.sleep(drillTailMs, signal);
    return undefined;
  }

  private async take(step: DrillStep, title: string, record: DrillStepRecord): Promise<string | undefined> {
    switch (step.kind) {
      case 'suspend':
        return this.suspend(step, title, record);
      case 'fault':
        this.waiting = { phase: `${title}: ${step.fault}` };
        this.say(title, `fault ${step.fault} begins`);
        record.outcome = await this.inject(step.fault, record);
        return undefined;
      case 'expect':
        this.waiting = { phase: `${title}: waiting for ${step.alert}` };
        this.say(title, expectationText(step));
        record.outcome = await this.watch(step);
        return undefined;
    }
  }

  private async suspend(
    step: DrillStep & { kind: 'suspend' },
    title: string,
    record: DrillStepRecord,
  ): Promise<string | undefined> {
    const { clock, people, signal, t0Ns } = this.options;
    const within = formatDuration(step.deadlineMs);
    this.say(title, step.question);
    if (step.runbook !== undefined) this.say('', `runbook: ${step.runbook}`);
    if (people.absent === true) {
      record.outcome = 'nobody was asked: a rehearsal';
      return undefined;
    }
    this.say('', `Enter goes on; stop and Enter ends the drill, and so does no answer within ${within}`);
    const untilNs = t0Ns + record.fromNs + step.deadlineMs * 1e6;
    this.waiting = { phase: `${title}: Enter goes on`, untilNs };
    const answered = new AbortController();
    const both = AbortSignal.any([signal, answered.signal]);
    const late = clock.sleep(step.deadlineMs, both).then(() => 'late' as const);
    const word = await Promise.race([people.answer(both), late]).finally(() => answered.abort());
    if (word === 'go on') {
      record.outcome = `went on after ${seconds((this.nowNs() - record.fromNs) / 1e9)}`;
      return undefined;
    }
    const why = {
      stop: 'the drill was stopped',
      gone: nobodyThere,
      late: `nobody answered within ${within}`,
    }[word];
    record.outcome = why;
    return `at "${step.question}" ${why}`;
  }

  /** One after the other: each is known by what it did alone. */
  private async inject(name: string, record: DrillStepRecord): Promise<string> {
    const { faults } = this.options;
    await this.allOver();
    await this.lookBefore(name, record);
    this.begun.push(name);
    record.begunNs = this.nowNs();
    faults.begin(name);
    await this.until(() => faults.isInPlace(name) || faults.isOver(name));
    const found = this.recordOf(name);
    return faults.isInPlace(name)
      ? `in place on ${found?.members.join(', ')}`
      : (found?.effect ?? 'not injected');
  }

  /** Before a fault: the rules of its alerts were evaluated, and what of them is active already is written down. */
  private async lookBefore(fault: string, record: DrillStepRecord): Promise<void> {
    const { drill, clock, signal, alerts } = this.options;
    const all = drill.flatMap((step) => (step.kind === 'expect' && step.fault === fault ? step.alert : []));
    const names = [...new Set(all)];
    const { phase } = this.waiting;
    if (names.length > 0) this.waiting = { phase: `${phase}, once the rules of its alerts were evaluated` };
    const startNs = this.nowNs();
    for (;;) {
      const sights = await Promise.all(names.map((alert) => alerts(alert)));
      const left = names.filter((_, index) => sights[index]?.evaluated !== true);
      const slowestS = Math.max(0, ...sights.map((sight) => sight?.everyS ?? 0));
      const mostMs = Math.max(evaluationMs, 1000 * alertEvaluations * slowestS);
      if (left.length === 0 || this.nowNs() - startNs >= mostMs * 1e6) {
        const active = names.flatMap((alert, index) =>
          (sights[index]?.active ?? []).map((labels) => ({ alert, labels })),
        );
        if (left.length > 0) record.unevaluated = left;
        if (active.length > 0) record.active = active;
        break;
      }
      await clock.sleep(alertsEveryMs, signal);
    }
    this.waiting = { phase };
  }

  private async watch(step: DrillStep & { kind: 'expect' }): Promise<string> {
    const { clock, signal, alerts } = this.options;
    for (;;) {
      const injectedNs = this.recordOf(step.fault)?.observed.injectedNs;
      if (injectedNs === undefined) return `${step.fault} was not injected`;
      const found = await alerts(step.alert);
      const decided = this.decide(step, injectedNs, found);
      if (decided !== undefined) return decided;
      await clock.sleep(alertsEveryMs, signal);
    }
  }

  /** For those who watch; the verdict reads the alerts again, from the evidence. Undefined: not yet. */
  private decide(
    step: DrillStep & { kind: 'expect' },
    injectedNs: number,
    sight: AlertSight | undefined,
  ): string | undefined {
    const { alert, firesWithinMs, resolvesWithinMs } = step;
    const recoveredNs = this.recoveredNs(step.fault);
    // That one is gone is seen at the next evaluation.
    const lookMs = Math.max(alertLookMs, 2000 * (sight?.everyS ?? 0));
    const watch = watchAlert(sight?.alerts ?? [], {
      alert,
      injectedS: injectedNs / 1e9,
      ...(recoveredNs === undefined ? {} : { recoveredS: recoveredNs / 1e9 }),
    });
    if (watch.fires.kind !== 'fired') {
      if (this.nowNs() < injectedNs + (firesWithinMs + lookMs) * 1e6) return undefined;
      return sight === undefined ? 'Prometheus could not be asked' : `${alert} did not fire`;
    }
    const fired = `${alert} fired after ${seconds(watch.fires.afterS)}`;
    if (resolvesWithinMs === undefined) return fired;
    if (recoveredNs === undefined) return undefined;
    if (watch.resolvedAfterS !== undefined)
      return `${fired} and resolved ${seconds(watch.resolvedAfterS)} after ${step.fault} was over`;
    if (this.nowNs() < recoveredNs + (resolvesWithinMs + lookMs) * 1e6) return undefined;
    return `${fired} and has not resolved`;
  }

  private recordOf(name: string): FaultRecord | undefined {
    return this.options.faults.records().find((one) => one.name === name);
  }

  private recoveredNs(name: string): number | undefined {
    if (!this.options.faults.isOver(name)) return undefined;
    const found = this.recordOf(name);
    if (!this.overNs.has(name)) this.overNs.set(name, this.nowNs());
    return found?.observed.recoveredNs ?? found?.recovery.endpointReadyNs ?? this.overNs.get(name);
  }

  private allOver(): Promise<void> {
    return this.until(() => this.begun.every((name) => this.options.faults.isOver(name)));
  }

  private async until(holds: () => boolean): Promise<void> {
    const { clock, signal } = this.options;
    const look = { timeoutMs: Number.POSITIVE_INFINITY, everyMs: lookEveryMs, signal };
    await waitFor(clock, look, () => holds() || undefined);
  }

  private nowNs(): number {
    return this.options.clock.nowNs() - this.options.t0Ns;
  }

  private say(title: string, text: string): void {
    // Of the scenario, and for a terminal.
    this.options.say(`${title.padEnd(titleWidth)}${oneLine(text, textMax)}`);
  }
}

/** Before a fault that people wanted to be asked about. */
const nobodyThere = 'nobody can answer: standard input has ended, and --yes, which asks nobody, is not given';

const titleWidth = 13;
const textMax = 500;

function seconds(s: number): string {
  return `${s.toFixed(1)} s`;
}
