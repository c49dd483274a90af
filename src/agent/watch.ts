import type { Order, OrderOutcome } from '../target/node-order.ts';

/** Without a renewal of the run's Lease for this long, all that is held is undone. */
export const ttlMs = 15_000;

/** What the agent's last look at the Lease showed. */
export type LeaseLook =
  /** Changes with every renewal. */
  | { kind: 'there'; renewal: string; orders: readonly Order[] }
  /** Deleted, or another one of the same name. */
  | { kind: 'gone' }
  /** The API server does not answer. */
  | { kind: 'silent' };

export interface Held {
  order: Order;
  /** Monotonic: from then on it is undone whatever the run says. */
  deadlineNs: number;
  /** Why it is to be undone; once there is a reason it is tried until it is done. */
  ending?: string;
}

/** All that an agent knows; times are monotonic ns. */
export interface WatchState {
  renewal: string | undefined;
  /** When the Lease was last seen to change; a first look shows no change. */
  renewedNs: number;
  /** In the order of their intents. */
  held: Held[];
  /** Ended or failed: never done again. */
  over: ReadonlySet<string>;
}

export type Step =
  | { kind: 'do'; order: Order; deadlineNs: number }
  /** Gives the kernel's own time-out another `ttlMs`. */
  | { kind: 'keep'; held: Held }
  | { kind: 'undo'; held: Held; reason: string };

/**
 * What an agent does after a look. Pure. Nothing is begun or kept without a renewal seen just now: what was not renewed
 * ends `ttlMs` after the last renewal by the kernel's clock, and is undone then by the agent's.
 */
export function decide(
  state: WatchState,
  look: LeaseLook,
  nowNs: number,
): { steps: Step[]; renewal: string | undefined; renewedNs: number } {
  const renewal = look.kind === 'there' ? look.renewal : state.renewal;
  const renewed = state.renewal !== undefined && renewal !== state.renewal;
  const renewedNs = renewed ? nowNs : state.renewedNs;
  const wanted = look.kind === 'there' ? new Map(look.orders.map((order) => [order.id, order])) : undefined;
  const steps: Step[] = [];
  for (const held of state.held) {
    const reason = held.ending ?? whyUndo({ held, look, wanted, nowNs, renewedNs });
    if (reason !== undefined) steps.push({ kind: 'undo', held, reason });
    else if (renewed) steps.push({ kind: 'keep', held });
  }
  if (nowNs - renewedNs > ttlMs * 1e6) return { steps, renewal, renewedNs };
  const known = new Set([...state.over, ...state.held.map(({ order }) => order.id)]);
  for (const order of wanted?.values() ?? [])
    if (!known.has(order.id))
      steps.push({ kind: 'do', order, deadlineNs: nowNs + Math.round(order.holdMs * 1e6) });
  return { steps, renewal, renewedNs };
}

function whyUndo(at: {
  held: Held;
  look: LeaseLook;
  wanted: ReadonlyMap<string, Order> | undefined;
  nowNs: number;
  renewedNs: number;
}): string | undefined {
  const { held, look, wanted, nowNs, renewedNs } = at;
  if (nowNs >= held.deadlineNs) return 'its deadline is over';
  if (look.kind === 'gone') return 'the run is gone';
  if (nowNs - renewedNs > ttlMs * 1e6) return `the run was not renewed for ${ttlMs / 1000} s`;
  return wanted !== undefined && !wanted.has(held.order.id) ? 'the run withdrew it' : undefined;
}

/** What an agent writes down, durably, before it acts. */
export type AgentEvent =
  /** A boot of the machine: after another one nothing of what is held can be left. */
  | { kind: 'start'; boot: string }
  | { kind: 'intent'; order: Order; deadlineNs: number }
  | { kind: 'kept'; id: string }
  | { kind: 'over'; id: string; outcome: OrderOutcome };
export type AgentEntry = AgentEvent & { atNs: number };

/**
 * What of a journal its agent would have undone `graceMs` ago, had it been there to do so: past its deadline, or not
 * renewed. Pure.
 */
export function overdue(
  entries: readonly AgentEntry[],
  at: { boot: string; nowNs: number; graceMs: number },
): Order[] {
  const { held, renewedNs } = replay(entries, at.boot);
  const untilNs = at.nowNs - at.graceMs * 1e6;
  const orphaned = untilNs - renewedNs > ttlMs * 1e6;
  return held.filter(({ deadlineNs }) => orphaned || untilNs >= deadlineNs).map(({ order }) => order);
}

/** Of a signal nobody knows whether it was sent: it is not sent again. */
const interrupted = 'the agent was ended while it did this';

/** What an agent that starts again finds in its journal. Pure. `boot`: of the machine, now. */
export function replay(
  entries: readonly AgentEntry[],
  boot: string,
): { held: Held[]; over: Map<string, OrderOutcome>; renewedNs: number } {
  const held = new Map<string, Held>();
  const over = new Map<string, OrderOutcome>();
  let renewedNs = Number.NEGATIVE_INFINITY;
  let current = false;
  for (const entry of entries) {
    switch (entry.kind) {
      case 'start':
        current = entry.boot === boot;
        if (current) break;
        held.clear();
        renewedNs = Number.NEGATIVE_INFINITY;
        break;
      case 'intent':
        over.set(entry.order.id, { state: 'ended', detail: interrupted });
        if (!current) break;
        renewedNs = entry.atNs;
        if (entry.order.act.kind === 'signal') break;
        over.delete(entry.order.id);
        held.set(entry.order.id, { order: entry.order, deadlineNs: entry.deadlineNs });
        break;
      case 'kept':
        if (current) renewedNs = entry.atNs;
        break;
      case 'over':
        held.delete(entry.id);
        over.set(entry.id, entry.outcome);
        break;
    }
  }
  return { held: [...held.values()], over, renewedNs };
}
