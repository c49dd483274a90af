import { describe, expect, test } from 'vitest';
import {
  defaultRules,
  desiredReplicas,
  freshHpa,
  type HpaSpec,
  stepHpa,
  wholePercent,
} from '../../../src/capacity/hpa.ts';

const cpu = { target: 200, tolerance: 0.1 };

/** One turn after another every 15 s, each with the metric of that turn. */
function follow(spec: HpaSpec, from: number, metrics: number[], everyS = 15): number[] {
  let [replicas, state] = [from, freshHpa];
  return metrics.map((metric, turn) => {
    const next = stepHpa(spec, state, { atS: turn * everyS, replicas, metric });
    [replicas, state] = [next.replicas, next.state];
    return replicas;
  });
}

/** Metrics so far off that policies alone decide. */
const down = (turns: number) => new Array<number>(turns).fill(1);
const spec = (change: Partial<HpaSpec>): HpaSpec => ({
  minReplicas: 1,
  maxReplicas: 1000,
  target: 200,
  ...defaultRules,
  ...change,
});

describe('the algorithm of the documentation', () => {
  test.each([
    ['200m wanted and 200m there: as it is', 2, 200, 2],
    ['the metric is twice its target: twice the replicas', 2, 400, 4],
    ['the metric is half its target: half the replicas', 2, 100, 1],
    ['within the tolerance of 0.1: as it is', 10, 219, 10],
    ['exactly at the tolerance: as it is', 10, 220, 10],
    ['beyond it', 10, 221, 12],
    ['below it', 10, 179, 9],
  ])('%s', (_name, replicas, metric, wanted) => {
    expect(desiredReplicas(cpu, { replicas, metric })).toBe(wanted);
  });

  test('a fraction that is whole on paper is not rounded up', () => {
    expect(desiredReplicas({ target: 0.7, tolerance: 0 }, { replicas: 3, metric: 1.4 })).toBe(6);
    expect(desiredReplicas({ target: 0.1, tolerance: 0 }, { replicas: 1, metric: 0.3 })).toBe(3);
  });
});

describe('pods that are not ready, or without a metric', () => {
  test.each([
    // "conservatively assumes that the not-yet-ready pods are consuming 0% of the desired metric".
    ['upwards, one not ready uses nothing', { replicas: 4, metric: 400, readyPods: 3 }, 6],
    [
      'upwards, one without a metric uses nothing',
      { replicas: 4, metric: 400, readyPods: 3, missingPods: 1 },
      6,
    ],
    // "within the tolerance, the controller doesn't take any scaling action".
    ['upwards, within the tolerance with it', { replicas: 4, metric: 290, readyPods: 3 }, 4],
    // "If the new ratio reverses the scale direction ... the controller doesn't take any scaling action".
    ['upwards, it would turn around', { replicas: 4, metric: 300, readyPods: 2 }, 4],
    // "assuming those pods were consuming 100% of the desired value in case of a scale down".
    [
      'downwards, one without a metric uses its target',
      { replicas: 4, metric: 100, readyPods: 3, missingPods: 1 },
      3,
    ],
    ['downwards, one not ready is left out', { replicas: 4, metric: 100, readyPods: 3 }, 2],
    ['no metric at all', { replicas: 4, metric: Number.NaN, readyPods: 0 }, 4],
  ])('%s', (_name, look, wanted) => {
    expect(desiredReplicas(cpu, look)).toBe(wanted);
  });

  test('a share of the request: one without a metric is taken to use all of it', () => {
    const look = { replicas: 4, metric: 0.2, readyPods: 3, missingPods: 1 };
    expect(desiredReplicas({ target: 0.7, tolerance: 0.1 }, look)).toBe(3); // ceil((3 x 0.2 + 1) / 0.7)
  });
});

test('a share is read in whole per cent, rounded down', () => {
  expect([0.779, 0.29, 1].map(wholePercent)).toEqual([0.77, 0.29, 1]);
});

