import { signals } from '../base/signal.ts';
import type { LedgerCounts } from '../observe/ledger-types.ts';
import { type Facts, inScope, lateIn, rowsIn, type Scope, tally } from './facts.ts';
import { lostIn } from './lost-items.ts';
import { format, type Measured, none } from './measured.ts';
import { lossyWithoutExpect, scopeSignals, whySinkIsBlind } from './sink-evidence.ts';
import { type Window, whyEmpty } from './windows.ts';

const ofRequests = ['due', 'missed', 'offered', 'acknowledged', 'rejected', 'refused', 'unknown'] as const;
const ofSink = ['delivered', 'lost', 'undelivered', 'duplicated', 'late', 'unexpected', 'foreign'] as const;
type SinkCount = (typeof ofSink)[number];

/** Items of one class. Over the run it is the ledger's own number; elsewhere what was due in the window. */
export function countValue(
  facts: Facts,
  question: { count: string; scope: Scope; window: Window },
): Measured {
  const { count, scope, window } = question;
  const counts = ledgerOf(facts, scope);
  if (counts.length === 0) return none('the ledger has no items in scope');
  const whole = window.name === 'run';
  const fromRequests = ofRequests.find((name) => name === count);
  if (fromRequests !== undefined) {
    if (whole) return total(counts, fromRequests);
    const rows = rowsIn(facts, scope, window, 'ledger');
    if (rows.length === 0) return none(whyEmpty(window.name));
    return { value: tally(facts, rows)[fromRequests], reason: `of items due in ${window.name}` };
  }
  const fromSink = ofSink.find((name) => name === count);
  if (fromSink === undefined) return none(`no count is named items_${count}`);
  const blind = whyNotLedger(facts, scope, fromSink, counts);
  if (blind !== undefined) return blind;
  return whole ? total(counts, fromSink) : windowed(facts, { count: fromSink, scope, window });
}

/** Why the ledger cannot answer this, with the least it can say; undefined when it can. */
function whyNotLedger(
  facts: Facts,
  scope: Scope,
  count: SinkCount,
  counts: LedgerCounts[],
): Measured | undefined {
  const blind = whySinkIsBlind(facts, scope);
  if (blind !== undefined) return none(blind);
  if (count !== 'lost' && count !== 'undelivered') return undefined;
  const lossy = lossyWithoutExpect(facts, scope);
  if (lossy.length > 0)
    return none(`${lossy.join(', ')} drops items on purpose and the scenario has no expect`);
  const sum = (name: 'acknowledged' | 'pending' | 'lost') => counts.reduce((all, one) => all + one[name], 0);
  if (count !== 'lost') return undefined;
  if (sum('acknowledged') === 0) return none('nothing was acknowledged, so nothing could be lost');
  if (sum('pending') > 0)
    return {
      ...none(`${format(sum('pending'))} items are still pending: the target was not shown empty`),
      atLeast: sum('lost'),
    };
  return undefined;
}

function windowed(facts: Facts, question: { count: SinkCount; scope: Scope; window: Window }): Measured {
  const { count, scope, window } = question;
  const rows = rowsIn(facts, scope, window, 'ledger');
  if (rows.length === 0) return none(whyEmpty(window.name));
  const sums = tally(facts, rows);
  const reason = `of items due in ${window.name}`;
  switch (count) {
    case 'delivered':
    case 'duplicated':
      return { value: sums[count], reason };
    case 'undelivered':
      return { value: sums.due - sums.delivered, reason };
    case 'late':
      return { value: lateIn(facts, rows), reason };
    case 'lost':
      if (scopeSignals(facts, scope).some((signal) => facts.expect[signal] !== undefined))
        return none('of a pipeline that thins out on purpose, a loss is only known over the run');
      if (sums.acknowledged === 0) return none(`nothing due in ${window.name} was acknowledged`);
      return { value: lostIn(facts, scope, window), reason };
    case 'unexpected':
    case 'foreign':
      return none(`${count} items have no due time: ask for them over the run`);
    default:
      return count satisfies never;
  }
}

function ledgerOf(facts: Facts, scope: Scope): LedgerCounts[] {
  if (scope.load !== undefined) {
    const counts = facts.ledger.byLoad[scope.load];
    const entry = facts.record.plan.entries.find(({ spec }) => spec.name === scope.load);
    return counts === undefined || !inScope(entry, scope) ? [] : [counts];
  }
  return signals.flatMap((signal) => {
    const counts = facts.ledger.bySignal[signal];
    return counts === undefined || (scope.signal ?? signal) !== signal ? [] : [counts];
  });
}

function total(counts: LedgerCounts[], name: (typeof ofRequests | typeof ofSink)[number]): Measured {
  const due = counts.reduce((sum, one) => sum + one.due, 0);
  const foreignOnly = name === 'foreign' || name === 'unexpected';
  if (due === 0 && !foreignOnly) return none('nothing was due');
  const value = counts.reduce((sum, one) => sum + one[name], 0);
  return { value, reason: `of ${format(due)} items due in the run` };
}
