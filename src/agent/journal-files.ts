import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type AppendFile, decodeLines, encodeLine, openAppendFile } from '../base/checked-lines.ts';
import type { Clock } from '../base/clock.ts';
import type { Kernel } from './kernel.ts';
import { type AgentEntry, replay } from './watch.ts';

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
  const path = join(place.folder, `${place.namespace}${suffixOf(place)}`);
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

/** Past its deadline by this much a fault of another run is anybody's to undo: its own agent has not. */
const foreignGraceMs = 10_000;

/** Undoes what agents of other runs left on this node. Resolves when each was tried; what fails is left to the next. */
export async function endForeign(
  place: JournalPlace,
  options: { kernel: Kernel; boot: string; clock: Clock },
): Promise<void> {
  const { kernel, boot, clock } = options;
  const own = `${place.namespace}${suffixOf(place)}`;
  if (!existsSync(place.folder)) return;
  for (const name of readdirSync(place.folder)) {
    if (!name.endsWith(suffixOf(place)) || name === own) continue;
    const path = join(place.folder, name);
    const { held } = replay(readEntries(path), boot);
    const late = held.filter(({ deadlineNs }) => clock.nowNs() > deadlineNs + foreignGraceMs * 1e6);
    const file = openAppendFile(path);
    for (const { order } of late) {
      const detail = await kernel.end(order).catch(() => undefined); // the next agent tries again
      if (detail === undefined) continue;
      file.write(encodeLine({ kind: 'over', id: order.id, outcome: { state: 'ended', detail }, atNs: 0 }));
      file.sync();
    }
    file.close();
  }
}

function suffixOf({ node }: JournalPlace): string {
  return `.${node}.jsonl`;
}

function readEntries(path: string): AgentEntry[] {
  return existsSync(path) ? (decodeLines(readFileSync(path, 'utf8')) as AgentEntry[]) : [];
}
