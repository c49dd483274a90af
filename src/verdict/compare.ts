import type { VerdictWord } from '../base/signal.ts';
import type { RunRecord } from '../observe/evidence.ts';
import type { ComparedMeasure, ComparisonReport } from '../report/comparison-types.ts';
import {
  type CountedMeasure,
  countedMeasures,
  lost,
  type RunEvidence,
  type Span,
  timedMeasures,
} from './compared-measures.ts';
import { format } from './measured.ts';
import { type Found, familyLevel, findAlongRuns, findAmongRuns, judgeMeasures } from './regression.ts';

/** Two sides of one run each, or of several: what got worse. Pure; the runs of a side are in the order of their start. */
export function compareSides(sides: Sides): {
  comparison: ComparisonReport;
  verdict: VerdictWord;
} {
  const { baseline, candidate } = sides;
  const design = baseline.length === 1 && candidate.length === 1 ? 'stretches' : 'runs';
  const different = whyDifferent(sides);
  const reasons = [...different, ...whyDoubted(sides)];
  const measures =
    different.length > 0 ? [] : reasons.length > 0 ? compareLoss(sides) : measure(sides, design);
  const verdict = verdictOf(measures, reasons);
  return {
    verdict,
    comparison: {
      sentence: sentenceOf(measures, reasons),
      baseline: baseline.map(runOf),
      candidate: candidate.map(runOf),
      design,
      level: familyLevel,
      reasons,
      measures,
    },
  };
}

interface Sides {
  baseline: RunEvidence[];
  candidate: RunEvidence[];
}

/** What makes figures of two runs say something else than that their targets differ. */
function whyDifferent({ baseline, candidate }: Sides): string[] {
  const first = baseline[0]?.record;
  if (first === undefined || candidate.length === 0) return ['one side has no run'];
  return [...baseline, ...candidate].flatMap(({ record }) =>
    differences(first, record).map((what) => `run ${record.plan.runId} has ${what}`),
  );
}

/** A run that does not count has no figures; a loss found in it is a loss all the same. */
function whyDoubted({ baseline, candidate }: Sides): string[] {
  return [...baseline, ...candidate].flatMap(({ record, report }) => [
    ...whyOtherLength(record),
    ...(report.validity.valid ? [] : [`run ${record.plan.runId} is not valid`]),
    ...report.faults
      .filter(({ verified }) => !verified)
      .map(({ name }) => `fault ${name} of run ${record.plan.runId} had no proven effect`),
  ]);
}

/** Figures are over the whole load. */
function whyOtherLength({ plan: { runId }, ended }: RunRecord): string[] {
  if (ended.kind === 'complete') return [];
  return ended.kind === 'drilled'
    ? [`run ${runId} is a game day, which lasts as long as its people and its alerts take`]
    : [`run ${runId} did not run to its end`];
}

function differences(first: RunRecord, other: RunRecord): string[] {
  const differs = (of: (record: RunRecord) => unknown) =>
    JSON.stringify(of(first)) !== JSON.stringify(of(other));
  const checks: [string, (record: RunRecord) => unknown][] = [
    ['another load', ({ plan }) => plan.entries.map(({ spec }) => spec)],
    ['another warmup', ({ plan }) => plan.warmupNs],
    ['other faults', ({ plan }) => plan.faults.map(({ spec }) => spec)],
    ['another kind of target', ({ targetKind }) => targetKind],
    ['another machine', ({ machine }) => [machine.cpu, machine.cores, machine.memoryGiB]],
  ];
  return checks.filter(([, of]) => differs(of)).map(([what]) => what);
}

function measure(sides: Sides, design: ComparisonReport['design']): ComparedMeasure[] {
  const [first, other] = [sides.baseline[0], sides.candidate[0]];
  if (first === undefined || other === undefined) return [];
  const span: Span = { fromS: first.record.plan.warmupNs / 1e9, toS: first.record.plan.endNs / 1e9 };
  const ofSides = (of: (run: RunEvidence) => number | undefined) => ({
    baseline: sides.baseline.map(of),
    candidate: sides.candidate.map(of),
  });
  const timed = timedMeasures(first.record).map((spec): Found => {
    if (design === 'runs')
      return findAmongRuns(
        spec,
        ofSides((run) => spec.value(run, span)),
      );
    const whole = { baseline: spec.value(first, span), candidate: spec.value(other, span) };
    return findAlongRuns(spec, whole, (count) => {
      const spans = stretchesOf(span, count);
      const along = (run: RunEvidence) => spans.map((stretch) => spec.value(run, stretch));
      return { baseline: along(first), candidate: along(other) };
    });
  });
  const counts = countedMeasures.map((spec) =>
    compareCounts(
      spec,
      ofSides(({ report }) => spec.count(report)),
    ),
  );
  const open = [...timed, ...counts.flatMap((one) => ('spec' in one ? [one] : []))];
  const judged = judgeMeasures(open);
  const closed = counts.flatMap((one) => ('spec' in one ? [] : [one]));
  return [...closed, ...judged];
}

