import { type AppendFile, encodeLine } from '../base/checked-lines.ts';
import type { Clock } from '../base/clock.ts';
import type { AgentStatus, Order, OrderOutcome } from '../target/node-order.ts';
import type { AgentApi } from './api.ts';
import type { Kernel } from './kernel.ts';
import {
  type AgentEntry,
  type AgentEvent,
  decide,
  type Held,
  type LeaseLook,
  replay,
  type Step,
  ttlMs,
} from './watch.ts';

export interface AgentOptions {
  api: AgentApi;
  kernel: Kernel;
  /** Entries of the journal as it was found. */
  entries: readonly AgentEntry[];
  journal: AppendFile;
  /** Of the machine, now. */
  boot: string;
  /** What this node cannot do. Looking takes a while, in which what is held must not wait for its end. */
  lacks: Promise<Record<string, string>>;
  clock: Clock;
  /** Aborted to end it: then everything is undone first. */
  signal: AbortSignal;
}

/** Between two looks at the Lease and at what is held. */
const tickMs = 400;
/** After the last renewal and its `ttlMs`: the run's guard has had its time to remove everything. */
const orphanedMs = 30_000;

/** An agent's life. Returns when it was told to end and nothing that it holds is left. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { clock, signal } = options;
  const agent = new Agent(options);
  while (!signal.aborted) {
    await agent.tick();
    await clock.sleep(tickMs, signal).catch(() => undefined); // told to end: the loop ends
  }
  while (!(await agent.endAll())) await clock.sleep(tickMs);
}

class Agent {
  private readonly options: AgentOptions;
  private readonly startNs: number;
  private held: Held[];
  private readonly over: Map<string, OrderOutcome>;
  private renewal: string | undefined;
  private renewedNs: number;
  /** What is in place has struck, by order. */
  private readonly seen = new Map<string, Omit<OrderOutcome, 'state'>>();
  private asked: Promise<void> | undefined;
  private look: LeaseLook = { kind: 'silent' };
  private told = '';
  private telling: Promise<void> | undefined;
  private removing: Promise<void> | undefined;
  private lacks: Record<string, string> | undefined;
  /** When the API server last gave no answer. */
  private unansweredNs = Number.NEGATIVE_INFINITY;

  constructor(options: AgentOptions) {
    this.options = options;
    this.startNs = options.clock.nowNs();
    ({ held: this.held, over: this.over, renewedNs: this.renewedNs } = replay(options.entries, options.boot));
    this.write({ kind: 'start', boot: options.boot });
    void options.lacks.then((found) => {
      this.lacks = found;
    });
  }

  /** Never rejects, and waits for the node alone: an API server that hangs must not keep anything in place. */
  async tick(): Promise<void> {
    const { clock } = this.options;
    const look = this.look;
    this.look = { kind: 'silent' };
    const nowNs = clock.nowNs();
    const state = { renewal: this.renewal, renewedNs: this.renewedNs, held: this.held, over: this.ids() };
    const { steps, renewal, renewedNs } = decide(state, look, nowNs);
    this.renewal = renewal;
    this.renewedNs = renewedNs;
    for (const step of steps) await this.follow(step).catch(() => undefined); // tried again at the next tick
    await this.readBack();
    this.ask();
    this.tell();
    this.leave(nowNs);
  }

  /** Whether nothing is left. */
  async endAll(): Promise<boolean> {
    for (const held of [...this.held]) await this.undo(held, 'the agent ends').catch(() => undefined); // tried again
    return this.held.length === 0;
  }

  private ids(): Set<string> {
    return new Set(this.over.keys());
  }

  private async follow(step: Step): Promise<void> {
    switch (step.kind) {
      case 'do':
        return this.begin(step.order, step.deadlineNs);
      case 'keep':
        this.write({ kind: 'kept', id: step.held.order.id });
        return this.options.kernel.keep(step.held.order);
      case 'undo':
        return this.undo(step.held, step.reason);
    }
  }

  /** The intent is on the disk before anything is done; without it nothing is. */
  private async begin(order: Order, deadlineNs: number): Promise<void> {
    const { kernel, clock } = this.options;
    this.write({ kind: 'intent', order, deadlineNs });
    const held: Held = { order, deadlineNs };
    this.held.push(held);
    try {
      const endsWallMs = clock.wallMs() + (deadlineNs - clock.nowNs()) / 1e6;
      const { detail, ...counts } = await kernel.begin(order, endsWallMs);
      this.seen.set(order.id, { detail, ...counts });
      if (order.act.kind === 'signal') this.close(held, { state: 'ended', detail });
    } catch (error) {
      const detail = messageOf(error);
      held.ending = detail;
      await kernel.end(order);
      this.close(held, { state: 'failed', detail });
    }
  }

  private async undo(held: Held, reason: string): Promise<void> {
    held.ending = reason;
    const { order } = held;
    // The last count stands in the report.
    const counts = (await this.options.kernel.look(order).catch(() => undefined)) ?? this.seen.get(order.id);
    const done = await this.options.kernel.end(order);
    this.close(held, { ...counts, state: 'ended', detail: `${reason}: ${done}` });
  }

  private close(held: Held, outcome: OrderOutcome): void {
    const { id } = held.order;
    this.held = this.held.filter((one) => one !== held);
    this.over.set(id, outcome);
    this.seen.delete(id);
    try {
      this.write({ kind: 'over', id, outcome });
    } catch {
      // A later start undoes it once more, which changes nothing.
    }
  }

  /** What is held and cannot be seen any more ended with its pod or container. */
  private async readBack(): Promise<void> {
    for (const held of [...this.held]) {
      if (held.ending !== undefined) continue;
      try {
        const found = await this.options.kernel.look(held.order);
        if (found === undefined) await this.undo(held, 'it is gone by itself');
        else this.seen.set(held.order.id, found);
      } catch {
        // Could not be looked at now: the next tick looks again.
      }
    }
  }

  private ask(): void {
    this.asked ??= this.options.api
      .look()
      .catch((): LeaseLook => ({ kind: 'silent' }))
      .then((look) => {
        this.look = look;
        this.asked = undefined;
        if (look.kind === 'silent') this.unansweredNs = this.options.clock.nowNs();
      });
  }

  private status(): AgentStatus {
    const renewed = this.options.clock.nowNs() - this.renewedNs <= ttlMs * 1e6;
    const held = this.held.map(({ order }): [string, OrderOutcome] => [
      order.id,
      { detail: '', ...this.seen.get(order.id), state: 'held' },
    ]);
    const ready = renewed && this.lacks !== undefined;
    return { ready, lacks: this.lacks ?? {}, orders: Object.fromEntries([...this.over, ...held]) };
  }

  /** When something changed, and until it was taken. */
  private tell(): void {
    const status = this.status();
    const text = JSON.stringify(status);
    if (text === this.told) return;
    this.telling ??= this.options.api
      .tell(status)
      .then(
        () => {
          this.told = text;
        },
        () => undefined, // told again at the next tick
      )
      .finally(() => {
        this.telling = undefined;
      });
  }

  /** The run is dead, nothing of it is held here, and nobody has removed it: its namespace goes, and this with it. */
  private leave(nowNs: number): void {
    const sinceNs = Math.max(this.startNs, this.renewedNs);
    if (this.held.length > 0 || nowNs - sinceNs < (ttlMs + orphanedMs) * 1e6) return;
    // A run that lives renews its Lease again within this time of the API server's return.
    if (nowNs - this.unansweredNs < ttlMs * 1e6) return;
    this.removing ??= this.options.api
      .removeAll()
      .catch(() => undefined) // asked again at the next tick
      .finally(() => {
        this.removing = undefined;
      });
  }

  /** Durable when it returns; throws when it is not. */
  private write(event: AgentEvent): void {
    const entry: AgentEntry = { ...event, atNs: this.options.clock.nowNs() };
    this.options.journal.write(encodeLine(entry));
    this.options.journal.sync();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
