import { DurationHistogram, rankOf } from '../base/histogram.ts';
import type { ThresholdSpec } from '../scenario/types.ts';
import { type Facts, rowsIn, type Scope, tally } from './facts.ts';
import { format, type Measured, none } from './measured.ts';
import { quantileRanks } from './quantile-interval.ts';
import { answerNs, maskOf } from './request-table.ts';
import { whySinkIsBlind } from './sink-evidence.ts';
import { type Window, whyEmpty } from './windows.ts';

/** Request latency: one observation per export request; those without an acknowledgement are +Infinity. */
export function answerHistogram(facts: Facts, rows: Int32Array, since: 'due' | 'send'): DurationHistogram {
  const histogram = new DurationHistogram();
  for (const i of rows) histogram.record(answerNs(facts.table, i, since));
  return histogram;
}

/** Item latency, due to the first arrival at the sink, over the items that arrived: absence is the ledger's matter. */
export function deliveryHistogram(facts: Facts, rows: Int32Array): DurationHistogram {
  const { table, deliveries } = facts;
  const wanted = maskOf(table, rows);
  const histogram = new DurationHistogram();
  for (let j = 0; j < deliveries.count; j++) {
    const row = deliveries.request[j] ?? -1;
    if (wanted[row] !== 1) continue;
    histogram.record((deliveries.arrivalNs[j] ?? 0) - (table.dueNs[row] ?? 0), deliveries.items[j] ?? 0);
  }
  return histogram;
}

export function durationValue(
  facts: Facts,
  question: { measure: string; scope: Scope; window: Window; aggregation: ThresholdSpec['aggregation'] },
): Measured {
  const { measure, scope, window, aggregation } = question;
  const rows = rowsIn(facts, scope, window, 'measured');
  if (rows.length === 0) return none(whyEmpty(window.name));
  const items = measure === 'delivery_duration';
  const blind = items ? whySinkIsBlind(facts, scope) : undefined;
  if (blind !== undefined) return none(blind);
  const histogram = items
    ? deliveryHistogram(facts, rows)
    : answerHistogram(facts, rows, measure === 'send_duration' ? 'send' : 'due');
  if (histogram.count === 0) return none(`nothing due in window ${window.name} was delivered`);
  const value = aggregate(histogram, aggregation);
  if (value === undefined) return none(`${measure} has no such aggregation`);
  const interval = items ? undefined : intervalOf(histogram, aggregation);
  return {
    value: value / 1e6,
    reason: items ? describeItems(facts, rows, histogram) : describeRequests(histogram),
    ...(interval === undefined ? {} : { interval }),
  };
}

function aggregate(histogram: DurationHistogram, how: ThresholdSpec['aggregation']): number | undefined {
  if (typeof how === 'object') return histogram.percentile(how.percentile);
  switch (how) {
    case 'avg':
      return histogram.mean;
    case 'min':
      return histogram.min;
    case 'max':
      return histogram.max;
    case 'med':
      return histogram.percentile(50);
    default:
      return undefined;
  }
}

/** 95 % interval of a percentile, ms, from the binomial law of ranks; null: so few requests do not bound that end. */
function intervalOf(
  histogram: DurationHistogram,
  how: ThresholdSpec['aggregation'],
): [number | null, number | null] | undefined {
  const percent = how === 'med' ? 50 : typeof how === 'object' ? how.percentile : undefined;
  if (percent === undefined || percent <= 0 || percent >= 100) return undefined;
  const { low, high } = quantileRanks({ share: percent / 100, count: histogram.count });
  const place = rankOf(percent, histogram.count);
  const at = (rank: number | undefined) => (rank === undefined ? null : (histogram.atRank(rank) ?? 0) / 1e6);
  return [at(low === undefined ? low : Math.min(low, place)), at(high)];
}

function describeRequests(histogram: DurationHistogram): string {
  const without = histogram.infinite;
  const tail = without === 0 ? '' : `, ${format(without)} of them never acknowledged (infinite)`;
  return `over ${format(histogram.count)} export requests${tail}`;
}

function describeItems(facts: Facts, rows: Int32Array, histogram: DurationHistogram): string {
  const absent = tally(facts, rows).due - histogram.count;
  const tail = absent > 0 ? `; ${format(absent)} items due there never arrived and are not in it` : '';
  return `over ${format(histogram.count)} delivered items${tail}`;
}
