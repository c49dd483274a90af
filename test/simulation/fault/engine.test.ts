import { expect, test } from 'vitest';
import { heartbeatTtlMs } from '../../../src/fault/heartbeat.ts';
import { type Outcome, type Sabotage, simulate } from './simulate.ts';

async function simulateAll(seeds: number, sabotage: Sabotage = 'none'): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let seed = 0; seed < seeds; seed++) outcomes.push(await simulate(seed, sabotage));
  return outcomes;
}

const wrongOf = (outcomes: Outcome[]) =>
  outcomes
    .filter(({ wrong }) => wrong.length > 0)
    .map(({ seed, how, wrong }) => `seed ${seed}, ${how}: ${wrong.join('; ')}`);

/**
 * The law: whatever the plan, and wherever the runner, the guard or both end (at every write of the journal, between
 * every two effects, with a torn tail, with an undo that fails at first), the state after the guard's replay is the
 * state at the start, within TTL + 5 s.
 */
/** 10,000 unless SQUALL_SEEDS says otherwise, as the quick check does. */
const seeds = Number(process.env.SQUALL_SEEDS ?? 10_000);

test(`${seeds} seeds: the state after the guard equals the state at the start`, async () => {
  const outcomes = await simulateAll(seeds);
  expect(wrongOf(outcomes).slice(0, 5)).toEqual([]);
  expect(Math.max(...outcomes.map(({ cleanAfterMs }) => cleanAfterMs))).toBeLessThanOrEqual(
    heartbeatTtlMs + 5_000,
  );
  const endings = new Set(outcomes.map(({ how }) => how));
  expect(endings.size).toBe(6);
});

/** The checker is checked: each of these breaks one rule, and the same simulation must notice. */
test.each([
  ['no-sync', 'without a durable intent'],
  ['late-intent', 'without a durable intent'],
  ['no-deadline', 'left'],
] as const)('with %s the simulation fails', async (sabotage, expected) => {
  const wrong = wrongOf(await simulateAll(300, sabotage));
  expect(wrong.length).toBeGreaterThan(3);
  expect(wrong.join('\n')).toContain(expected);
});
