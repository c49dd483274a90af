import { existsSync, readFileSync } from 'node:fs';
import { type AppendFile, decodeLines, encodeLine, openAppendFile } from '../base/checked-lines.ts';
import type { Clock } from '../base/clock.ts';
import type { Undo } from './fault.ts';

export type Actor = 'runner' | 'guard' | 'recover';

/** What is written down. `injection` names one fault on one member. */
export type JournalEvent =
  | { kind: 'run'; runId: string; dir: string; pid: number; startTicks: number }
  | { kind: 'process'; name: string; pid: number; startTicks: number }
  /** Something that is not a fault and must be undone at the end, such as a mount; written before it is made. */
  | { kind: 'resource'; what: string; undo: Undo[] }
  | {
      kind: 'intent';
      injection: string;
      fault: string;
      faultKind: string;
      member: string;
      undo: Undo[];
      /** Monotonic clock: from then on the guard may undo it though the runner lives. */
      deadlineNs: number;
    }
  /** A further undo that was not known at the intent; written before what it undoes. */
  | { kind: 'amend'; injection: string; undo: Undo[] }
  | { kind: 'applied' | 'observed' | 'reverting'; injection: string; by: Actor; detail?: string }
  | { kind: 'reverted'; injection: string; by: Actor; detail?: string }
  | { kind: 'verified'; injection: string; by: Actor; seen: boolean; detail?: string }
  | { kind: 'note'; fault: string; event: string; detail: Record<string, unknown> }
  | { kind: 'run-closed'; by: Actor; clean: boolean; left: string[] };

export type JournalEntry = JournalEvent & { atNs: number; wallMs: number };

export interface Journal {
  /** Returns when the event is on the disk. Throws when it could not be written: then nothing may be done. */
  append(event: JournalEvent): void;
  close(): void;
}

/** A journal over any file; the simulator gives one that loses what was not synced. */
export function journalOver(file: AppendFile, clock: Clock): Journal {
  return {
    append: (event) => {
      file.write(encodeLine({ ...event, atNs: clock.nowNs(), wallMs: clock.wallMs() }));
      file.sync();
    },
    close: () => file.close(),
  };
}

/** Opens FILE for appending, shared by runner, guard and recover. */
export function openJournal(file: string, clock: Clock): Journal {
  return journalOver(openAppendFile(file), clock);
}

/** Whole lines of a journal's text. */
export function decodeJournal(text: string): JournalEntry[] {
  return decodeLines(text) as JournalEntry[];
}

/** Every whole entry; an empty list when there is no such file. */
export function readJournal(file: string): JournalEntry[] {
  return existsSync(file) ? decodeJournal(readFileSync(file, 'utf8')) : [];
}
