import { demandText, studyFacts, studyTables } from './capacity-study.ts';
import type { CapacityReport } from './capacity-types.ts';
import { formatCount, formatDuration, formatMs, formatNumber, formatSeconds } from './format.ts';
import { table, text } from './markdown-text.ts';
import type { Report } from './types.ts';

const trialsMax = 60;

export interface CapacityFact {
  name: string;
  value: string;
  /** Not on the first screen's card: the answers above it say it, or it can wait. */
  isOffCard?: true;
}

/** What the capacity section says; empty for an ordinary run. */
export function capacityFacts({ capacity }: Report): CapacityFact[] {
  if (capacity === undefined) return [];
  const { items, confirmation, noise, sizing, claim } = capacity;
  const row = (name: string, value: string): CapacityFact => ({ name, value });
  const offCard = (name: string, value: string): CapacityFact => ({ name, value, isOffCard: true });
  return [
    offCard('capacity', rangeText(capacity)),
    ...(claim === undefined
      ? []
      : [
          offCard('claimed', `${formatCount(claim.perS)} ${items}/s for each replica: that ${claim.verdict}`),
        ]),
    offCard('breaks first', capacity.binding ?? 'nothing that was tried'),
    offCard(
      'confirmed',
      confirmation === null
        ? 'no'
        : `${confirmation.passed} of ${confirmation.of} fresh trials passed at the lower end, so at least ` +
            `${formatNumber(confirmation.passShareAtLeast, 2)} of all do (95 %); ${confirmation.failedAbove} of ` +
            `${confirmation.ofAbove} failed at the upper`,
    ),
    row(
      'noise',
      noise === null ? 'not measured' : `${formatNumber(100 * noise, 2)} % in CPU per item over like trials`,
    ),
    ...cpuFact(capacity),
    row('searched for', searchedFor(capacity)),
    offCard('highest rate tried for', `${formatCount(capacity.maxPerS)}/s: ${capacity.maxReason}`),
    offCard('generator without a target', `${formatCount(Math.round(capacity.generatorPerS))} ${items}/s`),
    row('time', `${formatDuration(capacity.spentS)}: ${trialCounts(capacity)}`),
    ...(sizing === undefined
      ? []
      : [
          offCard(
            `replicas for ${formatCount(sizing.peakPerS)} ${items}/s`,
            `${sizing.replicas}, ${sizing.word}: ${sizing.formula}${demandText(capacity)}`,
          ),
        ]),
    ...studyFacts(capacity),
    ...(capacity.autoscaling?.facts ?? []),
    ...(capacity.passedAbovePerS.length === 0
      ? []
      : [
          row(
            'passed again above',
            capacity.passedAbovePerS.map((rate) => `${formatCount(rate)}/s`).join(', '),
          ),
        ]),
  ];
}

/** Both ends are stated wider than trials found them, by the noise: hence more than was asked for. */
function searchedFor({ width, pace, lowerPerS, upperPerS }: CapacityReport): string {
  const asked = `ends within ${formatNumber(100 * width, 2)} % (${pace})`;
  if (upperPerS === 'Infinity' || lowerPerS <= 0) return asked;
  return `${asked}; with the noise they are ${formatNumber(100 * (upperPerS / lowerPerS - 1), 2)} % apart`;
}

/** An invalid trial is one that the machine or the generator spoiled. */
function trialCounts({ trials }: CapacityReport): string {
  const of = (status: string) => trials.filter((trial) => trial.status === status).length;
  const parts = [
    [of('pass'), 'passed'],
    [of('fail'), 'failed'],
    [of('unknown'), 'not clear'],
    [of('invalid'), 'spoiled by the machine, not counted'],
  ] as const;
  const words = parts.flatMap(([count, word]) => (count === 0 ? [] : [`${formatCount(count)} ${word}`]));
  return `${formatCount(trials.length)} trials: ${words.join(', ')}`;
}

export function rangeText({ lowerPerS, upperPerS, items, pods }: CapacityReport): string {
  const each = pods === 1 ? '' : `, ${pods} replicas together`;
  if (upperPerS === 'Infinity')
    return lowerPerS <= 0
      ? 'no bounds were found'
      : `above ${formatCount(Math.floor(lowerPerS))} ${items}/s${each}`;
  return `${formatCount(Math.floor(lowerPerS))} to ${formatCount(Math.ceil(upperPerS))} ${items}/s${each}`;
}

