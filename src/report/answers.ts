import { signals } from '../base/signal.ts';
import { capacityAnswers } from './capacity-answers.ts';
import { changeText } from './comparison.ts';
import type { ComparedMeasure } from './comparison-types.ts';
import { firstFired } from './fault-words.ts';
import { nextStep } from './finding-words.ts';
import { formatCount, formatMs, formatPercent, formatSeconds, oneLine } from './format.ts';
import { itemWord, lossBound, type Party, whoseFault } from './sentences.ts';
import { sloAgainst, sloSubject } from './slo-words.ts';
import type { Report, SloResult } from './types.ts';

/** One of the questions of a person who opens a report, and what the run says to it. */
export interface Answer {
  question: string;
  answer: string;
  /** What the answer rests on; empty where the answer says it all. */
  detail: string;
}

/** Faults and measures that an answer names; the tables below have all. */
const namesMax = 2;

/**
 * Beside the verdict: what broke, whose fault it was, how much was lost, whether anybody would have been told, what to
 * do. The same words in every output.
 */
export function answersOf(report: Report): Answer[] {
  if (report.capacity !== undefined) return capacityAnswers(report.capacity, { next: nextStep(report) });
  if (report.comparison !== undefined) return [whatGotWorse(report), whose(report), doNext(report)];
  return [whatBroke(report), whose(report), howMuchLost(report), ...wasItNoticed(report), doNext(report)];
}

function whatGotWorse({ comparison }: Report): Answer {
  const worse = comparison?.measures.filter(({ verdict }) => verdict === 'worse') ?? [];
  const open = comparison?.measures.filter(({ verdict, needed }) => needed && verdict === 'unknown') ?? [];
  const question = 'What got worse?';
  const named = (of: typeof worse) =>
    namesOf(
      of.map(({ name }) => oneLine(name, 60)),
      namesMax,
    );
  const openDetail = open.length === 0 ? '' : `not known: ${named(open)}`;
  if (worse.length > 0)
    return { question, answer: namesOf(worse.map(worseWords), namesMax), detail: openDetail };
  if (comparison !== undefined && comparison.reasons.length > 0)
    return { question, answer: 'not known', detail: 'the two cannot be compared' };
  return open.length > 0
    ? { question, answer: `not known of ${named(open)}`, detail: 'nothing else got worse' }
    : { question, answer: 'nothing', detail: 'by more than the margins' };
}

function worseWords({ name, change }: ComparedMeasure): string {
  const by = changeText(change);
  return by === '' ? oneLine(name, 60) : `${oneLine(name, 60)}: ${by}`;
}

function namesOf(names: readonly string[], max: number): string {
  const more = names.length > max ? ` and ${formatCount(names.length - max)} more` : '';
  return `${names.slice(0, max).join('; ')}${more}`;
}

/** Of faults that alert rules watched: what fired, and how long after. */
function wasItNoticed({ faults }: Report): Answer[] {
  const watched = faults.flatMap((fault) =>
    fault.alerts === undefined || fault.observed.injectedS === null
      ? []
      : [{ fault, seen: firstFired(fault) }],
  );
  if (watched.length === 0) return [];
  const question = 'Did an alert fire?';
  const fired = watched.filter(({ seen }) => seen !== undefined);
  const [only] = watched;
  if (fired.length === 0) return [{ question, answer: 'no', detail: 'none of the rules fired' }];
  if (watched.length === 1 && only?.seen !== undefined) {
    const { alert, afterS } = only.seen;
    return [{ question, answer: 'yes', detail: `${oneLine(alert, 40)} after ${formatSeconds(afterS)}` }];
  }
  const latest = Math.max(...fired.map(({ seen }) => seen?.afterS ?? 0));
  const silent = watched.flatMap(({ fault, seen }) => (seen === undefined ? [oneLine(fault.name, 30)] : []));
  const detail =
    silent.length === 0 ? `after ${formatSeconds(latest)} at most` : `none for ${namesOf(silent, namesMax)}`;
  return [{ question, answer: `for ${fired.length} of ${watched.length} faults`, detail }];
}

function whatBroke(report: Report): Answer {
  const question = 'What broke?';
  const failed = report.slos.filter(({ verdict }) => verdict === 'fail');
  if (failed.length > 0) {
    const more = failed.length - 1;
    const named = failed.slice(0, 1).map(brokenWords).join('');
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
  return `${sloSubject(slo, 60)}: ${sloAgainst(slo)}`;
}

/** The faults that loss or windows tie the failed SLOs to; without one, their windows. */
function underWhat(report: Report, failed: readonly SloResult[]): string {
  const lossFailed = failed.some(({ measure }) => /^items_(?:lost|undelivered)/.test(measure ?? ''));
  const ofLoss = lossFailed
    ? report.faults.filter(({ lost, lostAtMost = lost }) => lostAtMost > 0).map(({ name }) => name)
    : [];
  const ofWindows = failed.flatMap(({ window }) => /^during:(.+)$/.exec(window)?.[1] ?? []);
  const named = report.faults.filter(({ name }) => ofLoss.includes(name) || ofWindows.includes(name));
  if (named.length === 0)
    return `in window ${[...new Set(failed.map(({ window }) => oneLine(window, 40)))].slice(0, 3).join(', ')}`;
  const words = named.slice(0, namesMax).map(({ name, observed: { injectedS } }) => {
    const at = injectedS === null ? '' : ` at ${formatSeconds(injectedS)}`;
    return `${oneLine(name, 40)}${at}`;
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
  target: "the target's, not squall's",
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
    : `squall's own part was not clean: ${oneLine(validity.reasons[0] ?? 'it did not offer the plan', 110)}`;
  const question = 'Whose fault was it?';
  if (party !== 'nobody' && party !== 'target') return { question, answer: partyWords[party], detail: why };
  if (party === 'nobody') return { question, answer: partyWords.nobody, detail: own };
  if (report.comparison !== undefined)
    return { question, answer: "the candidate's, not squall's", detail: own };
  return validity.valid
    ? { question, answer: partyWords.target, detail: own }
    : {
        question,
        answer: "of the loss, the target's",
        detail: `of the rest it is not known: ${oneLine(validity.reasons[0] ?? 'it did not offer the plan', 110)}`,
      };
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
