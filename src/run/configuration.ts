import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { RuleRecord } from '../observe/rules.ts';
import type { Report } from '../report/types.ts';

/** A page shows them whole; what is longer than this was written by a program and is cut. */
const charsMax = 16 * 1024;
const filesMax = 10;

/**
 * What the run was told: evidence/scenario.yaml and config-MEMBER.yaml, which were masked when they were written, and the
 * rules that Prometheus had; [] without them.
 */
export async function readConfiguration(
  evidence: string,
  rules: readonly RuleRecord[] = [],
): Promise<Required<Report>['configuration']> {
  const names = (await readdir(evidence)).filter((name) => /^(?:scenario|config-.+)\.yaml$/.test(name));
  // The scenario first: it says what the others are for.
  const rank = (name: string) => (name === 'scenario.yaml' ? '' : name);
  const shown = names.sort((a, b) => (rank(a) < rank(b) ? -1 : 1)).slice(0, filesMax);
  const files = await Promise.all(
    shown.map(async (name) => ({ name, text: cut(await readFile(join(evidence, name), 'utf8')) })),
  );
  if (rules.length === 0) return files;
  return [...files, { name: 'rules that Prometheus had loaded', text: cut(ruleFile(rules)) }];
}

function cut(text: string): string {
  return text.length > charsMax ? `${text.slice(0, charsMax)}\n# cut here` : text;
}

/** As a rule file has them; neighbours of one group stand together. */
function ruleFile(rules: readonly RuleRecord[]): string {
  const groups: { name: string; rules: object[] }[] = [];
  for (const { group, kind, name, expr, forS, labels, error } of rules) {
    if (groups.at(-1)?.name !== group) groups.push({ name: group, rules: [] });
    groups.at(-1)?.rules.push({
      [kind]: name,
      expr,
      ...(forS === undefined ? {} : { for: `${forS}s` }),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(error === undefined ? {} : { 'failed to be evaluated': error }),
    });
  }
  return stringify({ groups }, { lineWidth: 110 });
}
