import type { Clock } from '../base/clock.ts';
import type { FaultSpec } from '../scenario/types.ts';
import type { Member } from '../target/target.ts';
import type { EndedPod, Fault, PodWait, SinkScript, Undo } from './fault.ts';
import type { Journal } from './journal.ts';
import type { UndoResult } from './undo.ts';

/** One fault on one member. */
export interface InjectionOptions {
  /** Unique in the run; names this injection in the journal. */
  injection: string;
  fault: Fault;
  spec: FaultSpec;
  member: Member;
  runId: string;
  sink?: SinkScript;
  journal: Journal;
  guard?: { ensure(): Promise<void> };
  clock: Clock;
  execute(undo: Undo): Promise<UndoResult>;
  /** Monotonic end of the hold; undefined for a one-shot. */
  endNs: number | undefined;
  /** Aborted by a rollback: the hold ends at once. */
  cut: AbortSignal;
  onInjected(): void;
  /** Hears, once, why it could not be undone at its end; it is tried on. */
  onLate?(sentence: string): void;
  /** Whether no other fault holds the same thing of this member: two on one thing cannot be undone one by one. */
  free(): boolean;
}

/** Monotonic times, ns. */
export interface InjectionOutcome {
  member: string;
  /** Just before inject() was called, so that nothing of the effect lies before it. */
  injectedNs?: number;
  /** After everything was undone; undefined while something of it could not be. */
  removedNs?: number;
  /** Where it could not be undone at once: why, and how often that was tried. */
  tries?: UndoTries;
  /** When it was shown gone. */
  goneNs?: number;
  endpointReadyNs?: number;
  /** What pods waited for before they were let go. */
  waits: PodWait[];
  ended: EndedPod[];
  effect: string;
  seen: boolean;
  gone: boolean;
  /** Why it is not shown gone, or what shows it. */
  end: string;
}

export interface UndoTries {
  why: string;
  count: number;
}
