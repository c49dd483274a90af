import { type Clock, wallMinusMonotonicNs } from '../base/clock.ts';
import type { PodLink } from './pod-link.ts';

/**
 * How the wall clock of a pod's node stands to this machine's: asked over the control, so that the truth lies within half
 * a round trip of the answer.
 */
export interface PodClock {
  /** The pod's minus the runner's, ns. */
  skewNs: number;
  /** Half of the shortest round trip, ns. */
  errorNs: number;
}

const asks = 8;

/** `own`: this machine's wall clock minus its monotonic one. */
export async function measureClock(
  link: Pick<PodLink, 'ask'>,
  clock: Clock,
  own: bigint = wallMinusMonotonicNs(),
): Promise<PodClock> {
  let best: PodClock = { skewNs: 0, errorNs: Number.POSITIVE_INFINITY };
  for (let i = 0; i < asks; i++) {
    const fromNs = clock.nowNs();
    const answer = await link.ask({ what: 'clock' });
    const toNs = clock.nowNs();
    const errorNs = (toNs - fromNs) / 2;
    if (!('wallNs' in answer) || errorNs >= best.errorNs) continue;
    const middleNs = BigInt(Math.round(fromNs + errorNs)) + own;
    best = { skewNs: Number(BigInt(answer.wallNs) - middleNs), errorNs };
  }
  return best;
}

/** What times of the pod are moved by: a difference that the measurement cannot explain by itself, else nothing. */
export function correctionNs({ skewNs, errorNs }: PodClock): number {
  return Math.abs(skewNs) > errorNs ? skewNs : 0;
}

/** How far times of the pod may be from this machine's after the correction, ns. */
export function boundNs({ skewNs, errorNs }: PodClock): number {
  return Math.abs(skewNs) > errorNs ? errorNs : Math.abs(skewNs) + errorNs;
}

/** A moment of this machine's monotonic clock by the wall clock of the pod's node. */
export function podWallNs(atNs: number, clock: PodClock): string {
  return String(BigInt(Math.round(atNs + correctionNs(clock))) + wallMinusMonotonicNs());
}

/** The reverse. */
export function ownNs(podWall: string, clock: PodClock): number {
  return Number(BigInt(podWall) - wallMinusMonotonicNs()) - correctionNs(clock);
}
