import { type MemberRecord, type PeerRecord, requestClass } from '../observe/evidence.ts';
import type { Balance, MemberItems } from '../report/types.ts';
import { type Facts, rowsIn, tally } from './facts.ts';
import type { VerdictFinding } from './findings.ts';
import { format } from './measured.ts';
import { contains, faultBounds, findWindow, type Window } from './windows.ts';

/** Part of an even share by which a member may differ. */
const imbalanceMax = 0.1;
/** After the last stage of a fault's recovery: by then the load has tried to connect to its member again. */
const returnNs = 5e9;

/** A member that the load sends to, or a group whose Service picks one, with the rows that it carried. */
interface Place {
  name: string;
  addresses: string[];
  /** Members behind it, where it is not one itself. */
  hidden: string[];
  rows: number[];
}

/** What each member took of the load; undefined where requests name no peer, or one that is on no list. */
export function balanceLoad(facts: Facts): Balance | undefined {
  const run = findWindow(facts.windows, 'run');
  if (facts.record.peers === undefined || run === undefined) return undefined;
  const rows = rowsIn(facts, {}, run, 'ledger');
  const known = new Set(facts.record.peers.map(({ id }) => id));
  // A worker that died took the last of its list with it.
  if (rows.some((i) => (facts.peerOf?.[i] ?? -1) >= 0 && !known.has(facts.peerOf?.[i] ?? -1)))
    return undefined;
  const { places, nowhere } = sortByPlace(facts, facts.record.peers, rows);
  const summed = places.map((place) => ({ place, sum: tally(facts, Int32Array.from(place.rows)) }));
  const all = summed.reduce((total, { sum }) => total + sum.acknowledged, 0);
  const lost = tally(facts, Int32Array.from(nowhere));
  return {
    members: summed.map(({ place, sum }): MemberItems => {
      const { requests, offered, acknowledged, rejected, refused, unknown } = sum;
      const { name, addresses, hidden: standsFor } = place;
      const counts = { requests, offered, acknowledged, rejected, refused, unknown };
      return { name, addresses, standsFor, ...counts, share: all === 0 ? null : acknowledged / all };
    }),
    notCarried: { requests: lost.requests, items: lost.offered },
    ...imbalanceOf(facts, places, run),
  };
}

/** The one member that is furthest from an even share, if that is too far. */
export function imbalanceFindings(balance: Balance | undefined): VerdictFinding[] {
  if (balance?.imbalance === undefined || balance.imbalance === null) return [];
  if (balance.imbalance <= imbalanceMax) return [];
  return [
    {
      code: 'LOAD-IMBALANCED',
      severity: 'warn',
      sentence: `The members did not share the load evenly: ${balance.reason}.`,
      window: 'run',
      next: 'squall explain code LOAD-IMBALANCED',
    },
  ];
}

function sortByPlace(
  facts: Facts,
  peers: readonly PeerRecord[],
  rows: Int32Array,
): { places: Place[]; nowhere: number[] } {
  const { table, record, peerOf } = facts;
  const names = new Set([
    ...peers.map(({ member }) => member),
    ...record.members.filter(({ entry }) => entry !== false).flatMap((member) => placeOf(member, peers)),
  ]);
  const places = [...names].sort().map(
    (name): Place => ({
      name,
      addresses: peers.filter(({ member }) => member === name).map(({ address }) => address),
      hidden: hiddenBehind(name, record.members),
      rows: [],
    }),
  );
  const ofPeer = new Map(peers.map(({ id, member }) => [id, places.find(({ name }) => name === member)]));
  const nowhere: number[] = [];
  for (const i of rows) {
    if (!wasSent(table.kind[i])) continue;
    (ofPeer.get(peerOf?.[i] ?? -1)?.rows ?? nowhere).push(i);
  }
  return { places, nowhere };
}

/** A member that nothing ever reached has a place too, unless a Service stands for it. */
function placeOf({ name, group }: MemberRecord, peers: readonly PeerRecord[]): string[] {
  return peers.some(({ member }) => member === group) ? [] : [name];
}

function hiddenBehind(name: string, members: readonly MemberRecord[]): string[] {
  if (members.some((member) => member.name === name)) return [];
  return members.filter(({ group }) => group === name).map((member) => member.name);
}

function wasSent(kind: number | undefined): boolean {
  return kind === requestClass.acknowledged || kind === requestClass.refused || kind === requestClass.unknown;
}

/**
 * The largest distance of a member's acknowledged items from an even share, over that share; of requests that no fault
 * had to do with. Each load worker gives its requests to the members in turn, so that one request per entry and worker
 * says nothing.
 */
function imbalanceOf(
  facts: Facts,
  places: readonly Place[],
  run: Window,
): Pick<Balance, 'imbalance' | 'reason'> {
  const hidden = places.find((place) => place.hidden.length > 0);
  if (hidden !== undefined) {
    const behind = `${hidden.hidden.length} ${hidden.hidden.length === 1 ? 'member' : 'members'}`;
    return none(`${hidden.name} is one address for ${behind}: which of them answered is not known`);
  }
  if (places.length < 2) return none('one member takes all of the load');
  const spans = faultSpans(facts);
  const { table } = facts;
  const free = (i: number) => {
    const dueNs = table.dueNs[i] ?? Number.NaN;
    const endNs = Math.max(dueNs, table.finalNs[i] ?? dueNs);
    return contains(run, dueNs) && !spans.some(([fromNs, toNs]) => endNs >= fromNs && dueNs <= toNs);
  };
  const items = places.map(({ rows }) => tally(facts, Int32Array.from(rows.filter(free))).acknowledged);
  const even = items.reduce((sum, count) => sum + count, 0) / items.length;
  if (even === 0) return none('no item was acknowledged outside faults');
  const furthest = items.reduce((a, b) => (Math.abs(b - even) > Math.abs(a - even) ? b : a), even);
  const place = places[items.indexOf(furthest)];
  const distance = Math.abs(furthest - even);
  if (place === undefined || distance <= turnItems(facts)) {
    return { imbalance: 0, reason: 'every member took an even share, but for the last requests' };
  }
  const than = `${format((100 * distance) / even)} % ${furthest < even ? 'less' : 'more'} than an even share`;
  return {
    imbalance: distance / even,
    reason: `${place.name} took ${format(furthest)} of ${format(even * items.length)} acknowledged items, ${than}`,
  };
}

function none(reason: string): Pick<Balance, 'imbalance' | 'reason'> {
  return { imbalance: null, reason };
}

function turnItems({ record }: Facts): number {
  return record.plan.entries.reduce(
    (sum, { spec, streams, workers }) => sum + spec.batch * (workers ?? streams.length),
    0,
  );
}

/** When each fault may have kept requests from its member: from its injection until the load is back. */
function faultSpans({ record, table }: Facts): [fromNs: number, toNs: number][] {
  return record.faults.flatMap((fault): [number, number][] => {
    const { injectedNs, recoveredNs } = faultBounds(fault, table);
    if (injectedNs === undefined) return [];
    if (recoveredNs === undefined) return [[injectedNs, Number.POSITIVE_INFINITY]];
    const lastNs = Math.max(recoveredNs, ...Object.values(fault.recovery));
    return [[injectedNs, lastNs + returnNs]];
  });
}
