import { formatCount, formatPercent } from './format.ts';
import { table, text } from './markdown-text.ts';
import type { MemberItems, Report } from './types.ts';

/** Which member took the load, in the words that terminal, Markdown and HTML share. */

export const memberNames = [
  'member',
  'connected to',
  'requests',
  'offered',
  'acknowledged',
  'share',
  'rejected',
  'refused',
  'unknown',
];

export function memberRows({ balance }: Report): string[][] {
  if (balance === undefined) return [];
  const rows = balance.members.map((member) => [
    nameOf(member),
    member.addresses.join(', '),
    formatCount(member.requests),
    formatCount(member.offered),
    formatCount(member.acknowledged),
    formatPercent(member.share),
    formatCount(member.rejected),
    formatCount(member.refused),
    formatCount(member.unknown),
  ]);
  const { requests, items } = balance.notCarried;
  if (requests === 0) return rows;
  return [
    ...rows,
    [
      'none: no connection was open',
      '',
      formatCount(requests),
      formatCount(items),
      '0',
      '',
      '0',
      formatCount(items),
      '0',
    ],
  ];
}

/** How even the load was, or why that is not known. */
export function balanceSentence({ balance }: Report): string {
  if (balance === undefined) return '';
  const { imbalance, reason, members } = balance;
  if (members.length === 1 && members[0]?.standsFor.length === 0) return 'One member took all of the load.';
  return imbalance === null ? `How even the load was is not known: ${reason}.` : `Outside faults: ${reason}.`;
}

/** For the terminal; of a single member nothing. */
export function membersLine({ balance }: Report): string | undefined {
  if (balance === undefined || balance.members.length < 2) return undefined;
  const parts = balance.members.map(
    (member) =>
      `${member.name} ${formatCount(member.acknowledged)} acknowledged (${formatPercent(member.share)})`,
  );
  const shown = parts.slice(0, namedMax).join(', ');
  return parts.length > namedMax ? `${shown} and ${formatCount(parts.length - namedMax)} more` : shown;
}

/** Members that a line of the terminal has room for. */
const namedMax = 4;

export function membersTable(report: Report): string[] {
  const rows = memberRows(report).map((row) => row.map((cell) => text(cell, 200)));
  if (rows.length === 0) return [];
  return [...table('Items per member', memberNames, rows), text(balanceSentence(report), 500), ''];
}

/** The section of report.html; hundreds of members are in report.json. */
export function membersView(report: Report): Record<string, unknown> {
  const rows = memberRows(report);
  return {
    names: memberNames,
    rows: rows.slice(0, rowsMax),
    leftOut: Math.max(0, rows.length - rowsMax),
    sentence: balanceSentence(report),
  };
}

const rowsMax = 100;

function nameOf({ name, standsFor }: MemberItems): string {
  if (standsFor.length === 0) return name;
  return `${name} (one address for ${formatCount(standsFor.length)} of them)`;
}
