import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { SquallError } from '../base/errors.ts';
import { readReport, writeAtomically } from '../record.ts';
import { type IndexEntry, indexEntry } from '../report/index-entry.ts';

/** Writes index.html over all runs in `dir`, and in its folder `samples` if it has one; gives what it lists. */
export async function writeIndex(
  dir: string,
): Promise<{ file: string; entries: IndexEntry[]; unreadable: string[] }> {
  const entries: IndexEntry[] = [];
  const unreadable: string[] = [];
  for (const folder of await runFolders(dir)) {
    try {
      entries.push(indexEntry(await readReport(join(dir, folder)), folder));
    } catch (error) {
      if (!(error instanceof SquallError)) throw error;
      unreadable.push(folder);
    }
  }
  const { renderIndex } = await import('../report/index-page.ts');
  const file = join(dir, 'index.html');
  await writeAtomically({ [file]: renderIndex(entries, unreadable) });
  return { file: relative(process.cwd(), file), entries, unreadable };
}

/** Folders with a report.json, relative to `dir`; links, such as `latest`, would list a run twice. */
async function runFolders(dir: string): Promise<string[]> {
  const found: string[] = [];
  for (const parent of ['', 'samples']) {
    const names = await readdir(join(dir, parent), { withFileTypes: true }).catch((cause: unknown) => {
      if (parent !== '') return [];
      throw new SquallError(
        {
          code: 'SQ-RUN-NOT-FOUND',
          what: 'there is no folder of runs',
          where: dir,
          next: 'squall run',
        },
        { cause },
      );
    });
    for (const entry of names) {
      if (!entry.isDirectory()) continue;
      const inside = await readdir(join(dir, parent, entry.name));
      if (inside.includes('report.json')) found.push(join(parent, entry.name));
    }
  }
  return found.sort();
}
