import { type Signal, signals, type VerdictWord } from '../base/signal.ts';
import type { LedgerCounts } from '../observe/ledger-types.ts';
import { formatCount, formatMs, oneLine } from './format.ts';
import { sloSentence } from './slo-words.ts';
import type { Report } from './types.ts';

/** The words that terminal, Markdown, JUnit and HTML share, so that they cannot disagree. */

export const verdictSymbol: Record<VerdictWord, string> = { pass: '✔', fail: '✘', unknown: '?' };

export const itemWord: Record<Signal, string> = {
  traces: 'spans',
  metrics: 'metric points',
  logs: 'log records',
};

/** PASS, FAIL or UNKNOWN and the one sentence that says what failed, by how much and where. */
export function verdictSentence(report: Report): string {
  return `${report.verdict.toUpperCase()}: ${verdictReason(report)}`;
}

export function verdictReason(report: Report): string {
  if (report.capacity !== undefined) return report.capacity.sentence;
  if (report.comparison !== undefined) return report.comparison.sentence;
  const scenario = subjectOf(report);
  const ending = exitWords[report.exitCode] ?? '';
  if (report.verdict === 'pass') {
    const count = report.slos.length;
    const held = count === 1 ? 'its SLO' : `all ${count} SLOs`;
    const sum = totals(report);
    const items =
      sum === undefined
        ? ''
        : `; ${formatCount(sum.delivered)} of ${formatCount(sum.due)} items delivered, ` +
          `${formatCount(sum.lost)} lost`;
    return `${scenario} held ${held}${items}.${ending}`;
  }
  const { valid, reasons } = report.validity;
  if (report.verdict === 'unknown' && !valid && ending === '') {
    const more = reasons.length > 1 ? `, and ${formatCount(reasons.length - 1)} more` : '';
    return `${scenario} could not be judged: ${sentencePart(reasons[0] ?? 'the run is not valid')}${more}.`;
  }
  const sameWord = report.slos.filter((slo) => slo.verdict === report.verdict);
  const worst = sameWord[0];
  if (worst === undefined) {
    const finding = report.findings[0];
    const why =
      finding === undefined ? (report.validity.reasons[0] ?? 'no SLO was judged') : finding.sentence;
    return `${scenario}: ${oneLine(why).replace(/\.$/, '')}.${ending}`;
  }
  const share = `${sameWord.length} of ${report.slos.length} SLOs`;
  if (report.verdict === 'fail') {
    const first = sameWord.length > 1 ? ', first ' : ': ';
    return `${scenario} broke ${share}${first}${sloSentence(worst)}.${notJudged(report)}${ending}`;
  }
  return `${scenario} could not be judged on ${share}: ${oneLine(worst.reason).replace(/\.$/, '')}.${ending}`;
}

/** Where squall's own collector stood in for a real one, the first sentence says so. */
function subjectOf({ run }: Report): string {
  const scenario = oneLine(run.scenario, 80);
  return run.banner === undefined ? scenario : `${scenario} on squall's embedded collector`;
}

/** What a failed run leaves open, where its own part was not clean. */
function notJudged({ slos, validity }: Report): string {
  const open = slos.filter(({ verdict }) => verdict === 'unknown').length;
  if (open === 0 || validity.valid) return '';
  return ` ${open === 1 ? 'One has' : `${formatCount(open)} have`} no verdict: the run is not valid.`;
}

const exitWords: Record<number, string> = {
  130: ' The run was interrupted.',
  5: ' A fault may still be in place.',
  4: ' The target or a tool could not be reached or started.',
};

/** One line per signal; classes without an item are left out except the four that people look for. */
export function ledgerLine(signal: Signal, counts: LedgerCounts): string {
  // Never "no data lost": that would read as nothing lost.
  const part = (name: LedgerClass) => {
    const value: number | null | undefined = counts[name];
    return value === null || value === undefined || Number.isNaN(value)
      ? `${name} not known`
      : `${formatCount(value)} ${name}`;
  };
  const always = (['due', 'acknowledged', 'delivered', 'lost'] as const).map(part);
  const others = ledgerExtras.filter((name) => (counts[name] ?? 0) > 0).map(part);
  return `${itemWord[signal]}: ${[...always, ...others].join(', ')}`;
}

type LedgerClass = 'due' | 'acknowledged' | 'delivered' | 'lost' | (typeof ledgerExtras)[number];

const ledgerExtras = [
  'missed',
  'pending',
  'rejected',
  'refused',
  'unknown',
  'recovered',
  'filtered',
  'duplicated',
  'late',
  'unexpected',
  'foreign',
] as const;

export function ledgerLines(report: Report): string[] {
  return signals.flatMap((signal) => {
    const counts = report.ledger[signal];
    return counts === undefined ? [] : [ledgerLine(signal, counts)];
  });
}

/** Of each signal's requests, infinite where not acknowledged; undefined without any, or where the run does not count. */
export function latencyLine({ latency, validity }: Report): string | undefined {
  if (!validity.valid) return undefined;
  const parts = signals.flatMap((signal) => {
    const ack = latency[signal]?.ack;
    if (ack === undefined || ack.count === 0) return [];
    const [p50, p95, p99] = [ack.p50Ms, ack.p95Ms, ack.p99Ms].map(formatMs);
    return [`${itemWord[signal]} P50 ${p50}, P95 ${p95}, P99 ${p99}`];
  });
  return parts.length === 0 ? undefined : `${parts.join('; ')} from due to acknowledgement`;
}

