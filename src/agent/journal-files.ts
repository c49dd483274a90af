import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type AppendFile, decodeLines, encodeLine, openAppendFile } from '../base/checked-lines.ts';
import type { Clock } from '../base/clock.ts';
import type { Kernel } from './kernel.ts';
import { type AgentEntry, overdue } from './watch.ts';

/** One journal for each run and node: nodes may share a folder, and runs share a node. */
export interface JournalPlace {
  folder: string;
  namespace: string;
  node: string;
}

export function openAgentJournal(place: JournalPlace): {
  entries: AgentEntry[];
  file: AppendFile;
  /** Takes it away: nothing of it is held any more. */
  remove(): void;
} {
  mkdirSync(place.folder, { recursive: true, mode: 0o700 });
  const path = join(place.folder, ownName(place));
  const entries = readEntries(path);
  const file = openAppendFile(path);
  return {
    entries,
    file,
    remove: () => {
      file.close();
      rmSync(path, { force: true });
    },
  };
}

/** The journals of all runs on this node, as they are now. */
export function readJournals(place: JournalPlace): { own: boolean; entries: AgentEntry[] }[] {
  return namesIn(place).map((name) => ({
    own: name === ownName(place),
    entries: readEntries(join(place.folder, name)),
  }));
}

/** Past its end by this much a fault of another run is anybody's to undo: its own agent has not. */
const foreignGraceMs = 10_000;

/** Undoes what agents of other runs left on this node. Resolves when each was tried; what fails is left to the next. */
export async function endForeign(
  place: JournalPlace,
  options: { kernel: Kernel; boot: string; clock: Clock },
): Promise<void> {
  const { kernel, boot, clock } = options;
  for (const name of namesIn(place).filter((one) => one !== ownName(place))) {
    const path = join(place.folder, name);
    const late = overdue(readEntries(path), { boot, nowNs: clock.nowNs(), graceMs: foreignGraceMs });
    const file = openAppendFile(path);
    for (const order of late) {
      const detail = await kernel.end(order).catch(() => undefined); // the next agent tries again
      if (detail === undefined) continue;
      file.write(encodeLine({ kind: 'over', id: order.id, outcome: { state: 'ended', detail }, atNs: 0 }));
      file.sync();
    }
    file.close();
  }
}

function ownName({ namespace, node }: JournalPlace): string {
  return `${namespace}.${node}.jsonl`;
}

function namesIn({ folder, node }: JournalPlace): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(`.${node}.jsonl`)) : [];
}

/** None when its agent has just taken it away. */
function readEntries(path: string): AgentEntry[] {
  try {
    return decodeLines(readFileSync(path, 'utf8')) as AgentEntry[];
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
