import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SquallError } from '../base/errors.ts';
import { writeReports } from '../record.ts';
import type { Report } from '../report/types.ts';
import type { RunOptions } from '../run.ts';
import type { CompareSpec, MemberSettings } from '../scenario/compare-spec.ts';
import { collectorsOf, type Scenario } from '../scenario/types.ts';
import { isComparison, judgeComparison, writeAsked } from './compare.ts';
import { runOfSeries } from './series.ts';

export interface PairsOptions extends Omit<RunOptions, 'demo' | 'capture'> {
  /** The scenario with these settings on top, as --set has them. */
  reread(sets: readonly string[]): Promise<Pick<RunOptions, 'scenario' | 'texts' | 'secrets'>>;
}

type Side = 'baseline' | 'candidate';

/**
 * `squall compare SCENARIO`: both sides in turn on one machine, so that what changes over time meets them alike; then
 * what got worse. Throws SquallError where a run cannot be made; the runs before it stay.
 */
export async function runPairs(options: PairsOptions): Promise<Report> {
  const { dir, scenario, live } = options;
  const spec = needCompare(scenario);
  if (isComparison(dir)) throw taken(dir);
  // Mistakes of either side are told now, and not after its first turn.
  const sides = {
    baseline: await options.reread(setsOf(scenario, spec, 'baseline')),
    candidate: await options.reread(setsOf(scenario, spec, 'candidate')),
  };
  const order = turns(spec.pairs);
  const made: Record<Side, string[]> = { baseline: [], candidate: [] };
  for (const [i, side] of order.entries()) {
    const folder = join(side, String(made[side].length + 1).padStart(2, '0'));
    const name = folder.replace('/', '-');
    const runId = `${options.runId}-${name}`;
    const one = { ...options, ...sides[side], runId, dir: join(dir, folder) };
    const report = await runOfSeries(one, `${side}, run ${i + 1} of ${order.length}`);
    if (report === undefined) throw interrupted(options);
    made[side].push(folder);
    live.say(`run ${i + 1} of ${order.length}  ${name}: ${report.verdict}`);
  }
  const words = { baseline: wordsOf(spec.baseline), candidate: wordsOf(spec.candidate) };
  await writeAsked(dir, { ...made, command: options.command, sides: words });
  const report = await judgeComparison(dir);
  await writeReports(dir, report);
  return report;
}

/** A B, B A, A B, ...: neither side is always the first. */
function turns(pairs: number): Side[] {
  return Array.from({ length: pairs }, (_, i): Side[] =>
    i % 2 === 0 ? ['baseline', 'candidate'] : ['candidate', 'baseline'],
  ).flat();
}

function setsOf({ target }: Scenario, spec: CompareSpec, side: Side): string[] {
  const member = spec.member ?? Object.keys(collectorsOf(target))[0] ?? '';
  return Object.entries(spec[side]).map(
    ([key, value]) => `target.${target.kind}.members.${member}.${key}=${JSON.stringify(value)}`,
  );
}

function wordsOf(settings: MemberSettings): string {
  const all = Object.entries(settings).map(
    ([key, value]) => `${key} ${key === 'image' ? value : basename(value)}`,
  );
  return all.length === 0 ? 'the target as it stands' : all.join(', ');
}

function needCompare(scenario: Scenario): CompareSpec {
  if (scenario.compare !== undefined) return scenario.compare;
  throw new SquallError({
    code: 'SQ-USAGE',
    what: `${scenario.name} has no compare block`,
    expected: 'compare: {baseline: {config: ...}, candidate: {config: ...}}, or two folders of runs',
    found: 'none',
    next: 'squall compare BASELINE CANDIDATE, or add the block',
  });
}

function taken(dir: string): SquallError {
  return new SquallError({
    code: 'SQ-OUT-UNWRITABLE',
    what: 'the folder already holds a comparison',
    where: dir,
    next: 'squall compare SCENARIO --out another/folder',
  });
}

function interrupted({ dir, command }: PairsOptions): SquallError {
  const both = ['baseline', 'candidate'].every((side) => existsSync(join(dir, side, '01')));
  return new SquallError({
    code: 'SQ-INTERRUPTED',
    what: 'stopped before all runs were made; everything was rolled back',
    where: dir,
    next: both ? `squall compare ${join(dir, 'baseline')} ${join(dir, 'candidate')}` : command,
  });
}
