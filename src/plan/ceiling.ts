import type { Protocol } from '../base/signal.ts';
import { entryPeakPerS } from './amount.ts';
import type { EntryPlan, Plan } from './types.ts';

/** What one machine reached from the load to the sink on loopback, with nothing between them. */
export interface Ceiling {
  protocol: Protocol;
  batch: number;
  itemsPerS: number;
}

/** Where nothing was measured: the least of what was seen on a busy machine of 2 cores (bench/README.md). */
export const stockCeilings: readonly Ceiling[] = [
  { protocol: 'grpc', batch: 100, itemsPerS: 320_000 },
  { protocol: 'grpc', batch: 512, itemsPerS: 1_000_000 },
  { protocol: 'http/protobuf', batch: 100, itemsPerS: 320_000 },
  { protocol: 'http/protobuf', batch: 512, itemsPerS: 1_000_000 },
  { protocol: 'http/json', batch: 100, itemsPerS: 190_000 },
  { protocol: 'http/json', batch: 512, itemsPerS: 230_000 },
];

/** Above this share of the ceiling a machine no longer has the room to be exact. */
const shareMax = 0.7;

/**
 * The ceiling at another batch: a request costs a fixed time and one per item, as the smallest and the largest batch
 * measured say. Undefined when the protocol was measured at fewer than two.
 */
export function ceilingAt(
  ceilings: readonly Ceiling[],
  of: { protocol: Protocol; batch: number },
): number | undefined {
  const measured = ceilings
    .filter(({ protocol, itemsPerS }) => protocol === of.protocol && itemsPerS > 0)
    .toSorted((a, b) => a.batch - b.batch);
  const [small, large] = [measured[0], measured.at(-1)];
  if (small === undefined || large === undefined || small.batch === large.batch) return undefined;
  const seconds = ({ batch, itemsPerS }: Ceiling) => batch / itemsPerS;
  const perItem = Math.max(0, (seconds(large) - seconds(small)) / (large.batch - small.batch));
  const perRequest = Math.max(0, seconds(small) - perItem * small.batch);
  return of.batch / (perRequest + perItem * of.batch);
}

/** A sentence when the entries that run at the same time ask for more than this machine can do well; else none. */
export function ceilingWarnings(plan: Plan, ceilings: readonly Ceiling[]): string[] {
  const { share, names } = peakShare(plan.entries, ceilings);
  const workers = Math.max(1, ...plan.entries.map(({ workers }) => workers ?? 1));
  if (share / workers <= shareMax) return [];
  const percent = Math.round((share / workers) * 100);
  const reached =
    workers === 1 ? 'what this machine reached' : `what ${workers} load workers can do, by what one reached`;
  return [
    `${names.join(', ')} ask for ${percent} % of ${reached} with no target at all ` +
      `(squall doctor --bench); above ${shareMax * 100} % the generator may be what is measured`,
  ];
}

/** The largest part of the ceiling that entries at the same time ask for, and which they are. */
export function peakShare(
  entries: readonly EntryPlan[],
  ceilings: readonly Ceiling[],
): { share: number; names: string[] } {
  let worst: { share: number; names: string[] } = { share: 0, names: [] };
  for (const { startNs } of entries) {
    const together = entries.filter((entry) => entry.startNs <= startNs && startNs < entry.endNs);
    const share = together.reduce((sum, entry) => sum + shareOf(entry, ceilings), 0);
    if (share > worst.share) worst = { share, names: together.map(({ spec }) => spec.name) };
  }
  return worst;
}

/** Of a closed entry none: it takes what it gets. */
function shareOf(entry: EntryPlan, ceilings: readonly Ceiling[]): number {
  const peak = entryPeakPerS(entry);
  const ceiling = ceilingAt(ceilings, entry.spec);
  return peak === undefined || ceiling === undefined ? 0 : peak / ceiling;
}
