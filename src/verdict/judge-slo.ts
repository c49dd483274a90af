import type { VerdictWord } from '../base/signal.ts';
import type { SloResult } from '../report/types.ts';
import { findMeasure, formatMeasure } from '../scenario/measures.ts';
import type { SloSpec, ThresholdSpec } from '../scenario/types.ts';
import { keeps } from './comparison.ts';
import type { Facts } from './facts.ts';
import { measureValue } from './measure.ts';
import { formatWithUnit, type Measured, none } from './measured.ts';
import { type Asked, promqlValue } from './promql-value.ts';
import { findWindow } from './windows.ts';

/** Why the whole run tells less than its numbers seem to. */
export interface Doubts {
  /** The run is not valid, or a fault had no effect: nothing but a loss found stands. */
  voided: string[];
  /** Due items that the generator never sent: no loss of the target's, though undelivered. Default 0. */
  missedByGenerator?: number;
  /** The run was cut short: what passes so far might not have passed to the end. */
  cutShort?: string;
  /** The SLO whose stop condition ended the run. */
  stoppedBy?: string;
}

type Evaluated = Measured & Asked;

/** One result per threshold. Never throws: a check that crashes is unknown. */
export function judgeSlo(facts: Facts, doubts: Doubts, slo: SloSpec): SloResult[] {
  return slo.thresholds.map((threshold) => {
    let found: Evaluated;
    try {
      found = evaluate(facts, slo, threshold);
    } catch (error) {
      found = none(`the check itself failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    return conclude(slo, threshold, found, doubts, facts);
  });
}

function evaluate(facts: Facts, slo: SloSpec, threshold: ThresholdSpec): Evaluated {
  const window = findWindow(facts.windows, slo.window);
  if (window === undefined) return none(whyNoWindow(facts, slo.window));
  if (slo.source.kind === 'promql') return promqlValue(facts, { slo, threshold, window });
  const { measure, tags } = slo.source;
  return measureValue(facts, { measure, tags, aggregation: threshold.aggregation, window });
}

function conclude(
  slo: SloSpec,
  threshold: ThresholdSpec,
  found: Evaluated,
  doubts: Doubts,
  facts: Facts,
): SloResult {
  const source = sourceOf(slo);
  const plain = compare(threshold, found);
  const lossFound = source === 'ledger' && compare(threshold, lessMissed(slo, found, doubts)) === 'fail';
  const { verdict, reason } = doubt(
    { slo, lossFound, facts, doubts },
    plain,
    describe(slo, threshold, found),
  );
  return {
    name: slo.name,
    source,
    ...(slo.source.kind === 'measure'
      ? { measure: formatMeasure({ name: slo.source.measure, tags: stringTags(slo.source.tags) }) }
      : { promql: slo.source.query }),
    window: slo.window,
    threshold: threshold.text,
    actual: encodeNumber(found.value),
    unit: slo.unit,
    verdict,
    reason,
    ...(found.interval === undefined
      ? {}
      : { interval: [encodeNumber(found.interval[0]), encodeNumber(found.interval[1])] }),
    ...(found.query === undefined ? {} : { query: found.query }),
    ...(found.askedAtS === undefined ? {} : { askedAtS: found.askedAtS }),
    ...(found.annotations === undefined ? {} : { annotations: found.annotations }),
    ...(found.raw === undefined ? {} : { raw: found.raw }),
  };
}

/** What the generator missed is undelivered too, and no fault of the target's: without it, at most so much remains. */
function lessMissed(slo: SloSpec, found: Measured, { missedByGenerator = 0 }: Doubts): Measured {
  const counts = slo.source.kind === 'measure' && /^items_(missed|undelivered)$/.test(slo.source.measure);
  if (!counts || found.value === null) return found;
  return { ...found, value: Math.max(0, found.value - missedByGenerator) };
}

function compare(threshold: ThresholdSpec, found: Measured): VerdictWord {
  if (found.value !== null && !Number.isNaN(found.value))
    return keeps(threshold, found.value) ? 'pass' : 'fail';
  if (found.atLeast === undefined) return 'unknown';
  const { operator, limit } = threshold;
  const broken =
    operator === '<'
      ? found.atLeast >= limit
      : (operator === '<=' || operator === '==') && found.atLeast > limit;
  return broken ? 'fail' : 'unknown';
}

/** Law 5 and the law of runs cut short. A ledger SLO that is violated stays so: a loss found is a loss. */
function doubt(
  context: { slo: SloSpec; lossFound: boolean; facts: Facts; doubts: Doubts },
  plain: VerdictWord,
  reason: string,
): { verdict: VerdictWord; reason: string } {
  const { slo, lossFound, facts, doubts } = context;
  if (doubts.voided.length > 0 && !lossFound && plain !== 'unknown')
    return { verdict: 'unknown', reason: `${reason}; does not count: ${doubts.voided.join('; ')}` };
  if (doubts.voided.length > 0) return { verdict: plain, reason };
  if (doubts.stoppedBy === slo.name && plain !== 'fail')
    return { verdict: 'fail', reason: `${reason}; it broke while the run went on, and ended it` };
  if (doubts.cutShort !== undefined && plain === 'pass' && reachesEnd(facts, slo.window))
    return { verdict: 'unknown', reason: `${reason}; ${doubts.cutShort}` };
  return { verdict: plain, reason };
}

function reachesEnd(facts: Facts, name: string): boolean {
  const run = findWindow(facts.windows, 'run');
  const window = findWindow(facts.windows, name);
  return run === undefined || window === undefined || window.toNs >= run.toNs;
}

function sourceOf(slo: SloSpec): SloResult['source'] {
  if (slo.source.kind === 'promql') return 'prometheus';
  return findMeasure(slo.source.measure)?.source ?? 'client';
}

function describe(slo: SloSpec, threshold: ThresholdSpec, found: Evaluated): string {
  if (found.value === null) return found.reason;
  const actual =
    found.value === Number.POSITIVE_INFINITY ? 'infinite' : formatWithUnit(found.value, slo.unit);
  return `${actual} against ${threshold.text}, ${found.reason}`;
}

function whyNoWindow(facts: Facts, name: string): string {
  const [moment, fault] = name.split(':');
  const record = facts.record.faults.find((one) => one.name === fault);
  if (fault === undefined) return `the run has no window named ${name}`;
  if (record?.observed.injectedNs === undefined)
    return `window ${name} is not bounded: fault ${fault} was never injected`;
  return moment === 'after'
    ? `window ${name} is not bounded: fault ${fault} was not seen to recover`
    : `the run has no window named ${name}`;
}

function stringTags(tags: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).flatMap(([key, value]) => (value ? [[key, value]] : [])));
}

/** JSON has no infinity: "Infinity", as the contract writes it; NaN is no value. */
export function encodeNumber(value: number | null): number | 'Infinity' | null {
  if (value === null || Number.isNaN(value) || value === Number.NEGATIVE_INFINITY) return null;
  return value === Number.POSITIVE_INFINITY ? 'Infinity' : value;
}
