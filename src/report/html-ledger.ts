import { type Signal, signals } from '../base/signal.ts';
import { causesOf } from './fault-words.ts';
import { formatCount, formatSeconds, formatUnit } from './format.ts';
import { membersOf } from './html-faults.ts';
import { itemWord, ledgerEquations } from './sentences.ts';
import type { Report } from './types.ts';

const ledgerRows = [
  'due',
  'missed',
  'offered',
  'acknowledged',
  'rejected',
  'refused',
  'unknown',
  'delivered',
  'lost',
  'pending',
  'undelivered',
  'recovered',
  'duplicated',
  'duplicatedByRetry',
  'filtered',
  'late',
  'unexpected',
  'foreign',
] as const;

/** Classes that only some runs have: without them there is no row. */
const rowWords: Record<string, string> = {
  duplicatedByRetry: 'of them by our own retries',
  filtered: 'left out on purpose',
};

export function ledgerView(report: Report): Record<string, unknown> {
  const present = signals.filter((signal) => report.ledger[signal] !== undefined);
  return {
    present: present.length > 0,
    names: present.map((signal) => itemWord[signal]),
    rows: ledgerRows
      .filter(
        (row) => !(row in rowWords) || present.some((signal) => (report.ledger[signal]?.[row] ?? 0) > 0),
      )
      .map((row) => {
        const counts = present.map((signal) => report.ledger[signal]?.[row]);
        const quiet = counts.every((count) => count === 0) ? 'zero' : '';
        const values = counts.map((count) => formatCount(count));
        return { name: rowWords[row] ?? row, css: row === 'lost' ? 'lost' : quiet, values };
      }),
    equations: present.map((signal) => ({
      signal: itemWord[signal],
      lines: ledgerEquationsOf(report, signal),
    })),
  };
}

function ledgerEquationsOf(report: Report, signal: Signal): string[] {
  const counts = report.ledger[signal];
  return counts === undefined ? [] : ledgerEquations(counts);
}

export function settleWords(report: Report): string {
  const { settle } = report;
  const how = settle.shownEmpty ? 'shown empty' : 'not shown empty; the horizon ended it';
  const span = `${formatSeconds(settle.fromS)} to ${formatSeconds(settle.toS)}`;
  return `${span} of at most ${formatSeconds(settle.horizonS)}: ${how} (${settle.reason})`;
}

/** Lists are cut, never the page: report.json has all of it. */
const intervalsMax = 50;

export function lostView(report: Report): Record<string, unknown> {
  const all = signals.flatMap((signal) => report.ledger[signal]?.lostIntervals ?? []);
  return {
    count: all.length,
    cut: all.length > intervalsMax,
    total: formatUnit(all.length, 'intervals'),
    shown: Math.min(all.length, intervalsMax),
    byFault: lostByFault(report),
    rows: all.slice(0, intervalsMax).map((lost) => ({
      load: lost.load,
      worker: String(lost.worker),
      sequence: `${lost.from} to ${lost.to}`,
      count: formatCount(lost.count),
      due: `${formatSeconds(lost.dueFromS)} to ${formatSeconds(lost.dueToS)}`,
      fault: causesOf(lost),
      ambiguous: lost.ambiguous === undefined ? '' : `${formatCount(lost.ambiguous)} of them were rejected`,
    })),
  };
}

/** Lost items under the fault that explains them and the members it acted on; the unexplained last. */
function lostByFault(report: Report): Record<string, string>[] {
  const groups = new Map<
    string,
    {
      signal: string;
      fault: string;
      names: string[];
      items: number;
      intervals: number;
      from: number;
      to: number;
    }
  >();
  for (const signal of signals) {
    for (const lost of report.ledger[signal]?.lostIntervals ?? []) {
      const key = `${signal} ${causesOf(lost)}`;
      const known = groups.get(key);
      const items = lost.count - (lost.ambiguous ?? 0);
      groups.set(key, {
        signal: itemWord[signal],
        fault: causesOf(lost),
        names: [lost.fault ?? '', ...(lost.orFaults ?? [])],
        items: (known?.items ?? 0) + items,
        intervals: (known?.intervals ?? 0) + 1,
        from: Math.min(known?.from ?? lost.dueFromS, lost.dueFromS),
        to: Math.max(known?.to ?? lost.dueToS, lost.dueToS),
      });
    }
  }
  const members = new Map(report.faults.map((fault) => [fault.name, membersOf(fault)]));
  return [...groups.values()]
    .sort((a, b) => Number(a.fault === '') - Number(b.fault === '') || b.items - a.items)
    .slice(0, intervalsMax)
    .map((group) => ({
      fault: group.fault === '' ? 'no fault explains it' : group.fault,
      members: [...new Set(group.names.flatMap((name) => members.get(name) ?? []))].join('; '),
      signal: group.signal,
      items: formatCount(group.items),
      intervals: formatCount(group.intervals),
      due: `${formatSeconds(group.from)} to ${formatSeconds(group.to)}`,
    }));
}
