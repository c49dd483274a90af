import type { MeasureTags, ThresholdSpec } from '../scenario/types.ts';
import { countValue } from './count-measure.ts';
import { durationValue } from './duration-measure.ts';
import { entriesInScope, type Facts, rowsIn, type Scope, tally } from './facts.ts';
import { format, type Measured, none } from './measured.ts';
import { whySinkIsBlind } from './sink-evidence.ts';
import { isUsage, usageValue } from './usage-measure.ts';
import { activeS, faultBounds, type Window, whyEmpty } from './windows.ts';

export interface MeasureQuestion {
  measure: string;
  tags: MeasureTags;
  aggregation: ThresholdSpec['aggregation'];
  window: Window;
}

const rates = {
  offered_rate: 'offered',
  acknowledged_rate: 'acknowledged',
  delivered_rate: 'delivered',
} as const;

export function measureValue(facts: Facts, question: MeasureQuestion): Measured {
  const { measure, window } = question;
  const scope: Scope = question.tags;
  if (measure === 'time_to_recover') return timeToRecover(facts, question.tags.fault);
  if (!(window.toNs > window.ledgerFromNs)) return none(whyEmpty(window.name));
  if (measure.startsWith('items_'))
    return countValue(facts, { count: measure.slice('items_'.length), scope, window });
  if (!(window.toNs > window.fromNs)) return none(whyEmpty(window.name));
  if (measure.endsWith('_duration'))
    return durationValue(facts, { measure, scope, window, aggregation: question.aggregation });
  if (isUsage(measure))
    return usageValue(facts.record, {
      measure,
      member: question.tags.member,
      aggregation: question.aggregation,
      window,
    });
  if (measure === 'refused_ratio') return refusedRatio(facts, scope, window);
  if (measure === 'offered_rate' || measure === 'acknowledged_rate' || measure === 'delivered_rate')
    return rateValue(facts, { field: rates[measure], scope, window });
  return none(`no measure is named ${measure}`);
}

/** Items per second over the time of the window in which the entries in scope ran. */
export function rateValue(
  facts: Facts,
  question: { field: 'offered' | 'acknowledged' | 'delivered' | 'due'; scope: Scope; window: Window },
): Measured {
  const { field, scope, window } = question;
  const seconds = scopeSeconds(facts, scope, window);
  if (!(seconds > 0)) return none(`no load in scope ran in window ${window.name}`);
  const counts = tally(facts, rowsIn(facts, scope, window, 'measured'));
  if (counts.due === 0) return none(whyEmpty(window.name));
  const blind = field === 'delivered' ? whySinkIsBlind(facts, scope) : undefined;
  if (blind !== undefined) return none(blind);
  return {
    value: counts[field] / seconds,
    reason: `${format(counts[field])} items ${field} in ${format(seconds)} s`,
  };
}

/** Time of the window in which the load in scope ran. */
export function scopeSeconds(facts: Facts, scope: Scope, window: Window): number {
  const entries = entriesInScope(facts, scope);
  return activeS(
    window,
    entries.map(({ entry }) => entry),
    entries.map(({ endNs }) => endNs),
  );
}

function refusedRatio(facts: Facts, scope: Scope, window: Window): Measured {
  const counts = tally(facts, rowsIn(facts, scope, window, 'measured'));
  if (counts.offered === 0) return none(`nothing was offered in window ${window.name}`);
  const refused = counts.rejected + counts.refused + counts.unknown;
  return {
    value: refused / counts.offered,
    reason: `${format(refused)} of ${format(counts.offered)} offered items were not acknowledged`,
  };
}

/** Injected to recovered, ms. Of a fault not seen to recover, only that it took longer than the run went on. */
function timeToRecover(facts: Facts, name: string | undefined): Measured {
  const fault = facts.record.faults.find((one) => one.name === name);
  if (fault === undefined) return none(`no fault named ${name ?? '(none)'} was injected`);
  const { injectedNs, recoveredNs } = faultBounds(fault, facts.table);
  if (injectedNs === undefined) return none(`fault ${fault.name} was never injected`);
  if (recoveredNs !== undefined)
    return { value: (recoveredNs - injectedNs) / 1e6, reason: `from injection to recovery of ${fault.name}` };
  const watchedMs = Math.max(0, facts.record.settle.toNs - injectedNs) / 1e6;
  const reason = `${fault.name} was not seen to recover in the ${format(watchedMs / 1000)} s it was watched`;
  return { ...none(reason), atLeast: watchedMs };
}