export const goalNames = ['goal', 'may be broken', 'holds at', 'breaks at'];
export const sizingNames = ['peak', 'replicas'];

/** Of the goals that every trial has beside the scenario's own: what each asks, and how trials look that broke it. */
export const goalWords: Record<string, { asks: string; broken: string } | undefined> = {
  answered: { asks: 'that requests succeed', broken: 'requests no longer succeed' },
  backlog: {
    asks: 'that it hands on as much as it takes in',
    broken: 'it no longer hands on as much as it takes in',
  },
  loss: { asks: 'that nothing it acknowledged is lost', broken: 'items that it acknowledged are lost' },
  drain: { asks: 'that it is empty after the load', broken: 'it is not empty after the load' },
  restarts: { asks: 'that no member starts again', broken: 'a member starts again' },
};

/** What each goal by itself allows. */
export function goalRows({ capacity }: Report): string[][] {
  return (capacity?.goals ?? []).map(({ name, hard, lowerPerS, upperPerS }) => [
    goalWords[name] === undefined ? name : `${name}: ${goalWords[name].asks}`,
    hard ? 'never' : 'in 1 of 3 trials',
    lowerPerS > 0 ? `${formatCount(lowerPerS)}/s` : '',
    upperPerS === 'Infinity' ? '' : `${formatCount(upperPerS)}/s`,
  ]);
}

const purposeWords: Record<CapacityReport['trials'][number]['purpose'], string> = {
  bracket: 'the range',
  noise: 'the noise',
  classify: 'the bounds',
  below: 'the lower end',
  above: 'the upper end',
  study: 'the study',
};

export function trialRows({ capacity }: Report): string[][] {
  return (capacity?.trials ?? [])
    .slice(0, trialsMax)
    .map((trial) => [
      trial.name,
      trial.variant?.name ?? purposeWords[trial.purpose],
      `${formatCount(trial.ratePerS)}/s`,
      formatSeconds(trial.measureS),
      trial.status,
      formatCount(trial.acknowledgedPerS),
      formatMs(trial.p95Ms),
      formatMs(trial.p99Ms),
      formatNumber(trial.cpuSPerMillion, 3),
      trial.reason,
    ]);
}

export const trialNames = [
  'trial',
  'to find',
  'rate',
  'measured',
  'verdict',
  'acknowledged/s',
  'P95',
  'P99',
  'CPU s per million',
  'why',
];

/** Empty without a confirmed capacity. */
export function sizingRows({ capacity }: Report): string[][] {
  return (capacity?.byPeak ?? []).map(({ peakPerS, replicas }) => [
    `${formatCount(peakPerS)}/s`,
    formatCount(replicas),
  ]);
}

/** Of the trials that passed. */
function cpuFact({ trials, items }: CapacityReport): { name: string; value: string }[] {
  const seen = trials.flatMap(({ status, purpose, cpuSPerMillion }) =>
    status === 'pass' && purpose !== 'study' && cpuSPerMillion !== undefined ? [cpuSPerMillion] : [],
  );
  if (seen.length === 0) return [];
  const ends = [Math.min(...seen), Math.max(...seen)].map((cpuS) => formatNumber(cpuS, 3));
  return [{ name: `CPU per million ${items}`, value: `${[...new Set(ends)].join(' to ')} s` }];
}

/** The section of report.md. */
export function capacityLines(report: Report): string[] {
  if (report.capacity === undefined) return [];
  const words = (rows: string[][]) => rows.map((row) => row.map((cell) => text(cell, 200)));
  return [
    '## Capacity',
    '',
    ...capacityFacts(report).map(({ name, value }) => `- ${text(name)}: ${text(value)}`),
    '',
    ...table('By goal', goalNames, words(goalRows(report)), '###'),
    ...studyTables(report).flatMap(({ title, names, rows }) => table(title, names, words(rows), '###')),
    ...table('Replicas by peak (computed)', sizingNames, words(sizingRows(report)), '###'),
    ...(report.capacity.autoscaling === undefined
      ? []
      : ['### Manifests', '', '```yaml', report.capacity.autoscaling.manifests.trimEnd(), '```', '']),
    ...table('Trials', trialNames, words(trialRows(report)), '###'),
  ];
}
