import { expect, test } from 'vitest';
import { runAgent } from '../../../src/agent/agent.ts';
import type { AgentApi } from '../../../src/agent/api.ts';
import { runDeadMan } from '../../../src/agent/dead-man.ts';
import type { Kernel } from '../../../src/agent/kernel.ts';
import { type AgentEntry, ttlMs } from '../../../src/agent/watch.ts';
import { decodeLines } from '../../../src/base/checked-lines.ts';
import type { Clock } from '../../../src/base/clock.ts';
import { random } from '../../../src/base/random.ts';
import type { Act, Order } from '../../../src/target/node-order.ts';
import { createSimClock, type SimClock } from '../../fixtures/sim-clock.ts';

/** Of the node's clock, of its disk, of the pod's second program, of the look at a run that an agent removes. */
type Sabotage = 'none' | 'no-ttl' | 'no-journal' | 'no-dead-man' | 'no-answer-heard';

const secondMs = 1_000;
/** How soon the kubelet starts an agent again, and how late after it has ended often. */
const restartMs = 2_000;
const backOffMs = 60_000;

/** A node whose rules fall back by themselves, as those of the kernel do; whose stopped processes do not. */
class Node {
  readonly things = new Map<string, { order: Order; keptMs: number; endMs: number }>();
  /** How often each order was begun. */
  readonly begun = new Map<string, number>();
  /** On the disk: the text that was synced. */
  synced = '';
  private readonly clock: SimClock;
  private readonly sabotage: Sabotage;

  constructor(clock: SimClock, sabotage: Sabotage) {
    this.clock = clock;
    this.sabotage = sabotage;
  }

  intended(id: string): boolean {
    const entries = decodeLines(this.synced) as AgentEntry[];
    return entries.some((entry) => entry.kind === 'intent' && entry.order.id === id);
  }

  /** What acts on somebody at this moment. */
  active(): string[] {
    const now = this.clock.wallMs();
    return [...this.things.values()]
      .filter(({ order, keptMs, endMs }) => {
        if (order.act.kind !== 'network') return true;
        // xt_time takes the last second in.
        return this.sabotage === 'no-ttl' || (now < keptMs + ttlMs && now < endMs + secondMs);
      })
      .map(({ order }) => order.id);
  }
}

interface Life {
  dead: boolean;
  steps: number;
  /** At this step it is killed. */
  killAt: number;
}

/** Counts a step; what is dead does nothing any more, and nobody hears of it again. */
async function step(life: Life): Promise<void> {
  life.steps += 1;
  if (life.steps >= life.killAt) life.dead = true;
  if (life.dead) await new Promise(() => {});
}

function kernelOf(node: Node, life: Life, clock: Clock): Kernel {
  return {
    begin: async (order, endsWallMs) => {
      await step(life);
      if (!node.intended(order.id)) throw new Error(`${order.id} without a durable intent`);
      node.begun.set(order.id, (node.begun.get(order.id) ?? 0) + 1);
      if (order.act.kind !== 'signal')
        node.things.set(order.id, { order, keptMs: clock.wallMs(), endMs: endsWallMs });
      await step(life);
      return { detail: 'done', packets: 1 };
    },
    keep: async ({ id }) => {
      await step(life);
      const thing = node.things.get(id);
      if (thing !== undefined) thing.keptMs = clock.wallMs();
    },
    look: async ({ id }) => (node.things.has(id) ? { detail: 'seen' } : undefined),
    end: async ({ id }) => {
      await step(life);
      node.things.delete(id);
      await step(life);
      return 'undone';
    },
  };
}

/** The run as its Lease shows it. */
interface Run {
  renewal: number;
  orders: Order[];
  silent: boolean;
  gone: boolean;
  /** Its runner renews. */
  lives: boolean;
  /** An agent asked that it be removed while it lived. */
  removedAlive: boolean;
}

function apiOf(run: Run, life: Life, sabotage: Sabotage): AgentApi {
  return {
    look: async () => {
      await step(life);
      if (run.silent && sabotage !== 'no-answer-heard') return { kind: 'silent' };
      return run.gone
        ? { kind: 'gone' }
        : { kind: 'there', renewal: `${run.renewal}`, orders: [...run.orders] };
    },
    tell: async () => {
      await step(life);
      if (run.silent) throw new Error('no answer');
    },
    removeAll: async () => {
      if (run.silent) throw new Error('no answer');
      run.removedAlive ||= run.lives;
      run.gone = true;
    },
  };
}

