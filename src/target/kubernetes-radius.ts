import type { ErrorParts } from '../base/errors.ts';

/** What a fault takes from the members that are there. Times are ns from t = 0. */
export interface Strike {
  fault: string;
  /** Undefined: of any group. */
  member?: string;
  startNs: number;
  endNs: number;
  /** Of so many serving pods; `byNode`: how many of them each node carries, the most first. */
  hits(among: number, byNode: readonly number[]): number;
}

/**
 * The moments at which faults together would take more of a workload's pods than its share allows; one pod is always
 * allowed. One mistake per workload. Pure.
 */
export function checkRadius(options: {
  strikes: readonly Strike[];
  /** Serving pods of each member. */
  sizes: Readonly<Record<string, number>>;
  /** The same by node, the most first. */
  spread?: Readonly<Record<string, readonly number[]>>;
  /** 0..1 */
  share: number;
}): ErrorParts[] {
  const { strikes, sizes, spread = {}, share } = options;
  return Object.entries(sizes).flatMap(([member, size]) => {
    const own = strikes.filter((strike) => strike.member === undefined || strike.member === member);
    const allowed = Math.max(1, Math.floor(size * share));
    const worst = own
      .map(({ startNs }) => own.filter((one) => one.startNs <= startNs && startNs <= one.endNs))
      .map((at) => ({
        at,
        hits: Math.min(
          size,
          at.reduce((sum, one) => sum + one.hits(size, spread[member] ?? []), 0),
        ),
      }))
      .reduce((a, b) => (b.hits > a.hits ? b : a), { at: [] as Strike[], hits: 0 });
    if (worst.hits <= allowed) return [];
    return [
      {
        code: 'SQ-BLAST-RADIUS',
        what: `${worst.at.map(({ fault }) => fault).join(' and ')} would take ${worst.hits} of the ${size} pods of ${member} at once`,
        where: 'target.kubernetes.blastRadius',
        expected: `at most ${allowed} (${Math.round(share * 100)} % of them, and one in any case)`,
        found: String(worst.hits),
        next: 'strike fewer, or raise target.kubernetes.blastRadius',
      } as const,
    ];
  });
}
