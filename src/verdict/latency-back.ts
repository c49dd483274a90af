import { rankOf } from '../base/histogram.ts';
import type { Signal } from '../base/signal.ts';
import type { ThresholdSpec } from '../scenario/types.ts';
import { keeps } from './comparison.ts';
import { type Facts, rowsIn, type Scope } from './facts.ts';
import { answerNs } from './request-table.ts';

const stepNs = 1e9;
/** One second under the limit may be luck between two over it. */
const stepsInARow = 3;

/** The limits on the 95th percentile of ack_duration that the scenario sets, whatever their windows. */
export function latencyLimits(facts: Facts): { scope: Scope; threshold: ThresholdSpec }[] {
  return facts.record.plan.slos.flatMap(({ source, thresholds }) => {
    if (source.kind !== 'measure' || source.measure !== 'ack_duration') return [];
    const { signal, load } = source.tags;
    const scope = { ...(signal === undefined ? {} : { signal }), ...(load === undefined ? {} : { load }) };
    return thresholds
      .filter(({ aggregation }) => typeof aggregation === 'object' && aggregation.percentile === 95)
      .map((threshold) => ({ scope, threshold }));
  });
}

/**
 * When the P95 of the requests due in a second is under its limit again, from `fromNs` on: the beginning of the first
 * of three such seconds in a row, or of those that are left of the load. Seconds in which nothing was due are passed
 * over. Undefined where that never comes.
 */
export function latencyBackNs(
  facts: Facts,
  limit: { scope: { signal?: Signal; load?: string }; threshold: ThresholdSpec },
  fromNs: number,
): number | undefined {
  const { table } = facts;
  const all = { name: '', fromNs, toNs: Number.POSITIVE_INFINITY, ledgerFromNs: fromNs };
  const bySecond = new Map<number, number[]>();
  for (const row of rowsIn(facts, limit.scope, all, 'measured')) {
    // Windows are open at their start: what is due at the end of a second belongs to it.
    const second = Math.ceil(((table.dueNs[row] ?? 0) - fromNs) / stepNs) - 1;
    const answers = bySecond.get(second);
    if (answers === undefined) bySecond.set(second, [answerNs(table, row, 'due')]);
    else answers.push(answerNs(table, row, 'due'));
  }
  let since: number | undefined;
  let row = 0;
  for (const [second, answers] of [...bySecond].sort(([a], [b]) => a - b)) {
    const sorted = answers.sort((a, b) => a - b);
    const p95Ms = (sorted[rankOf(95, sorted.length) - 1] ?? Number.POSITIVE_INFINITY) / 1e6;
    if (!keeps(limit.threshold, p95Ms)) {
      since = undefined;
      row = 0;
      continue;
    }
    since ??= fromNs + second * stepNs;
    row += 1;
    if (row === stepsInARow) return since;
  }
  return since;
}
