import type { Undo } from './fault.ts';
import type { Actor, Journal, JournalEntry, JournalEvent } from './journal.ts';
import type { ProcessId } from './process-table.ts';
import type { UndoResult } from './undo.ts';

/** A fault on one member that was intended and not yet shown gone. */
export interface OpenInjection {
  injection: string;
  fault: string;
  member: string;
  undo: Undo[];
  deadlineNs: number;
}

/** What a journal says is still to be done. */
export interface OpenWork {
  runner: ProcessId | undefined;
  processes: (ProcessId & { name: string })[];
  /** In the order of their intents. */
  injections: OpenInjection[];
  /** Shown gone, in the same order. */
  closed: OpenInjection[];
  /** Undos of things that are not faults, in the order they were made. */
  resources: Undo[];
  /** Every undo that was ever written down: for reading back. */
  undos: Undo[];
}

/** Pure: an injection is open from its intent, or its effect if that came later, until it was read back as gone. */
export function openWork(entries: readonly JournalEntry[]): OpenWork {
  const open = new Map<string, OpenInjection>();
  const known = new Map<string, OpenInjection>();
  const none = { processes: [], injections: [], closed: [], resources: [], undos: [] };
  const work: OpenWork = { runner: undefined, ...none };
  for (const entry of entries) {
    switch (entry.kind) {
      case 'run':
        work.runner = { pid: entry.pid, startTicks: entry.startTicks };
        break;
      case 'process':
        work.processes.push({ name: entry.name, pid: entry.pid, startTicks: entry.startTicks });
        break;
      case 'resource':
        work.resources.push(...entry.undo);
        work.undos.push(...entry.undo);
        break;
      case 'intent': {
        const { injection, fault, member, undo, deadlineNs } = entry;
        const intended = { injection, fault, member, undo: [...undo], deadlineNs };
        known.set(injection, intended);
        open.set(injection, intended);
        work.undos.push(...undo);
        break;
      }
      case 'amend':
        known.get(entry.injection)?.undo.push(...entry.undo);
        work.undos.push(...entry.undo);
        break;
      case 'applied': {
        // By a runner that slept between intent and effect, after a guard had undone what was not there yet.
        const late = known.get(entry.injection);
        if (late !== undefined) open.set(entry.injection, late);
        break;
      }
      case 'verified':
        if (entry.seen) open.delete(entry.injection);
        break;
    }
  }
  work.injections = [...open.values()];
  work.closed = [...known.values()].filter(({ injection }) => !open.has(injection));
  return work;
}

export interface UndoPower {
  execute(undo: Undo): Promise<UndoResult>;
  /** What of it can still be seen, or undefined. */
  remains(undo: Undo): Promise<string | undefined>;
}

/**
 * Undoes the injections, the latest first (two changes of one file come off in reverse), each one's undos in reverse
 * too, and reads them back. One failure never keeps the others from being tried. Returns what is left, as sentences.
 */
export async function undoInjections(options: {
  injections: readonly OpenInjection[];
  journal: Journal;
  by: Actor;
  power: UndoPower;
}): Promise<string[]> {
  const left: string[] = [];
  for (const open of options.injections.toReversed()) {
    left.push(...(await undoOne(open, options)));
  }
  return left;
}

async function undoOne(
  open: OpenInjection,
  options: { journal: Journal; by: Actor; power: UndoPower },
): Promise<string[]> {
  const { injection } = open;
  const { by } = options;
  record(options.journal, { kind: 'reverting', injection, by });
  const results: UndoResult[] = [];
  for (const undo of open.undo.toReversed()) results.push(await options.power.execute(undo));
  const detail = results.map(({ reason }) => reason).join('; ');
  const failed = results.filter(({ done }) => !done).map(({ reason }) => reason);
  if (failed.length === 0) record(options.journal, { kind: 'reverted', injection, by, detail });
  const remains = await Promise.all(open.undo.map((undo) => options.power.remains(undo)));
  const left = [...failed, ...remains.filter((line) => line !== undefined)];
  record(options.journal, { kind: 'verified', injection, by, seen: left.length === 0, detail });
  return left.map((line) => `${open.fault} on ${open.member}: ${line}`);
}

/** What is undone must be undone though the disk is full: after an effect the journal may fail, the undo may not. */
export function record(journal: Journal, event: JournalEvent): void {
  try {
    journal.append(event);
  } catch {
    // The entry is missing, so a later replay does this undo again; undos are idempotent.
  }
}
