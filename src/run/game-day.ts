import type { RunRecord } from '../observe/evidence.ts';
import { startDrill } from './drill.ts';
import { watchAlerts } from './live-alerts.ts';
import { need, type Session } from './session.ts';

/** A drill within its run: the load lasts as long as its steps do. */
export interface GameDay {
  /** Ends the load with the last step. Gives how the run ends where a drill cannot go on. */
  look(): RunRecord['ended'] | undefined;
  phase(): string;
  /** Until somebody must have answered. */
  leftS(): number | null;
  /** Whatever it waits for. */
  close(): void;
}

/** Undefined where the scenario has no drill. */
export function openGameDay(session: Session, t0Ns: number): GameDay | undefined {
  const { plan, clock, people } = session;
  if (plan.drill === undefined) return undefined;
  if (people === undefined) throw new Error('a drill needs somebody to ask');
  const load = need(session, 'load');
  const closed = new AbortController();
  const drill = startDrill({
    drill: plan.drill,
    t0Ns,
    fromNs: plan.warmupNs,
    clock,
    faults: need(session, 'faults'),
    people,
    alerts: watchAlerts(session),
    say: session.say,
    signal: closed.signal,
  });
  session.drill = drill;
  let loadOver = false;
  let ending = false;
  const seen = () => {
    loadOver = true;
  };
  load.done.then(seen, seen); // why it failed is told by the load
  return {
    look() {
      const ended = drill.ended();
      if (ended?.kind === 'stopped') return { kind: 'interrupted', why: ended.why };
      if (ended === undefined) return loadOver ? { kind: 'failed', message: loadTooShort } : undefined;
      if (!ending) load.end();
      ending = true;
      return undefined;
    },
    phase: () => drill.now().phase,
    leftS() {
      const { untilNs } = drill.now();
      return untilNs === undefined ? null : Math.max(0, (untilNs - clock.nowNs()) / 1e9);
    },
    close: () => closed.abort(),
  };
}

/** It lasts for all deadlines; only a fault that could not be undone for long takes more. */
const loadTooShort = 'the load was over before the drill: lengthen it';