/** The sums of law 2, with the numbers put in. */
export function ledgerEquations(counts: LedgerCounts): string[] {
  const n = formatCount;
  return [
    `due ${n(counts.due)} = missed ${n(counts.missed)} + offered ${n(counts.offered)}`,
    `offered ${n(counts.offered)} = acknowledged ${n(counts.acknowledged)} + rejected ${n(counts.rejected)}` +
      ` + refused ${n(counts.refused)} + unknown ${n(counts.unknown)}`,
    `delivered ${n(counts.delivered)} = acknowledged ${n(counts.acknowledged)} - lost ${n(counts.lost)}` +
      ` - pending ${n(counts.pending)} + recovered ${n(counts.recovered)}`,
  ];
}

/**
 * What a run that found no loss bounds it to: of n independent items none lost leaves at most 3/n at 95 %. Empty where
 * something was lost or nothing is known.
 */
export function lossBound(report: Report): string {
  const sum = totals(report);
  const pending = signals.some((signal) => (report.ledger[signal]?.pending ?? 0) > 0);
  if (sum === undefined || sum.lost > 0 || pending || !report.validity.valid || sum.delivered < 1000)
    return '';
  return `with 95 % confidence fewer than 1 in ${formatCount(Math.floor(sum.delivered / 3))}`;
}

export type Party = 'nobody' | 'target' | 'generator' | 'Prometheus' | 'set-up';

/** Who is to look at it: the one answer a person wants at three in the morning. */
export function whoseFault(report: Report): { party: Party; why: string } {
  if (report.comparison !== undefined) return whoseRegression(report);
  const { validity } = report;
  if (report.verdict === 'pass' && report.exitCode === 0) return { party: 'nobody', why: 'every SLO held' };
  if (report.slos.some((slo) => slo.verdict === 'fail')) {
    const also = validity.valid ? '' : '; the run is not valid, so only the ledger could be judged';
    return { party: 'target', why: `it broke what it was held to${also}` };
  }
  const firstFinding = report.findings[0]?.sentence;
  if (exitWords[report.exitCode] !== undefined) {
    return { party: 'set-up', why: sentencePart(firstFinding ?? exitWords[report.exitCode] ?? '') };
  }
  // Every reason for a run that is not valid is the generator's: see verdict/validity.ts.
  if (!validity.valid) {
    return { party: 'generator', why: sentencePart(validity.reasons[0] ?? 'it did not offer the plan') };
  }
  const unverified = report.faults.find((fault) => !fault.verified);
  if (unverified !== undefined) {
    return { party: 'set-up', why: `fault ${oneLine(unverified.name, 80)} was not shown to act and to end` };
  }
  const unknown = report.slos.filter((slo) => slo.verdict === 'unknown');
  if (unknown.length > 0 && unknown.every((slo) => slo.source === 'prometheus')) {
    // One that could not be had is not to blame.
    const absent = report.findings.some(({ code }) => code === 'NO-PROMETHEUS');
    const reason = sentencePart(unknown[0]?.reason ?? 'it gave no answer');
    const why = report.run.banner === undefined ? reason : `no real collector was there, and ${reason}`;
    return { party: absent ? 'set-up' : 'Prometheus', why };
  }
  if (validity.missedByTarget > 0) {
    return {
      party: 'target',
      why: `${formatCount(validity.missedByTarget)} items could not be sent to it in time`,
    };
  }
  return { party: 'set-up', why: sentencePart(unknown[0]?.reason ?? firstFinding ?? 'evidence is missing') };
}

function whoseRegression({ verdict }: Report): { party: Party; why: string } {
  if (verdict === 'pass') return { party: 'nobody', why: 'the candidate is not worse' };
  return verdict === 'fail'
    ? { party: 'target', why: 'the candidate is worse than the baseline' }
    : { party: 'set-up', why: 'the runs do not tell the two apart' };
}

function sentencePart(text: string): string {
  return oneLine(text).replace(/\.$/, '');
}

/** Names of the collector's series behind a quantity: names has keys such as "accepted traces". */
export function metricNames(counters: Report['counters'], quantity: string): string {
  const of = Object.entries(counters.names)
    .filter(([key]) => key === quantity || key.startsWith(`${quantity} `))
    .map(([, name]) => name);
  return [...new Set(of)].join(', ');
}

/** Whether squall's own value and Prometheus's stand within the stated error of one another. */
export function agreement(agree: boolean | null): string {
  if (agree === null) return '? one is missing';
  return agree ? '✔ agree' : '✘ disagree';
}

/** Undefined where a signal's delivery is not known. */
function totals(report: Report): { due: number; delivered: number; lost: number } | undefined {
  const sum = { due: 0, delivered: 0, lost: 0 };
  for (const signal of signals) {
    const counts = report.ledger[signal];
    if (counts === undefined) continue;
    if (!Number.isFinite(counts.delivered) || !Number.isFinite(counts.lost)) return undefined;
    sum.due += counts.due;
    sum.delivered += counts.delivered;
    sum.lost += counts.lost;
  }
  return sum.due > 0 ? sum : undefined;
}
