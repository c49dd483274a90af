import { describe, expect, test } from 'vitest';
import { judgeBacklog } from '../../../src/capacity/backlog.ts';
import { boundsOf, classify } from '../../../src/capacity/classify.ts';
import { passShareAtLeast } from '../../../src/capacity/confidence.ts';
import { designEffect, judgeShare } from '../../../src/capacity/percentile.ts';
import { judgeTrial, type Observation } from '../../../src/capacity/trial.ts';

const even = (seconds: number, over: number) => new Array(seconds).fill({ requests: 100, over });
const goal = (over: number) => ({
  name: 'p95',
  allowed: 0.05,
  warmup: even(10, over),
  measured: even(60, over),
});
const flat = Array.from({ length: 60 }, (_, i): [number, number] => [i, 500 + (i % 2)]);

const good: Observation = {
  ratePerS: 10_000,
  missedByGenerator: 0,
  generatorReasons: [],
  idleAtStart: true,
  percentiles: [goal(1)],
  others: [],
  backlog: flat,
  drained: true,
  delivered: 600_000,
  lost: 0,
  restarts: 0,
};

describe('a trial', () => {
  const growing = flat.map(([at, items]): [number, number] => [at, items + 200 * at]);
  const stalls = { ...goal(1), measured: [...even(30, 1), ...even(6, 100), ...even(24, 1)] };
  const cold = { ...goal(1), warmup: even(10, 60), measured: [...even(20, 12), ...even(40, 1)] };
  const late = ['1 % of the requests left over 50 ms after they were due'];
  test.each([
    ['good', {}, 'pass', ''],
    ['slow', { percentiles: [goal(9)] }, 'fail', 'p95'],
    ['at its limit', { percentiles: [goal(5)] }, 'unknown', 'p95'],
    ['with a backlog that grows by 2 %', { backlog: growing }, 'fail', 'backlog'],
    ['too short to see a backlog grow', { backlog: flat.slice(0, 4) }, 'unknown', '4 times'],
    ['with one lost item', { lost: 1 }, 'fail', '1 of 600001'],
    ['never empty afterwards', { drained: false }, 'fail', 'drain'],
    ['with a member that died', { restarts: 1 }, 'fail', 'restarts'],
    ['that stalled for 6 s', { percentiles: [stalls] }, 'unknown', 'p95'],
    ['whose generator was late', { generatorReasons: late, percentiles: [goal(9)] }, 'invalid', 'due'],
    ['whose generator left out 2 %', { missedByGenerator: 0.02 }, 'invalid', 'left out 2 %'],
    ['that did not start idle', { idleAtStart: false }, 'invalid', 'idle'],
    ['that was still cold', { percentiles: [cold] }, 'invalid', 'warming up'],
    ['beside other work', { disturbed: 'other work took 0.3', percentiles: [goal(9)] }, 'invalid', '0.3'],
    ['that lost beside other work', { disturbed: 'other work', lost: 5 }, 'fail', 'loss'],
    ['that lost, though its generator was late', { generatorReasons: late, lost: 5 }, 'fail', 'loss'],
    ['without a single item', { delivered: 0 }, 'unknown', 'nothing arrived'],
  ])('%s', (_name, change, status, reason) => {
    const verdict = judgeTrial({ ...good, ...change });
    expect([verdict.status, verdict.reason]).toEqual([status, expect.stringContaining(reason)]);
  });

  test('says by the rule of three what no loss means', () => {
    const loss = judgeTrial(good).goals.find(({ name }) => name === 'loss');
    expect(loss?.reason).toBe('0 of 600000 lost: below 5.0e-6 at 95 %');
  });
});

test('requests of one stall count as few', () => {
  expect(designEffect(even(60, 5))).toBe(1);
  const bunched = [...even(57, 0), ...even(3, 100)];
  expect(designEffect(bunched)).toBeGreaterThan(90);
  // The same share of 5 %, spread evenly or in one stall: only the first is known to be below 7 %.
  expect(judgeShare(even(60, 5), 0.07).verdict).toBe('pass');
  expect(judgeShare(bunched, 0.07).verdict).toBe('unknown');
});

test('99 % at 99 % confidence needs what the binomial law says', () => {
  // 0 of 368 bounds the share by 1 % (two-sided at 95 %: 1 - 0.025^(1/n)).
  expect(judgeShare([{ requests: 367, over: 0 }], 0.01).verdict).toBe('unknown');
  expect(judgeShare([{ requests: 368, over: 0 }], 0.01).verdict).toBe('pass');
});

test('a backlog that wanders is not known to grow', () => {
  const wander = Array.from({ length: 60 }, (_, i): [number, number] => [i, 5000 * Math.sin(i / 9)]);
  expect(judgeBacklog(wander, 100).verdict).toBe('unknown');
  expect(judgeBacklog(flat, 100).verdict).toBe('pass');
  expect(judgeBacklog(flat.slice(0, 4), 100).verdict).toBe('unknown');
});

describe('RFC 9971', () => {
  test.each([
    ['', false, 'undecided'],
    ['p', false, 'undecided'],
    ['pp', false, 'lower'],
    ['pf', false, 'undecided'],
    ['pfp', false, 'lower'],
    ['ff', false, 'upper'],
    ['fpf', false, 'upper'],
    ['uu', false, 'undecided'],
    ['upp', false, 'lower'],
    ['f', true, 'upper'],
    ['ppf', true, 'upper'],
    ['pp', true, 'lower'],
  ])('verdicts %s of a goal, hard %s: %s', (letters, hard, wanted) => {
    const words = { p: 'pass', f: 'fail', u: 'unknown' } as const;
    const verdicts = [...letters].map((letter) => words[letter as keyof typeof words]);
    expect(classify(verdicts, hard)).toBe(wanted);
  });

  test('of loads that hold above one that fails, none is the lower bound', () => {
    const loads = [
      { ratePerS: 1, class: 'lower' as const },
      { ratePerS: 2, class: 'lower' as const },
      { ratePerS: 3, class: 'upper' as const },
      { ratePerS: 4, class: 'lower' as const },
      { ratePerS: 5, class: 'upper' as const },
    ];
    expect(boundsOf(loads)).toEqual({ lowerPerS: 2, upperPerS: 3 });
  });
});

test('k of k bounds the pass rate', () => {
  const rounded = [5, 10, 14].map((k) => passShareAtLeast(k).toFixed(2));
  expect(rounded).toEqual(['0.55', '0.74', '0.81']);
});
