import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
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

/** The file under a journal: text is durable only after sync(). */
export interface AppendFile {
  write(text: string): void;
  sync(): void;
  close(): void;
}

/** A journal over any file; the simulator gives one that loses what was not synced. */
export function journalOver(file: AppendFile, clock: Clock): Journal {
  return {
    append: (event) => {
      file.write(encodeEntry({ ...event, atNs: clock.nowNs(), wallMs: clock.wallMs() }));
      file.sync();
    },
    close: () => file.close(),
  };
}

/** Opens FILE for appending, shared by runner, guard and recover. A torn tail is closed off by a line break. */
export function openJournal(file: string, clock: Clock): Journal {
  const fresh = !existsSync(file);
  const fd = openSync(file, 'a', 0o600);
  if (fresh) syncFolder(dirname(file));
  else if (!endsWithBreak(file)) writeSync(fd, '\n');
  return journalOver(
    {
      write: (text) => {
        const bytes = Buffer.from(text);
        // O_APPEND makes one write one line, also with several writers; a short write means a full disk.
        if (writeSync(fd, bytes) < bytes.length) throw new Error(`no room to write ${file}`);
      },
      sync: () => fsyncSync(fd),
      close: () => closeSync(fd),
    },
    clock,
  );
}

/** One line: {"sum":"crc32 of what follows","atNs":...}. The checksum is over the text as it stands. */
export function encodeEntry(entry: JournalEntry): string {
  const rest = JSON.stringify(entry).slice(1);
  return `{"sum":"${checksum(rest)}",${rest}\n`;
}

const headLength = '{"sum":"00000000",'.length;

/** Whole lines of a journal's text. A torn or damaged line is skipped: its effect was never begun. */
export function decodeJournal(text: string): JournalEntry[] {
  const entries: JournalEntry[] = [];
  for (const line of text.split('\n')) {
    const sum = line.slice('{"sum":"'.length, headLength - 2);
    const rest = line.slice(headLength);
    if (line.length <= headLength || checksum(rest) !== sum) continue;
    entries.push(JSON.parse(`{${rest}`) as JournalEntry);
  }
  return entries;
}

/** Every whole entry; an empty list when there is no such file. */
export function readJournal(file: string): JournalEntry[] {
  return existsSync(file) ? decodeJournal(readFileSync(file, 'utf8')) : [];
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

function endsWithBreak(file: string): boolean {
  const text = readFileSync(file);
  return text.length === 0 || text.at(-1) === 0x0a;
}

/** A new file's name is durable only once its folder is synced. */
export function syncFolder(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