function startLife(node: Node, run: Run, clock: SimClock, killAt: number, sabotage: Sabotage): Life {
  const life: Life = { dead: false, steps: 0, killAt };
  let buffer = '';
  const own: Clock = {
    ...clock,
    sleep: async (ms, signal) => {
      await clock.sleep(ms, signal);
      if (life.dead) await new Promise(() => {});
    },
  };
  void runAgent({
    api: apiOf(run, life, sabotage),
    kernel: kernelOf(node, life, clock),
    entries: sabotage === 'no-journal' ? [] : (decodeLines(node.synced) as AgentEntry[]),
    journal: {
      write: (text) => {
        if (life.dead) throw new Error('dead');
        buffer += text;
      },
      sync: () => {
        if (life.dead) throw new Error('dead');
        node.synced += buffer;
        buffer = '';
      },
      close: () => {},
    },
    boot: 'one',
    lacks: Promise.resolve({}),
    clock: own,
    signal: new AbortController().signal,
  });
  return life;
}

/** The pod's second program: it is killed at some instants, and started again. */
function startDeadMan(node: Node, clock: SimClock): Life {
  const life: Life = { dead: false, steps: 0, killAt: Number.POSITIVE_INFINITY };
  const own: Clock = {
    ...clock,
    sleep: async (ms, signal) => {
      await clock.sleep(ms, signal);
      await step(life);
    },
  };
  let [text, entries]: [string, AgentEntry[]] = ['', []];
  const read = () => {
    if (node.synced !== text) [text, entries] = [node.synced, decodeLines(node.synced) as AgentEntry[]];
    return entries;
  };
  void runDeadMan({
    journals: () => [{ own: true, entries: read() }],
    kernel: kernelOf(node, life, clock),
    boot: 'one',
    clock: own,
    signal: new AbortController().signal,
  });
  return life;
}

const acts: Act[] = [
  {
    kind: 'network',
    flows: [{ chain: 'INPUT', portOf: 'destination', port: 4317 }],
    effect: { kind: 'drop' },
  },
  { kind: 'pause', container: 'a'.repeat(64) },
  { kind: 'signal', container: 'a'.repeat(64), signal: 'SIGKILL' },
];

interface Outcome {
  wrong: string[];
  /** Orders that were ever in place. */
  begun: number;
  kills: number;
}

