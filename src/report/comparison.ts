import type { VerdictWord } from '../base/signal.ts';
import type { ComparedMeasure, ComparedRun, ComparisonReport } from './comparison-types.ts';
import { formatCount, formatNumber, formatPercent, formatUnit, oneLine, type Shown } from './format.ts';
import { table, text } from './markdown-text.ts';
import { verdictSymbol } from './sentences.ts';
import type { Report } from './types.ts';

/** What `squall compare` found, in the words that terminal, Markdown, JUnit and HTML share. */

export const comparedNames = [
  'verdict',
  'measure',
  'baseline',
  'candidate',
  'change',
  '95 % interval',
  'counts beyond',
  'why',
];

const word: Record<ComparedMeasure['verdict'], VerdictWord> = {
  worse: 'fail',
  same: 'pass',
  better: 'pass',
  unknown: 'unknown',
};

export function verdictOfMeasure({ verdict }: ComparedMeasure): VerdictWord {
  return word[verdict];
}

/** The worst first. */
export function comparedRows(comparison: ComparisonReport): string[][] {
  return worstMeasuresFirst(comparison.measures).map((measure) => [
    `${verdictSymbol[word[measure.verdict]]} ${measure.verdict}`,
    `${oneLine(measure.name, 120)}${measure.needed ? '' : ' (not required)'}`,
    formatUnit(measure.baseline, measure.unit),
    formatUnit(measure.candidate, measure.unit),
    changeText(measure.change),
    intervalText(measure),
    measure.unit === 'count' && measure.p === null ? 'the first one' : formatPercent(measure.margin),
    oneLine(measure.reason, 200),
  ]);
}

/** How the answer came about, and of what runs. */
export function comparedFacts(comparison: ComparisonReport): { name: string; value: string }[] {
  const { design, level, measures } = comparison;
  const pairs = Math.max(
    0,
    ...measures.filter(({ p }) => p !== null).map(({ observations }) => observations),
  );
  const how =
    design === 'stretches'
      ? `one run each: up to ${formatCount(pairs)} stretches at the same time of the plan as pairs, signed-rank test; ` +
        'the margins hold what two runs of one build are taken to differ by: several runs of each tell more'
      : "runs of both sides, Student's t on logarithms";
  return [
    { name: 'baseline', value: runsText(comparison.baseline) },
    { name: 'candidate', value: runsText(comparison.candidate) },
    ...whatDiffers(comparison),
    ...(pairs === 0
      ? []
      : [
          { name: 'statistic', value: how },
          {
            name: 'false alarms',
            value: `at most ${formatPercent(level)} of comparisons of equals, over all measures together (Holm)`,
          },
        ]),
    ...(comparison.reasons.length === 0
      ? []
      : [{ name: 'not comparable', value: oneLine(comparison.reasons.join('; '), 1000) }]),
  ];
}

export function comparisonLines({ comparison }: Report): string[] {
  if (comparison === undefined) return [];
  const facts = comparedFacts(comparison).map(({ name, value }) => `- ${name}: ${text(value, 1000)}`);
  const rows = comparedRows(comparison).map((row) => row.map((cell) => text(cell, 300)));
  return ['## Comparison', '', ...facts, '', ...table('Measures', comparedNames, rows, '###')];
}

/** For the terminal: a line for each measure, the worst first. */
export function comparisonTerminalLines(comparison: ComparisonReport): string[] {
  const rows = comparedRows(comparison).map(([verdict = '', name = '', before = '', after = '', ...rest]) => [
    verdict,
    name,
    `${before} -> ${after}`,
    rest[0] === '' ? '' : `${rest[0]} (${rest[1]})`,
    rest[3] ?? '',
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

export function worstMeasuresFirst(measures: readonly ComparedMeasure[]): ComparedMeasure[] {
  const order: ComparedMeasure['verdict'][] = ['worse', 'unknown', 'better', 'same'];
  return measures.toSorted((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
}

/** The sides as they were told apart, and the programs whose versions are not the same. */
function whatDiffers({ sides, baseline, candidate }: ComparisonReport): { name: string; value: string }[] {
  const versionsOf = (runs: readonly ComparedRun[], name: string) =>
    [...new Set(runs.map(({ versions }) => versions[name] ?? 'none'))].join(', ');
  const names = new Set([...baseline, ...candidate].flatMap(({ versions }) => Object.keys(versions)));
  const versions = [...names].flatMap((name) => {
    const [before, after] = [versionsOf(baseline, name), versionsOf(candidate, name)];
    return before === after ? [] : [`${name} ${before} and ${after}`];
  });
  const told = sides === undefined ? [] : [`${sides.baseline} and ${sides.candidate}`];
  const all = [...told, ...versions];
  return all.length === 0 ? [] : [{ name: 'what differs', value: oneLine(all.join('; '), 400) }];
}

function runsText(runs: readonly ComparedRun[]): string {
  const named = runs.slice(0, 5).map(({ id, startedAt }) => `${oneLine(id, 60)} (${startedAt})`);
  const more = runs.length > 5 ? [`and ${formatCount(runs.length - 5)} more`] : [];
  return runs.length === 0 ? 'none' : [...named, ...more].join(', ');
}

export function intervalText({ interval }: ComparedMeasure): string {
  return interval === null ? '' : `${changeText(interval[0])} to ${changeText(interval[1])}`;
}

export function changeText(ratio: Shown): string {
  if (ratio === 'Infinity') return '+∞';
  if (ratio === null || ratio === undefined) return '';
  return `${ratio < 0 ? '−' : '+'}${formatNumber(Math.abs(100 * ratio), 3)} %`;
}