describe('the examples of the documentation', () => {
  const scaleDown = (policies: HpaSpec['scaleDown']['policies'], more: Partial<HpaSpec['scaleDown']> = {}) =>
    spec({ scaleDown: { stabilizationWindowS: 0, selectPolicy: 'Max', policies, ...more } });

  test('80 replicas down to 10, by 4 pods or 10 % a minute: first 8, then 7.2 rounded, 4 where that is more', () => {
    const rules = {
      ...scaleDown([
        { type: 'Pods', value: 4, periodS: 60 },
        { type: 'Percent', value: 10, periodS: 60 },
      ]),
      minReplicas: 10,
    };
    // "8 pods are removed in the first iteration, in the next 8, as 10 % of 72 is 7.2, rounded up".
    expect(follow(rules, 80, down(4), 60)).toEqual([72, 64, 57, 51]);
    // "when the number of replicas falls below 40, the first policy applies and 4 pods are removed at a time".
    expect(follow(rules, 40, down(9), 60)).toEqual([36, 32, 28, 24, 20, 16, 12, 10, 10]);
  });

  test('10 % a minute alone: 80, 72, 64', () => {
    expect(follow(scaleDown([{ type: 'Percent', value: 10, periodS: 60 }]), 80, down(2), 60)).toEqual([
      72, 64,
    ]);
  });

  test('no more than 5 pods a minute, with Min of two policies', () => {
    const rules = scaleDown(
      [
        { type: 'Percent', value: 10, periodS: 60 },
        { type: 'Pods', value: 5, periodS: 60 },
      ],
      { selectPolicy: 'Min' },
    );
    expect(follow(rules, 80, down(3), 60)).toEqual([75, 70, 65]);
  });

  test('selectPolicy Disabled: never downwards', () => {
    expect(follow(scaleDown([], { selectPolicy: 'Disabled' }), 80, down(3))).toEqual([80, 80, 80]);
  });

  test('the default window: nothing goes down for 300 s after the last time that more was wanted', () => {
    const turns = follow(spec({}), 10, [200, ...new Array<number>(24).fill(100)]);
    expect(turns.slice(0, 20)).toEqual(new Array(20).fill(10));
    expect(turns[20]).toBe(5);
  });

  test('the default window holds from the first look on, whatever was before', () => {
    const turns = follow(spec({}), 10, new Array<number>(24).fill(100));
    expect([turns[0], turns[19], turns[20]]).toEqual([10, 10, 5]);
  });

  test('the default upwards: at once, doubled or by 4 in 15 s, whichever is more', () => {
    const rules = spec({ maxReplicas: 100 });
    expect(follow(rules, 1, new Array<number>(5).fill(4000))).toEqual([5, 10, 20, 40, 80]);
  });

  test('without a behavior block: up to 4 or doubled, and up to the most that was recommended before', () => {
    const rules = spec({ maxReplicas: 100, withoutBehavior: true });
    expect(follow(rules, 1, new Array<number>(4).fill(4000))).toEqual([4, 8, 16, 32]);
    // 7 at the first look, of which 6 are allowed; then the target is met, and the seventh comes all the same.
    expect(follow(rules, 3, [420, 200, 200])).toEqual([6, 7, 7]);
  });

  test('policies count what happened within their period, not since the last turn', () => {
    const policies = [{ type: 'Pods', value: 2, periodS: 60 }] as const;
    const rules = spec({ scaleUp: { stabilizationWindowS: 0, selectPolicy: 'Max', policies } });
    expect(follow(rules, 3, new Array<number>(9).fill(4000))).toEqual([5, 5, 5, 5, 7, 7, 7, 7, 9]);
  });
});

test('the bounds hold whatever the metric', () => {
  const rules = spec({ minReplicas: 3, maxReplicas: 10 });
  expect(follow(rules, 3, new Array<number>(9).fill(1e6)).at(-1)).toBe(10);
  expect(follow(rules, 10, new Array<number>(60).fill(0)).at(-1)).toBe(3);
});
