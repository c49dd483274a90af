import type { Clock } from '../base/clock.ts';
import type { FaultEngine } from '../fault/engine.ts';
import type { AlertRecord } from '../observe/alert-record.ts';
import type { DrillStepRecord } from '../observe/drill-record.ts';
import type { DrillStep } from '../scenario/drill-spec.ts';

/** Who is asked whether a game day goes on. */
export interface People {
  /** A rehearsal: nobody is there, and every answer is 'go on'. */
  absent?: true;
  /** 'gone': nobody can answer any more. Rejects when `signal` is aborted. */
  answer(signal: AbortSignal): Promise<'go on' | 'stop' | 'gone'>;
  /** Nobody can answer the next question. */
  gone(): boolean;
}

/** What Prometheus has of an alert now. */
export interface AlertSight {
  alerts: readonly AlertRecord[];
  /** How often its rule is evaluated, s. */
  everyS: number;
  /** Often enough since Prometheus started for its alerts to be seen. */
  evaluated: boolean;
  /** Labels of what is pending or firing at this moment, as AlertRecord has them. */
  active: readonly string[];
}

export interface DrillOptions {
  drill: readonly DrillStep[];
  t0Ns: number;
  /** From t = 0: no step begins before. */
  fromNs: number;
  clock: Clock;
  faults: Pick<FaultEngine, 'begin' | 'isInPlace' | 'isOver' | 'records'>;
  people: People;
  /** Undefined: Prometheus could not be asked. */
  alerts(alert: string): Promise<AlertSight | undefined>;
  say(line: string): void;
  signal: AbortSignal;
}

export interface DrillRun {
  /** As far as it came. */
  records: DrillStepRecord[];
  /** What it waits for now, and for how long at most. */
  now(): { phase: string; untilNs?: number };
  /** Undefined while it goes on. */
  ended(): { kind: 'over' } | { kind: 'stopped'; why: string } | undefined;
}