/** One run of a minute or so: orders at random times, a runner that dies, agents that are killed, an API server that is away. */
async function simulate(seed: number, sabotage: Sabotage): Promise<Outcome> {
  const dice = random(seed, 'agent');
  const seldom = dice.below(3) === 0;
  const clock = createSimClock();
  const node = new Node(clock, sabotage);
  const run: Run = {
    renewal: 0,
    orders: [],
    silent: false,
    gone: false,
    lives: true,
    removedAlive: false,
  };
  const runnerDiesMs = 10_000 + dice.below(50_000);
  const outage = { fromMs: dice.below(60_000), toMs: 0 };
  outage.toMs = outage.fromMs + dice.below(40_000);
  const orders = Array.from({ length: 3 }, (_, index) => {
    const act = acts[dice.below(acts.length)] ?? { kind: 'pause', container: '' };
    const order: Order = {
      id: `${index}`.repeat(12),
      node: 'n',
      podUid: 'p',
      holdMs: 5_000 + dice.below(25_000),
      act,
    };
    const fromMs = 6_000 + dice.below(30_000);
    return { order, fromMs, withdrawnMs: fromMs + dice.below(30_000) };
  });
  const wrong: string[] = [];
  const firstSeenMs = new Map<string, number>();
  let life = startLife(node, run, clock, dice.below(120), sabotage);
  let deadMan = sabotage === 'no-dead-man' ? undefined : startDeadMan(node, clock);
  let deadManAgainMs = Number.POSITIVE_INFINITY;
  let kills = 0;
  let startAgainMs = Number.POSITIVE_INFINITY;
  for (let now = 0; now < 130_000; now += 100) {
    const runnerLives = now < runnerDiesMs;
    run.lives = runnerLives;
    run.silent = now >= outage.fromMs && now < outage.toMs;
    if (runnerLives && !run.silent) {
      if (now % 5_000 === 0) run.renewal += 1;
      run.orders = orders
        .filter(({ fromMs, withdrawnMs }) => now >= fromMs && now < withdrawnMs)
        .map(({ order }) => order);
    }
    await clock.pass(100);
    if (life.dead && startAgainMs === Number.POSITIVE_INFINITY) {
      startAgainMs = now + restartMs + (seldom ? dice.below(backOffMs) : 0);
      // Now and then the whole pod dies at once.
      if (deadMan !== undefined && dice.below(3) === 0) {
        deadMan.dead = true;
        deadManAgainMs = now + restartMs;
      }
    }
    if (now >= deadManAgainMs) {
      deadManAgainMs = Number.POSITIVE_INFINITY;
      deadMan = startDeadMan(node, clock);
    }
    if (now >= startAgainMs) {
      kills += 1;
      startAgainMs = Number.POSITIVE_INFINITY;
      const killAt = sabotage === 'none' && kills > 3 ? Number.POSITIVE_INFINITY : dice.below(200);
      life = startLife(node, run, clock, killAt, sabotage);
    }
    const lastRenewalMs = Math.min(runnerDiesMs, run.silent ? Math.max(outage.fromMs, 0) : runnerDiesMs);
    for (const id of node.active()) {
      const seenMs = firstSeenMs.get(id) ?? now;
      firstSeenMs.set(id, seenMs);
      const { holdMs } = orders.find(({ order }) => order.id === id)?.order ?? { holdMs: 0 };
      if (now > seenMs + holdMs + 5 * secondMs)
        wrong.push(`${id} is active ${now - seenMs} ms, held for ${holdMs}`);
      if (now > lastRenewalMs + ttlMs + 5 * secondMs)
        wrong.push(`${id} is active, the run was renewed ${now - lastRenewalMs} ms ago`);
    }
  }
  if (run.removedAlive) wrong.push('an agent removed a run that lives');
  if (node.things.size > 0) wrong.push(`left: ${[...node.things.keys()]}`);
  for (const [id, times] of node.begun) if (times > 1) wrong.push(`${id} was begun ${times} times`);
  return { wrong, begun: node.begun.size, kills };
}

async function simulateAll(seeds: number, sabotage: Sabotage = 'none'): Promise<Outcome[]> {
  return Promise.all(Array.from({ length: seeds }, (_, seed) => simulate(seed, sabotage)));
}

/**
 * The law: whatever the orders, wherever the agent is killed and started again, the runner dies and the API server is
 * away, nothing acts on a pod later than its deadline + 5 s, nor than 15 s + 5 s after the last renewal; nothing is
 * begun twice or without a durable intent; at the end nothing is left.
 */
const seeds = Math.min(120, Number(process.env.SQUALL_SEEDS ?? 120));

test(`${seeds} seeds: an agent ends what it began, in time`, async () => {
  const outcomes = await simulateAll(seeds);
  expect(
    outcomes.flatMap(({ wrong }, seed) => wrong.slice(0, 1).map((one) => `seed ${seed}: ${one}`)),
  ).toEqual([]);
  expect(outcomes.filter(({ begun, kills }) => begun > 0 && kills > 1).length).toBeGreaterThan(seeds / 3);
});

/** The checker is checked: each of these breaks one rule, and the same simulation must notice. */
test.each(['no-ttl', 'no-journal', 'no-dead-man'] as const)(
  'with %s the simulation fails',
  async (sabotage) => {
    const outcomes = await simulateAll(60, sabotage);
    expect(outcomes.flatMap(({ wrong }) => wrong).length).toBeGreaterThan(3);
  },
);

test.each([
  ['none', false],
  ['no-answer-heard', true],
] as const)(
  'an API server that is away for a minute, with %s: a run that lives is removed: %s',
  async (sabotage, removed) => {
    const clock = createSimClock();
    const run: Run = { renewal: 0, orders: [], silent: false, gone: false, lives: true, removedAlive: false };
    startLife(new Node(clock, sabotage), run, clock, Number.POSITIVE_INFINITY, sabotage);
    for (let now = 0; now < 120_000; now += 100) {
      run.silent = now > 20_000 && now < 81_000;
      if (!run.silent && now % 5_000 === 0) run.renewal += 1;
      await clock.pass(100);
    }
    expect(run.removedAlive).toBe(removed);
  },
);
