import { statSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { SquallError } from '../base/errors.ts';
import { writeReports } from '../record.ts';
import { closingLines } from '../report/closing.ts';
import { comparisonTerminalLines } from '../report/comparison.ts';
import { stableJson } from '../report/json.ts';
import type { Report } from '../report/types.ts';
import { judgeComparison, runsIn, writeAsked } from '../run/compare.ts';
import { runPairs } from '../run/compare-pairs.ts';
import { type Console, type GlobalFlags, maskConsole } from './console.ts';
import { readScenario } from './read-scenario.ts';
import { repeatCommand } from './run.ts';
import { runWatched } from './watched.ts';

/**
 * `squall compare BASELINE CANDIDATE`: two runs, or folders of them; `squall compare SCENARIO` makes the runs itself, as
 * the scenario's compare block says. Exit 0 where the candidate is not worse, 1 where it is, 2 where that cannot be told.
 */
export async function compareCommand(console: Console, flags: GlobalFlags, args: string[]): Promise<number> {
  const [before, after, ...more] = args;
  if (before !== undefined && after === undefined && isFile(before))
    return comparePairs(console, flags, before);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new SquallError({
      code: 'SQ-USAGE',
      what: 'two things are compared',
      where: 'squall compare',
      expected:
        'the folder of a run, or of several, for BASELINE and for CANDIDATE, or one scenario with a compare block',
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
  sayMeasures(console, report);
  const paths = { report: relative(process.cwd(), `${out}/report.html`), again: command, faultsLeft: [] };
  for (const line of closingLines(report, paths, { color: console.color })) console.say(line);
  return report.exitCode;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

async function comparePairs(plain: Console, flags: GlobalFlags, path: string): Promise<number> {
  const choice = await readScenario(flags, path);
  const { secrets, runId } = choice;
  const console = maskConsole(plain, secrets);
  const dir = resolve(flags.out ?? `reports/${runId}`);
  const again = repeatCommand('compare', flags, path);
  return runWatched({ console, flags, secrets, runId, dir, again }, async (watch) => {
    const report = await runPairs({
      ...choice,
      dir,
      reread: (sets) => readScenario({ ...flags, runId, set: [...(flags.set ?? []), ...sets] }, path),
      command: again,
      clock: systemClock,
      ...watch,
    });
    sayMeasures(console, report);
    return { report, faultsLeft: [] };
  });
}

function sayMeasures(console: Console, { comparison }: Report): void {
  if (comparison !== undefined) for (const line of comparisonTerminalLines(comparison)) console.say(line);
}
