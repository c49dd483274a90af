import { nowNs } from '../base/clock.ts';

export type ConnectionState = { kind: 'open' } | { kind: 'connecting' } | { kind: 'waiting'; reason: string };

export interface Connection {
  readonly state: ConnectionState;
  /** Calls back at the next change of state. */
  onChange(listener: () => void): void;
}

/**
 * Gives the next open connection in turn, so that a dead endpoint stalls nobody. With none open it waits for one that
 * is connecting; with none of those either it gives the reason at once, as gRPC's "fail fast" does.
 */
export function createRoundRobin<C extends Connection>(
  connections: readonly C[],
): (deadlineNs: number) => C | string | Promise<C | string> {
  let next = 0;
  const pickOpen = (): C | undefined => {
    for (let i = 0; i < connections.length; i++) {
      const candidate = connections[next % connections.length];
      next = (next + 1) % connections.length;
      if (candidate?.state.kind === 'open') return candidate;
    }
    return undefined;
  };
  const pick = async (deadlineNs: number): Promise<C | string> => {
    for (;;) {
      const open = pickOpen();
      if (open !== undefined) return open;
      const connecting = connections.filter((connection) => connection.state.kind === 'connecting');
      if (connecting.length === 0) return reasons(connections);
      const leftMs = (deadlineNs - nowNs()) / 1e6;
      if (leftMs <= 0) return 'no connection in time';
      await firstChange(connecting, leftMs);
    }
  };
  return (deadlineNs) => pickOpen() ?? pick(deadlineNs);
}

function firstChange(connections: readonly Connection[], withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, withinMs);
    for (const connection of connections) {
      connection.onChange(() => {
        clearTimeout(timer);
        resolve();
      });
    }
  });
}

function reasons(connections: readonly Connection[]): string {
  const seen = new Set<string>();
  for (const { state } of connections) if (state.kind === 'waiting') seen.add(state.reason);
  return seen.size === 0 ? 'no endpoint' : [...seen].join('; ');
}

const reconnectFirstMs = 100;
const reconnectMaxMs = 2_000;

/** Pauses before connecting again: short, so that a restarted member is found soon; doubled up to two seconds. */
export function createReconnectDelay(): { next(): number; reset(): void } {
  let delayMs = reconnectFirstMs;
  return {
    next() {
      const now = delayMs;
      delayMs = Math.min(delayMs * 2, reconnectMaxMs);
      return now;
    },
    reset() {
      delayMs = reconnectFirstMs;
    },
  };
}
