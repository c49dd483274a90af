import { ackBoundsMs } from '../base/ack-bounds.ts';
import { rankOf } from '../base/histogram.ts';
import type { Signal } from '../base/signal.ts';
import type { HeadlinePair } from '../report/types.ts';
import { answerHistogram } from './duration-measure.ts';
import { type Facts, rowsIn } from './facts.ts';
import type { VerdictFinding } from './findings.ts';
import { encodeNumber } from './judge-slo.ts';
import { rateValue, scopeSeconds } from './measure.ts';
import { format } from './measured.ts';
import { whyBlind } from './promql-value.ts';
import { countedMissing, counterError, sumFiltered, sumLedger, whyNotCounted } from './reconcile.ts';
import { signalsOf } from './summary.ts';
import type { Window } from './windows.ts';

/**
 * P95, rate and loss as the client and the ledger have them, beside what Prometheus says, each with the error that
 * its way of counting must have. A distance beyond that error is a finding: one of the two is wrong.
 */
export function compareHeadlines(
  facts: Facts,
  run: Window,
): { pairs: HeadlinePair[]; findings: VerdictFinding[] } {
  if (!facts.record.prometheus.available) return { pairs: [], findings: [] };
  const blind = whyBlind(facts);
  const anew = whyNotCounted(facts);
  const pairs = [
    latencyPair(facts, run),
    ...[...signalsOf(facts).map((signal) => ratePair(facts, run, signal)), lossPair(facts)].map((pair) =>
      anew === undefined ? pair : { ...pair, agree: null, reason: anew },
    ),
  ].map((pair) => (blind === undefined ? pair : { ...pair, agree: null, reason: blind }));
  return {
    pairs,
    findings: pairs
      .filter(({ agree }) => agree === false)
      .map((pair) => ({
        code: 'HEADLINE-DISAGREES',
        severity: 'warn',
        sentence: `${pair.name}: squall has ${show(pair.client)} ${pair.unit}, Prometheus ${show(pair.prometheus)} ${pair.unit}; ${pair.reason}.`,
        window: run.name,
        next: `squall explain measure ${pair.name.startsWith('P95') ? 'ack_duration' : pair.name === 'loss' ? 'items_lost' : 'acknowledged_rate'}`,
      })),
  };
}

/**
 * A quantile of a classic histogram is only known to its bucket, here with both neighbours. And its window is that of
 * the scrapes: up to an interval's observations more at one end and fewer at the other, which moves its rank among
 * squall's own by that share. The two agree if bucket and ranks meet; in a short window nothing bounds it from above.
 */
function latencyPair(facts: Facts, run: Window): HeadlinePair {
  const histogram = answerHistogram(facts, rowsIn(facts, {}, run, 'measured'), 'due');
  const client = histogram.count === 0 ? null : (histogram.atRank(rankOf(95, histogram.count)) ?? 0) / 1e6;
  const name = 'P95 ack';
  const answered = answerOf(facts, 'headline p95');
  if (client === null || answered === null)
    return unanswered({ name, unit: 'ms', client, prometheus: answered });
  const [low, high] = bracketOf(answered);
  const share = (2 * facts.record.prometheus.scrapeIntervalMs) / 1000 / ((run.toNs - run.fromNs) / 1e9);
  const ownMs = (quantile: number) =>
    quantile >= 1
      ? Number.POSITIVE_INFINITY
      : (histogram.atRank(rankOf(100 * Math.max(0, quantile), histogram.count)) ?? 0) / 1e6;
  const agree =
    ownMs(0.95 + share) > low * 0.999 &&
    (ownMs(0.95 - share) <= high * 1.001 || high === Number.POSITIVE_INFINITY);
  const reason = `its histogram knows the P95 to lie in (${low}, ${high}] ms`;
  return { name, unit: 'ms', client: encodeNumber(client), prometheus: answered, error: null, agree, reason };
}

/** Deltas of raw samples miss at most one scrape interval at each end. */
function ratePair(facts: Facts, run: Window, signal: Signal): HeadlinePair {
  const client = rateValue(facts, { field: 'acknowledged', scope: { signal }, window: run }).value;
  const accepted = answerOf(facts, `headline accepted ${signal}`);
  const name = `acknowledged rate ${signal}`;
  const unit = 'items/s';
  const seconds = scopeSeconds(facts, { signal }, run);
  const prometheus = accepted === null || !(seconds > 0) ? null : accepted / seconds;
  if (client === null || prometheus === null) return unanswered({ name, unit, client, prometheus });
  const share = (2 * facts.record.prometheus.scrapeIntervalMs) / 1000 / seconds;
  const lostWithKills = counterError(facts) / seconds;
  const error = share * Math.max(client, prometheus) + lostWithKills;
  const surplus = facts.record.targetKind === 'external' && prometheus > client;
  const agree = Math.abs(client - prometheus) <= error ? true : surplus ? null : false;
  const reason = surplus
    ? 'the pipeline may have other senders'
    : `its scrapes bound the rate to ± ${format(error)} items/s`;
  return { name, unit, client, prometheus, error, agree, reason };
}

/** The ledger is the authority; what the counters cannot explain is set beside it with what a kill hides from them. */
function lossPair(facts: Facts): HeadlinePair {
  const counted = countedMissing(facts);
  const name = 'loss';
  const unit = 'items';
  const missing = sumLedger(facts, 'lost') + sumLedger(facts, 'pending');
  const client = facts.record.sink === 'none' || Number.isNaN(missing) ? null : missing;
  if (counted === null || client === null) return unanswered({ name, unit, client, prometheus: counted });
  const lostWithKills = counterError(facts);
  // A canary's receipt may be scraped before t = 0 and its export after it.
  const error = lostWithKills + facts.record.canaries.length;
  if (sumFiltered(facts) > 0)
    return { ...{ name, unit, client, prometheus: counted, error: null, agree: null }, reason: onPurpose };
  const agree = Math.abs(client - counted) <= error;
  const reason =
    lostWithKills === 0
      ? 'no process was killed, so the counters have no excuse'
      : `a killed process takes up to ${format(lostWithKills)} counted items with it`;
  return { name, unit, client, prometheus: counted, error, agree, reason };
}

const onPurpose = 'the pipeline leaves items out on purpose, and no counter says how many';

function bracketOf(ms: number): [number, number] {
  const near = ackBoundsMs.findIndex((bound) => ms <= bound * 1.000001);
  if (near < 0) return [ackBoundsMs.at(-2) ?? 0, Number.POSITIVE_INFINITY];
  return [ackBoundsMs[near - 2] ?? 0, ackBoundsMs[near + 1] ?? Number.POSITIVE_INFINITY];
}

function answerOf(facts: Facts, name: string): number | null {
  const value = facts.record.prometheus.answers.find((answer) => answer.for === name)?.value ?? null;
  return value === null || !Number.isFinite(value) ? null : value;
}

function unanswered(known: {
  name: string;
  unit: string;
  client: number | null;
  prometheus: number | null;
}): HeadlinePair {
  const reason = known.client === null ? 'squall has no value' : 'Prometheus gave no value';
  return { ...known, client: encodeNumber(known.client), error: null, agree: null, reason };
}

function show(value: number | 'Infinity' | null): string {
  return typeof value === 'number' ? format(value) : (value ?? 'nothing');
}
