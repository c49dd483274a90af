import { expect, test } from 'vitest';
import { random } from '../../src/base/random.ts';
import type { Outcome } from '../../src/load/exporter.ts';
import { Flow } from '../../src/load/flow.ts';
import type { RequestRecord } from '../../src/load/records.ts';
import { Tally } from '../../src/load/tally.ts';
import { requestClass } from '../../src/observe/evidence.ts';
import { createPacer } from '../../src/plan/pace.ts';
import { openEntry } from '../fixtures/load/plan.ts';

const ms = 1e6;
const bound = 4;
const batch = 10;

interface World {
  records: RequestRecord[];
  counts: ReturnType<Tally['counts']>;
  mostInFlight: number;
  answers: Map<number, Outcome['kind']>;
  items: number;
}

const outcomes: Record<'acknowledged' | 'refused' | 'unknown', Outcome> = {
  acknowledged: { kind: 'acknowledged', status: 0, message: '' },
  refused: { kind: 'refused', retryable: false, status: 3, message: '' },
  unknown: { kind: 'unknown', retryable: false, status: -1, message: '' },
};

/** One entry on one worker against a target that answers after `delayMs`; during a stall the worker does nothing. */
async function simulate(options: {
  seed: number;
  delayMs: (draw: () => number) => number;
  stalls: { fromMs: number; toMs: number }[];
  /** The timeline ends here, before it would. */
  endsAtMs?: number;
}): Promise<World> {
  const draw = random(options.seed, 'flow').next;
  const entry = openEntry({ spec: { batch, retry: 'none' }, itemsPerS: 1000, durationMs: 3000 });
  const events: { atNs: number; act(): void }[] = [];
  const clock = { at: 0, nowNs: () => clock.at };
  const later = (atNs: number, act: () => void) => {
    const stall = options.stalls.find(({ fromMs, toMs }) => atNs >= fromMs * ms && atNs < toMs * ms);
    events.push({ atNs: stall === undefined ? atNs : stall.toMs * ms, act });
  };
  const records: RequestRecord[] = [];
  const answers = new Map<number, Outcome['kind']>();
  const tally = new Tally();
  let inFlight = 0;
  let mostInFlight = 0;
  let sending = -1;
  const flow = new Flow({
    entry,
    pacer: createPacer(entry.pace),
    worker: 0,
    workers: 1,
    seed: options.seed,
    bound,
    clock,
    tally,
    record: (record) => records.push(record),
    bodies: {
      prepare() {},
      make({ from }) {
        sending = from;
        return { bytes: Buffer.alloc(0), giveBack() {} };
      },
    },
    exporter: {
      ready: async () => {},
      close() {},
      send: () =>
        new Promise((resolve) => {
          mostInFlight = Math.max(mostInFlight, ++inFlight);
          const roll = draw();
          const kind = roll < 0.8 ? 'acknowledged' : roll < 0.9 ? 'refused' : 'unknown';
          answers.set(sending, kind);
          later(clock.at + options.delayMs(draw) * ms, () => {
            inFlight--;
            resolve(outcomes[kind]);
          });
        }),
    },
  });
  flow.go(0);
  const pacer = createPacer(entry.pace);
  const { endsAtMs } = options;
  // Before what was due in a stall that lasts until then is drained.
  if (endsAtMs !== undefined) later(endsAtMs * ms, () => flow.end());
  for (let k = 0; k < pacer.requests; k++) later(pacer.dueNs(k) + draw() * 0.2 * ms, () => flow.drain());
  while (events.length > 0) {
    events.sort((a, b) => a.atNs - b.atNs);
    const next = events.shift();
    if (next === undefined) break;
    clock.at = Math.max(clock.at, next.atNs);
    next.act();
    for (let i = 0; i < 10; i++) await Promise.resolve();
  }
  expect(flow.finished).toBe(true);
  // Of those with a due time of their own at the end nothing was drained after it.
  const items = endsAtMs === undefined ? entry.items : tally.counts().due;
  return { records, counts: tally.counts(), mostInFlight, answers, items };
}

const missesOf = ({ records }: World, which: number) =>
  records.filter((record) => record.class === which).length;

