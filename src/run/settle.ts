import type { Clock } from '../base/clock.ts';
import { formatDuration } from '../base/units.ts';
import type { Member } from '../target/target.ts';

/** What one look at a member's own metrics says about items it still holds. */
export interface Backlog {
  member: string;
  /** Queue size plus requests in flight, in whatever unit the queue has; undefined: the member did not answer. */
  held: number | undefined;
}

export interface SettleState {
  /** Looks in a row in which every member held nothing. */
  emptyLooks: number;
}

export interface SettleResult {
  fromNs: number;
  toNs: number;
  horizonNs: number;
  shownEmpty: boolean;
  reason: string;
}

/** The target is shown empty after this many looks in a row (contract: queue and in-flight 0 for 2 scrapes). */
const emptyLooksNeeded = 2;

/**
 * One step of settling, pure. Empty is shown when all members held nothing for two looks in a row and the sink has been
 * quiet for `quietNs` (longer than any batch timeout, where items wait outside every queue metric).
 */
export function nextSettle(
  state: SettleState,
  look: { backlogs: readonly Backlog[]; sinkQuietNs: number; quietNs: number },
): { state: SettleState; empty: boolean } {
  const empty = look.backlogs.length > 0 && look.backlogs.every((backlog) => backlog.held === 0);
  const emptyLooks = empty ? state.emptyLooks + 1 : 0;
  return { state: { emptyLooks }, empty: emptyLooks >= emptyLooksNeeded && look.sinkQuietNs >= look.quietNs };
}

/**
 * What to say before the wait, as it may be minutes: a member whose own metrics tell nothing cannot be shown empty.
 * Undefined where there is no wait, or where it may end early.
 */
export function whyLongWait(
  members: readonly Pick<Member, 'name' | 'metricsUrl' | 'readMetrics'>[],
  horizonNs: number,
): string | undefined {
  const mute = members.filter(
    ({ metricsUrl, readMetrics }) => metricsUrl === undefined && readMetrics === undefined,
  );
  if (mute.length === 0 || horizonNs === 0) return undefined;
  const names = mute.map(({ name }) => name).join(', ');
  const wait = `settling takes all of ${formatDuration(horizonNs / 1e6)}`;
  return `${names} has no metrics of its own to show that it is empty: ${wait}; settle in the scenario shortens it`;
}

/** Waits until the target is shown empty or the horizon is over. Times are ns from t = 0. */
export async function settle(options: {
  clock: Clock;
  t0Ns: number;
  horizonNs: number;
  quietNs: number;
  everyMs: number;
  signal: AbortSignal;
  look(): Promise<Backlog[]>;
  lastArrivalNs(): number;
  onLook?(secondsLeft: number): void;
}): Promise<SettleResult> {
  const { clock, t0Ns } = options;
  const fromNs = clock.nowNs() - t0Ns;
  const toNs = fromNs + options.horizonNs;
  let state: SettleState = { emptyLooks: 0 };
  for (;;) {
    const nowNs = clock.nowNs() - t0Ns;
    if (nowNs >= toNs) {
      const reason = `not shown empty within the settle horizon of ${(options.horizonNs / 1e9).toFixed(1)} s`;
      return { fromNs, toNs: nowNs, horizonNs: options.horizonNs, shownEmpty: false, reason };
    }
    if (options.signal.aborted) {
      return { fromNs, toNs: nowNs, horizonNs: options.horizonNs, shownEmpty: false, reason: 'interrupted' };
    }
    const backlogs = await options.look();
    const sinkQuietNs = nowNs - Math.max(options.lastArrivalNs(), fromNs);
    const next = nextSettle(state, { backlogs, sinkQuietNs, quietNs: options.quietNs });
    state = next.state;
    if (next.empty) {
      const reason = `queues and requests in flight 0 for ${emptyLooksNeeded} looks, sink quiet for ${(sinkQuietNs / 1e9).toFixed(1)} s`;
      return { fromNs, toNs: clock.nowNs() - t0Ns, horizonNs: options.horizonNs, shownEmpty: true, reason };
    }
    options.onLook?.((toNs - nowNs) / 1e9);
    await options.clock.sleep(options.everyMs, options.signal).catch(() => undefined); // aborted: seen at the next turn
  }
}
