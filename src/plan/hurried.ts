import { entryPeakPerS } from './amount.ts';
import type { EntryPlan, Plan } from './types.ts';

/**
 * A drill as it may cost most: nobody takes their time, so that each fault strikes as soon as the one before it is taken
 * back, and all of the load is at its peak. Of other plans nothing is known better than what they say.
 */
export function hurried(plan: Plan): Plan {
  if (plan.drill === undefined) return plan;
  let overNs = plan.faults[0]?.startNs ?? 0;
  const faults = plan.faults.map(({ spec, startNs, endNs }) => {
    const fromNs = overNs;
    overNs = fromNs + (endNs === undefined ? 0 : endNs - startNs);
    return { spec, startNs: fromNs, ...(endNs === undefined ? {} : { endNs: overNs }) };
  });
  return { ...plan, faults, entries: plan.entries.map((entry) => atPeak(entry, plan.endNs)) };
}

function atPeak(entry: EntryPlan, endNs: number): EntryPlan {
  const peak = entryPeakPerS(entry);
  if (entry.pace.kind === 'closed' || peak === undefined) return entry;
  const rate = { items: Math.ceil(peak), perNs: 1e9 };
  const segment = { fromNs: 0, toNs: endNs, startRate: rate, endRate: rate, itemsBefore: 0 };
  return { ...entry, startNs: 0, endNs, pace: { ...entry.pace, segments: [segment] } };
}
