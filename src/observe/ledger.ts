import { type Signal, signals } from '../base/signal.ts';
import type { EntryPlan, Plan } from '../plan/types.ts';
import type { Scenario } from '../scenario/types.ts';
import { foreignStream, readForeignKind } from './arrivals.ts';
import type { FaultRecord } from './evidence.ts';
import { countStream } from './ledger-count.ts';
import { applyExpectation } from './ledger-expect.ts';
import { createStreamArrivals, eachArrival, type StreamArrivals, takeRun } from './ledger-stream.ts';
import { addCounts, eraseDelivery, noCounts } from './ledger-sums.ts';
import type { LedgerResult } from './ledger-types.ts';
import type { Records } from './records.ts';
import { requestsByStream } from './request-records.ts';

export interface LedgerInput {
  plan: Plan;
  /** One per worker, of requestFields. Read twice, in pieces. */
  requests: Records[];
  /** Of arrivalFields, in the order of arrival. Read once, in pieces. */
  arrivals: Records;
  /** The target was shown empty or the settle horizon is over; before that nothing is lost, only pending. */
  settled: boolean;
  expect: Scenario['expect'];
  /** Why what arrived says nothing (ids rewritten, times truncated), for all signals or by signal. */
  unknownReason?: string | Partial<Record<Signal, string>>;
  faults: FaultRecord[];
  /** Longest residence of an item in the target. */
  reachNs: number;
  hasSink: boolean;
}

/**
 * Joins what was offered with what arrived. Pure: the same evidence gives the same ledger.
 *
 * due = missed + offered; offered = acknowledged + rejected + refused + unknown;
 * delivered = acknowledged - lost - pending - filtered + recovered (filtered only with `expect`).
 * Where there is no evidence of delivery the classes that rest on it are NaN: null in JSON, unknown to a verdict.
 */
export function computeLedger(input: LedgerInput): LedgerResult {
  const { plan } = input;
  const streams = plan.entries.flatMap((entry) => entry.streams.map((stream) => ({ stream, entry })));
  const oddities: string[] = [];
  const { byStream, strays } = requestsByStream(
    input.requests,
    streams.map(({ stream }) => stream),
  );
  if (strays > 0) oddities.push(`${strays} request records are of streams that the plan does not have`);
  const arrived = new Map<number, { entry: EntryPlan; arrivals: StreamArrivals }>();
  for (const { stream, entry } of streams) {
    const requests = byStream.get(stream);
    if (requests !== undefined) arrived.set(stream, { entry, arrivals: createStreamArrivals(requests) });
  }
  const foreign = takeArrivals(input.arrivals, arrived, oddities);

  const result: LedgerResult = { bySignal: {}, byLoad: {}, oddities };
  for (const entry of plan.entries) {
    const counts = noCounts();
    entry.streams.forEach((stream, worker) => {
      const found = arrived.get(stream);
      if (found !== undefined) addCounts(counts, countStream({ ...input, ...found, worker, oddities }));
    });
    result.byLoad[entry.spec.name] = counts;
    result.bySignal[entry.spec.signal] = addCounts(result.bySignal[entry.spec.signal] ?? noCounts(), counts);
  }
  for (const signal of signals) finishSignal(input, { result, signal, foreign: foreign[signal] });
  return result;
}

/** Sorts the arrivals to their streams; gives the foreign items by signal. */
function takeArrivals(
  arrivals: Records,
  arrived: Map<number, { entry: EntryPlan; arrivals: StreamArrivals }>,
  oddities: string[],
): Record<Signal, number> {
  const foreign: Record<Signal, number> = { traces: 0, metrics: 0, logs: 0 };
  let altered = 0;
  let strays = 0;
  eachArrival(arrivals, (record) => {
    if (record.stream === foreignStream) {
      if (!record.accepted) return;
      const kind = readForeignKind(record.from);
      if (kind === undefined) strays += record.count;
      else foreign[kind.signal] += record.count;
      if (kind?.altered === true) altered += record.count;
      return;
    }
    const found = arrived.get(record.stream);
    if (found === undefined) strays += record.count;
    else if (record.accepted)
      takeRun(found.arrivals, { ...record, lateAfterNs: found.entry.spec.lateAfterMs * 1e6 });
  });
  if (altered > 0) {
    oddities.push(
      `${altered} metric points carry a series of this run at a time it was not sent with: ` +
        'times were truncated or points aggregated on the way',
    );
  }
  if (strays > 0) oddities.push(`${strays} arrived items are of streams that the plan does not have`);
  return foreign;
}

function finishSignal(
  input: LedgerInput,
  of: { result: LedgerResult; signal: Signal; foreign: number },
): void {
  const { result, signal } = of;
  const loads = input.plan.entries.filter((entry) => entry.spec.signal === signal);
  if (loads.length === 0 && of.foreign === 0) return;
  const counts = result.bySignal[signal] ?? noCounts();
  result.bySignal[signal] = counts;
  counts.foreign = of.foreign;
  const all = [
    counts,
    ...loads.map((entry) => result.byLoad[entry.spec.name]).filter((c) => c !== undefined),
  ];
  const reason = input.hasSink
    ? typeof input.unknownReason === 'string'
      ? input.unknownReason
      : input.unknownReason?.[signal]
    : 'the run has no sink';
  if (reason !== undefined) {
    for (const one of all) eraseDelivery(one);
    result.unknown = { ...result.unknown, [signal]: reason };
    return;
  }
  const expected = input.expect?.delivered[signal];
  if (expected !== undefined) applyExpectation({ all, signal, expected, oddities: result.oddities });
}
