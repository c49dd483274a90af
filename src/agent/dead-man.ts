import { type Clock, systemClock } from '../base/clock.ts';
import { readJournals } from './journal-files.ts';
import { type Kernel, nodeKernel } from './kernel.ts';
import { bootId, journalPlace } from './place.ts';
import { type AgentEntry, overdue, replay } from './watch.ts';

/** Between two looks at the journals. */
const tickMs = 400;
/** The agent itself is first: it looks as often, and is slower on a busy node. */
const graceMs = 1_000;

export interface DeadManOptions {
  /** Of the node, read anew each time. */
  journals(): { own: boolean; entries: AgentEntry[] }[];
  kernel: Pick<Kernel, 'end'>;
  boot: string;
  clock: Clock;
  /** Aborted to end it: it stays as long as its own agent holds a pause. */
  signal: AbortSignal;
}

/**
 * Lets paused containers go on that an agent should have let go. A rule ends by the kernel's clock; a stopped process
 * stays stopped, so a second program looks after it, in a container of its own: a kill, a hang or a slow restart of the
 * agent leave it alone. It writes nothing: the agent finds its pause gone, and says so.
 */
export async function runDeadMan(options: DeadManOptions): Promise<void> {
  const { kernel, boot, clock, signal } = options;
  for (;;) {
    const journals = options.journals();
    for (const { entries } of journals) {
      const late = overdue(entries, { boot, nowNs: clock.nowNs(), graceMs });
      for (const order of late.filter(({ act }) => act.kind === 'pause'))
        await kernel.end(order).catch(() => undefined); // tried again at the next tick
    }
    if (signal.aborted && !journals.some(({ own, entries }) => own && holdsPause(entries, boot))) return;
    await clock.sleep(tickMs, signal.aborted ? undefined : signal).catch(() => undefined); // told to end
  }
}

function holdsPause(entries: readonly AgentEntry[], boot: string): boolean {
  return replay(entries, boot).held.some(({ order }) => order.act.kind === 'pause');
}

export async function main(): Promise<void> {
  const ended = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => ended.abort());
  const place = journalPlace('SQUALL_DEAD_MAN');
  await runDeadMan({
    journals: () => readJournals(place),
    kernel: nodeKernel,
    boot: bootId(),
    clock: systemClock,
    signal: ended.signal,
  });
  process.exit(0);
}
