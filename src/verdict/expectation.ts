import { signals } from '../base/signal.ts';
import type { SloResult } from '../report/types.ts';
import type { Facts } from './facts.ts';
import type { Doubts } from './judge-slo.ts';
import { format } from './measured.ts';
import { whySinkIsBlind } from './sink-evidence.ts';

/** The scenario's expect.delivered, judged like an SLO: delivered over acknowledged, within the stated distance. */
export function judgeExpectations(facts: Facts, doubts: Doubts): SloResult[] {
  return signals.flatMap((signal) => {
    const expected = facts.expect[signal];
    if (expected === undefined) return [];
    const counts = facts.ledger.bySignal[signal];
    const base: SloResult = {
      name: `expected share of ${signal}`,
      source: 'sink',
      measure: `delivered/acknowledged{signal:${signal}}`,
      window: 'run',
      threshold: `${expected.ratio} ± ${expected.within}`,
      actual: null,
      unit: 'ratio',
      verdict: 'unknown',
      reason: `no ${signal} were acknowledged`,
    };
    if (counts === undefined || counts.acknowledged === 0) return [base];
    const blind = whySinkIsBlind(facts, { signal });
    if (blind !== undefined) return [{ ...base, reason: blind }];
    if (counts.pending > 0) return [{ ...base, reason: `${format(counts.pending)} items are still pending` }];
    const actual = counts.delivered / counts.acknowledged;
    const reason = `${format(counts.delivered)} of ${format(counts.acknowledged)} acknowledged items arrived`;
    const why = [...doubts.voided, ...(doubts.cutShort === undefined ? [] : [doubts.cutShort])];
    if (why.length > 0) return [{ ...base, actual, reason: `${reason}; does not count: ${why.join('; ')}` }];
    const kept = Math.abs(actual - expected.ratio) <= expected.within + 1e-12;
    return [{ ...base, actual, verdict: kept ? 'pass' : 'fail', reason }];
  });
}