function compareLoss({ baseline, candidate }: Sides): ComparedMeasure[] {
  const count = ({ report }: RunEvidence) => lost.count(report);
  const found = compareCounts(lost, { baseline: baseline.map(count), candidate: candidate.map(count) });
  return 'spec' in found ? judgeMeasures([found]) : [found];
}

function stretchesOf({ fromS, toS }: Span, count: number): Span[] {
  const lengthS = (toS - fromS) / count;
  return Array.from({ length: count }, (_, i) => ({
    fromS: fromS + i * lengthS,
    toS: fromS + (i + 1) * lengthS,
  }));
}

/** Where one side has none at all there is nothing to estimate: the first item counts. */
function compareCounts(
  spec: CountedMeasure,
  values: { baseline: (number | undefined)[]; candidate: (number | undefined)[] },
): Found | ComparedMeasure {
  const sum = (side: (number | undefined)[]) =>
    side.reduce<number>((all, one) => all + (one ?? Number.NaN), 0);
  const [before, after] = [sum(values.baseline), sum(values.candidate)];
  if (before > 0 && after > 0) return findAmongRuns(spec, values);
  const { name, unit, better, margin, needed } = spec;
  const observations = values.baseline.length + values.candidate.length;
  const shown = { name, unit, better, margin, needed, observations, change: null, interval: null, p: null };
  if (Number.isNaN(before + after)) {
    const reason = 'it is not known of every run';
    return { ...shown, baseline: null, candidate: null, verdict: 'unknown', reason };
  }
  const verdict = before === after ? 'same' : before === 0 ? 'worse' : 'better';
  const reason =
    verdict === 'same'
      ? 'none on either side'
      : verdict === 'worse'
        ? 'none in the baseline: the first one counts'
        : 'none in the candidate';
  return { ...shown, baseline: before, candidate: after, verdict, reason };
}

/** What fails needs no more; what is needed and not known leaves it open. */
function verdictOf(measures: readonly ComparedMeasure[], reasons: readonly string[]): VerdictWord {
  if (measures.some(({ verdict }) => verdict === 'worse')) return 'fail';
  const open = measures.some(({ verdict, needed }) => needed && verdict === 'unknown');
  return reasons.length > 0 || measures.length === 0 || open ? 'unknown' : 'pass';
}

function sentenceOf(measures: readonly ComparedMeasure[], reasons: readonly string[]): string {
  const worse = measures.filter(({ verdict }) => verdict === 'worse');
  if (worse.length > 0) return `The candidate is worse in ${worse.map(changeOf).join(', ')}.`;
  if (reasons.length > 0) return `The two cannot be compared: ${reasons.join('; ')}.`;
  const open = measures.filter(({ verdict, needed }) => needed && verdict === 'unknown');
  if (open.length > 0)
    return `Whether the candidate is worse is not known: ${open.map(({ name, reason }) => `${name} (${reason})`).join(', ')}.`;
  const better = measures.filter(({ verdict }) => verdict === 'better');
  const also = better.length === 0 ? '' : `, and better in ${better.map(changeOf).join(', ')}`;
  return `The candidate is not worse by more than the margins${also}.`;
}

function changeOf({ name, change, interval, candidate, unit }: ComparedMeasure): string {
  if (typeof change !== 'number' || interval === null)
    return `${name} (${candidate} ${unit === 'count' ? 'in place of none' : unit})`;
  const sign = (ratio: number | 'Infinity') =>
    ratio === 'Infinity' ? '+∞' : `${ratio < 0 ? '−' : '+'}${format(Math.abs(100 * ratio))}`;
  return `${name} (${sign(change)} %, 95 % interval ${sign(interval[0])} to ${sign(interval[1])} %)`;
}

function runOf({ record, report }: RunEvidence): ComparisonReport['baseline'][number] {
  const { plan, startedAt, versions } = record;
  return { id: plan.runId, startedAt, verdict: report.verdict, versions };
}
