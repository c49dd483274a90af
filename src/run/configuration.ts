import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from '../report/types.ts';

/** A page shows them whole; what is longer than this was written by a program and is cut. */
const charsMax = 16 * 1024;
const filesMax = 10;

/** evidence/scenario.yaml and config-MEMBER.yaml, which were masked when they were written; [] without them. */
export async function readConfiguration(evidence: string): Promise<Required<Report>['configuration']> {
  const names = (await readdir(evidence)).filter((name) => /^(?:scenario|config-.+)\.yaml$/.test(name));
  // The scenario first: it says what the others are for.
  const rank = (name: string) => (name === 'scenario.yaml' ? '' : name);
  const shown = names.sort((a, b) => (rank(a) < rank(b) ? -1 : 1)).slice(0, filesMax);
  return await Promise.all(
    shown.map(async (name) => {
      const text = await readFile(join(evidence, name), 'utf8');
      return { name, text: text.length > charsMax ? `${text.slice(0, charsMax)}\n# cut here` : text };
    }),
  );
}
