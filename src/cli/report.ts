import { join, relative, resolve } from 'node:path';
import { readRecord, writeReports } from '../record.ts';
import { stableJson } from '../report/json.ts';
import { isSearch } from '../run/capacity-record.ts';
import { judgeSearch } from '../run/capacity-report.ts';
import { isComparison, judgeComparison } from '../run/compare.ts';
import { judgeEvidence } from '../run/finish.ts';
import type { Console, GlobalFlags } from './console.ts';
import { openPage } from './open-page.ts';
import { writeIndex } from './report-index.ts';

/**
 * `squall report [RUN]`: judges the evidence again and writes the same files; byte for byte unless squall changed. With
 * --index a page over all runs of a folder instead. --open shows what was written.
 */
export async function reportCommand(console: Console, flags: GlobalFlags, args: string[]): Promise<number> {
  if (flags.index === true) return await indexCommand(console, flags, resolve(args[0] ?? 'reports'));
  const dir = resolve(args[0] ?? 'reports/latest');
  const search = isSearch(dir) ? await judgeSearch(dir) : undefined;
  const compared = isComparison(dir) ? await judgeComparison(dir) : undefined;
  const report = search ?? compared ?? (await judgeEvidence(dir, await readRecord(dir)));
  const out = flags.out === undefined ? dir : resolve(flags.out);
  await writeReports(out, report);
  if (flags.json === true) console.print(stableJson(report));
  console.say(`wrote ${relative(process.cwd(), out)}/report.{json,html,md} and junit.xml`);
  if (flags.open === true) await show(console, join(out, 'report.html'));
  return 0;
}

async function indexCommand(console: Console, flags: GlobalFlags, dir: string): Promise<number> {
  const { file, entries, unreadable } = await writeIndex(dir);
  if (flags.json === true) console.print(JSON.stringify({ runs: entries, unreadable }, undefined, 2));
  const bad = unreadable.length === 0 ? '' : `, ${unreadable.length} not readable`;
  console.say(`wrote ${file}: ${entries.length} runs${bad}`);
  if (flags.open === true) await show(console, join(dir, 'index.html'));
  return 0;
}

/** The files are written: that no browser opens is no failure of the command. */
async function show(console: Console, file: string): Promise<void> {
  const why = await openPage(file, process.env);
  if (why !== undefined) console.say(`no browser opened (${why}); open ${relative(process.cwd(), file)}`);
}
