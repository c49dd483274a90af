import { basename, relative, resolve } from 'node:path';
import { SquallError } from '../base/errors.ts';
import { writeReports } from '../record.ts';
import { closingLines } from '../report/closing.ts';
import { comparisonTerminalLines } from '../report/comparison.ts';
import { stableJson } from '../report/json.ts';
import { judgeComparison, runsIn, writeAsked } from '../run/compare.ts';
import type { Console, GlobalFlags } from './console.ts';

/**
 * `squall compare BASELINE CANDIDATE`: two runs, or folders of them. Exit 0 where the candidate is not worse, 1 where it
 * is, 2 where that cannot be told.
 */
export async function compareCommand(console: Console, flags: GlobalFlags, args: string[]): Promise<number> {
  const [before, after, ...more] = args;
  if (before === undefined || after === undefined || more.length > 0) {
    throw new SquallError({
      code: 'SQ-USAGE',
      what: 'two things are compared',
      where: 'squall compare',
      expected: 'the folder of a run, or of several, for BASELINE and for CANDIDATE',
      found: `${args.length} arguments`,
      next: 'squall compare reports/baseline reports/latest',
    });
  }
  const [baseline, candidate] = [runsIn(before), runsIn(after)];
  const out = resolve(flags.out ?? `reports/compare-${basename(candidate.at(-1) ?? after)}`);
  const command = `squall compare ${before} ${after}`;
  await writeAsked(out, { baseline, candidate, command });
  const report = await judgeComparison(out);
  await writeReports(out, report);
  if (flags.json === true) console.print(stableJson(report));
  if (report.comparison !== undefined)
    for (const line of comparisonTerminalLines(report.comparison)) console.say(line);
  const paths = { report: relative(process.cwd(), `${out}/report.html`), again: command, faultsLeft: [] };
  for (const line of closingLines(report, paths, { color: console.color })) console.say(line);
  return report.exitCode;
}
