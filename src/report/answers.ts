import { signals } from '../base/signal.ts';
import { formatCount, formatMs, formatPercent, formatSeconds, oneLine } from './format.ts';
import { itemWord, lossBound, nextStep, type Party, whoseFault } from './sentences.ts';
import { sloActual, sloName } from './slo-words.ts';
import type { Report, SloResult } from './types.ts';

/** One of the questions of a person who opens a report, and what the run says to it. */
export interface Answer {
  question: string;
  answer: string;
  /** What the answer rests on; empty where the answer says it all. */
  detail: string;
}

/** Failed SLOs and faults that an answer names; the tables below have all. */
const namesMax = 2;

/** Beside the verdict: what broke, whose fault it was, how much was lost, what to do. The same words in every output. */
export function answersOf(report: Report): Answer[] {
  return [whatBroke(report), whose(report), howMuchLost(report), doNext(report)];
}

function whatBroke(report: Report): Answer {
  const question = 'What broke?';
  if (report.comparison !== undefined)
    return { question, answer: oneLine(report.comparison.sentence), detail: '' };
  const failed = report.slos.filter(({ verdict }) => verdict === 'fail');
  if (failed.length > 0) {
    const more = failed.length - namesMax;
    const named = failed.slice(0, namesMax).map(brokenWords).join('; ');
    return {
      question,
      answer: more > 0 ? `${named}; ${more} more` : named,
      detail: underWhat(report, failed),
    };
  }
  const unknown = report.slos.filter(({ verdict }) => verdict === 'unknown').length;
  if (report.verdict === 'unknown')
    return {
      question,
      answer: 'nothing was seen to break',
      detail:
        report.slos.length === 0
          ? 'no SLO was judged'
          : `${formatCount(unknown)} of ${formatCount(report.slos.length)} SLOs could not be judged`,
    };
  return { question, answer: 'nothing', detail: throughWhat(report) };
}

function brokenWords(slo: SloResult): string {
  return `${oneLine(sloName(slo), 60)}: ${sloActual(slo)}, limit ${oneLine(slo.threshold, 40)}`;
}

/** The faults that loss or windows tie the failed SLOs to; without one, their windows. */
function underWhat(report: Report, failed: readonly SloResult[]): string {
  const lossFailed = failed.some(({ measure }) => /^items_(?:lost|undelivered)/.test(measure ?? ''));
  const ofLoss = lossFailed ? report.faults.filter(({ lost }) => lost > 0).map(({ name }) => name) : [];
  const ofWindows = failed.flatMap(({ window }) => /^during:(.+)$/.exec(window)?.[1] ?? []);
  const named = report.faults.filter(({ name }) => ofLoss.includes(name) || ofWindows.includes(name));
  if (named.length === 0)
    return `in window ${[...new Set(failed.map(({ window }) => oneLine(window, 40)))].slice(0, 3).join(', ')}`;
  const words = named.slice(0, namesMax).map(({ name, kind, observed: { injectedS } }) => {
    const at = injectedS === null ? '' : ` at ${formatSeconds(injectedS)}`;
    return `${oneLine(name, 40)} (${oneLine(kind, 40)})${at}`;
  });
  const more = named.length > namesMax ? ` and ${named.length - namesMax} more` : '';
  return `by fault${named.length > 1 ? 's' : ''} ${words.join(', ')}${more}`;
}

function throughWhat(report: Report): string {
  const count = report.slos.length;
  const held = count === 1 ? 'the SLO held' : `all ${formatCount(count)} SLOs held`;
  const names = report.faults.map(({ name }) => oneLine(name, 40));
  if (names.length === 0) return held;
  return names.length > 2 ? `${held} through ${names.length} faults` : `${held} through ${names.join(', ')}`;
}

const partyWords: Record<Party, string> = {
  nobody: "nobody's",
  target: "the target's",
  generator: "squall's own: its generator",
  Prometheus: "Prometheus's",
  'set-up': "the set-up's",
};

/** Whose, and whether squall did its own part. */
function whose(report: Report): Answer {
  const { party, why } = whoseFault(report);
  const { validity } = report;
  const own = validity.valid
    ? `squall did its part: ${formatPercent(validity.offeredRatio)} of the plan offered, lag P99 ${formatMs(validity.sendLagMs.p99)}`
    : 'the run is not valid';
  const told = party === 'nobody' || party === 'target' ? own : why;
  return { question: 'Whose fault was it?', answer: partyWords[party], detail: told };
}

function howMuchLost(report: Report): Answer {
  const question = 'How much was lost?';
  const present = signals.flatMap((signal) => {
    const counts = report.ledger[signal];
    return counts === undefined ? [] : [{ ...counts, word: itemWord[signal] }];
  });
  const known = present.every(({ lost, delivered }) => Number.isFinite(lost) && Number.isFinite(delivered));
  const blind = report.findings.find(({ code }) => code === 'LEDGER-BLIND');
  if (present.length === 0 || !known || blind !== undefined)
    return {
      question,
      answer: 'not known',
      detail: blind?.sentence ?? "no sink of squall's stood behind the target",
    };
  const sum = (name: 'lost' | 'pending' | 'acknowledged' | 'unknown' | 'refused' | 'rejected' | 'missed') =>
    present.reduce((all, counts) => all + counts[name], 0);
  const [lost, acknowledged] = [sum('lost'), sum('acknowledged')];
  const words = present.length === 1 ? (present[0]?.word ?? 'items') : 'items';
  if (acknowledged === 0) return { question, answer: 'not known', detail: 'nothing was acknowledged' };
  const answer = `${formatCount(lost)} of ${formatCount(acknowledged)} ${words}`;
  if (sum('pending') > 0)
    return {
      question,
      answer,
      detail: `${formatCount(sum('pending'))} more had not arrived when squall stopped waiting`,
    };
  if (lost > 0)
    return {
      question,
      answer,
      detail: `${shareText(lost / acknowledged)} of what the target had acknowledged`,
    };
  const promised = sum('refused') + sum('rejected') + sum('unknown');
  const turnedAway = promised > 0 ? `${formatCount(promised)} were refused or never answered` : '';
  return {
    question,
    answer,
    detail: [lossBound(report), turnedAway].filter((part) => part !== '').join('; '),
  };
}

/** As many digits as it takes: 3 of 400,000 are not 0 %. */
function shareText(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}

function doNext(report: Report): Answer {
  return { question: 'What next?', answer: nextStep(report), detail: '' };
}