function checkLaws(world: World): void {
  const { records, counts, answers, items } = world;
  expect(records.map(({ from }) => from).sort((a, b) => a - b)).toEqual(
    Array.from({ length: items / batch }, (_, k) => k * batch),
  );
  expect(counts.due).toBe(items);
  expect(counts.due).toBe(counts.missed + counts.offered);
  expect(counts.offered).toBe(counts.acknowledged + counts.rejected + counts.refused + counts.unknown);
  expect(world.mostInFlight).toBeLessThanOrEqual(bound);
  for (const record of records) {
    const answer = answers.get(record.from);
    if (answer === undefined) expect(record.class).toBeGreaterThanOrEqual(requestClass.missedByGenerator);
    else {
      expect(record.class).toBe(requestClass[answer as keyof typeof outcomes]);
      expect(record.sendNs - record.dueNs).toBeLessThanOrEqual(1001 * ms);
    }
  }
}

const seeds = Array.from({ length: 30 }, (_, i) => i);

test('a fast target and a punctual worker: nothing is missed', async () => {
  for (const seed of seeds) {
    const world = await simulate({ seed, delayMs: (draw) => 1 + 20 * draw(), stalls: [] });
    checkLaws(world);
    expect(world.counts.missed).toBe(0);
  }
});

test('a slow target and a punctual worker: every miss is the target’s', async () => {
  for (const seed of seeds) {
    const world = await simulate({ seed, delayMs: (draw) => 300 * draw(), stalls: [] });
    checkLaws(world);
    expect(world.counts.missed).toBeGreaterThan(0);
    expect(missesOf(world, requestClass.missedByGenerator)).toBe(0);
  }
});

test('a fast target and a worker that stalls below a second: all is caught up or the catching up filled the bound', async () => {
  for (const seed of seeds) {
    const world = await simulate({ seed, delayMs: () => 2, stalls: [{ fromMs: 500, toMs: 1200 }] });
    checkLaws(world);
    expect(missesOf(world, requestClass.missedByGenerator)).toBe(0);
    const late = world.records.filter(({ finalNs, dueNs }) => finalNs - dueNs > 500 * ms);
    expect(late.length).toBeGreaterThan(10);
  }
});

test('a fast target and a worker that stalls for two seconds: what is over a second late is the generator’s', async () => {
  for (const seed of seeds) {
    const world = await simulate({ seed, delayMs: () => 2, stalls: [{ fromMs: 500, toMs: 2500 }] });
    checkLaws(world);
    expect(missesOf(world, requestClass.missedByGenerator)).toBeGreaterThanOrEqual(99);
  }
});

test('a target silent while the worker stalls: what was due while the bound was full is the target’s', async () => {
  for (const seed of seeds) {
    const world = await simulate({ seed, delayMs: () => 4000, stalls: [{ fromMs: 500, toMs: 2500 }] });
    checkLaws(world);
    expect(missesOf(world, requestClass.missedByGenerator)).toBe(0);
    expect(missesOf(world, requestClass.missedByTarget)).toBe(300 - bound);
  }
});

test('a timeline that ends before its plan: nothing is due after it, and what was due goes out as usual', async () => {
  for (const seed of seeds) {
    const endsAtMs = 1100;
    // What was due in the stall is due all the same, and waits its turn when the end comes.
    const stalls = [{ fromMs: 500, toMs: 1200 }];
    const world = await simulate({ seed, delayMs: () => 2, stalls, endsAtMs });
    checkLaws(world);
    expect(world.items).toBe(1200);
    expect(Math.max(...world.records.map(({ dueNs }) => dueNs))).toBe(1200 * ms);
    expect(missesOf(world, requestClass.missedByGenerator)).toBe(0);
    const sentAfter = world.records.filter(({ sendNs }) => sendNs > 1200 * ms);
    expect(sentAfter.length).toBeGreaterThan(0);
  }
});

test('whatever the target and the worker do, every due item ends in exactly one class', async () => {
  for (const seed of seeds) {
    const draw = random(seed, 'weather').next;
    const stalls = [0, 1, 2].map((i) => {
      const fromMs = i * 1000 + 500 * draw();
      return { fromMs, toMs: fromMs + 900 * draw() };
    });
    checkLaws(await simulate({ seed, delayMs: (next) => (next() < 0.1 ? 1500 : 60 * next()), stalls }));
  }
});
