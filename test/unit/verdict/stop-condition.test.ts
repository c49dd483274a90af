import { describe, expect, test } from 'vitest';
import { ackBoundsMs } from '../../../src/base/ack-bounds.ts';
import type { LoadCounts } from '../../../src/load/messages.ts';
import type { FaultSpec, SloSpec } from '../../../src/scenario/types.ts';
import { evaluateStop, faultStartsMs } from '../../../src/verdict/stop-condition.ts';
import { slo, threshold } from '../../fixtures/run-evidence.ts';

function counts(more: Partial<LoadCounts> = {}): LoadCounts {
  const none = { missed: 0, rejected: 0, refused: 0, unknown: 0, ackMsP95: Number.NaN };
  return { due: 1000, offered: 1000, acknowledged: 1000, ...none, ...more };
}

function aborting(measure: string, text: string, more: Partial<SloSpec> & { tags?: object } = {}): SloSpec {
  return slo(measure, text, {
    thresholds: [threshold(text, { abortOnFail: true, delayAbortEvalMs: 500 })],
    ...more,
  });
}

/** 100 requests, of which `within` took at most 10 ms and the rest up to 15. */
function buckets(within: number): number[] {
  return [...ackBoundsMs.map((ms) => (ms < 10 ? 0 : ms < 15 ? within : 100)), 100];
}

describe('what is broken for good stops the run', () => {
  test.each<[SloSpec, Partial<LoadCounts>, boolean]>([
    [aborting('items_unknown', 'count==0'), { unknown: 1 }, true],
    [aborting('items_unknown', 'count==0'), {}, false],
    [aborting('items_refused', 'count<=10'), { refused: 11 }, true],
    [aborting('items_refused', 'count>=10'), { refused: 0 }, false],
    [aborting('refused_ratio', 'rate<0.05'), { refused: 60 }, true],
    [aborting('refused_ratio', 'rate<0.05'), { refused: 40 }, false],
    [aborting('acknowledged_rate', 'value>=900'), { acknowledged: 500 }, true],
    [aborting('acknowledged_rate', 'value>=900'), { acknowledged: 950 }, false],
    [aborting('ack_duration', 'p(95)<10'), { ackMsBuckets: buckets(94) }, true],
    [aborting('ack_duration', 'p(95)<10'), { ackMsBuckets: buckets(95) }, false],
    [aborting('ack_duration', 'p(95)<11'), { ackMsBuckets: buckets(94) }, false],
    [aborting('ack_duration', 'p(95)<10'), {}, false],
    [aborting('ack_duration', 'max<10'), { ackMsBuckets: buckets(1) }, false],
    [aborting('items_lost', 'count==0'), {}, false],
  ])('$name $thresholds.0.text', (spec, more, stops) => {
    expect(evaluateStop([spec], { elapsedMs: 1000, counts: counts(more) })).toBe(
      stops ? spec.name : undefined,
    );
  });
});

test('never before delayAbortEval, without a sample, or without abortOnFail', () => {
  const spec = aborting('items_unknown', 'count==0');
  const bad = counts({ unknown: 5 });
  expect(evaluateStop([spec], { elapsedMs: 499, counts: bad })).toBe(undefined);
  expect(evaluateStop([spec], { elapsedMs: 500, counts: bad })).toBe('items_unknown');
  expect(evaluateStop([spec], { elapsedMs: 500, counts: { ...bad, due: 0 } })).toBe(undefined);
  expect(evaluateStop([slo('items_unknown', 'count==0')], { elapsedMs: 500, counts: bad })).toBe(undefined);
});

test('a window that is not running, and a part of the load that the sums do not tell apart, stop nothing', () => {
  const bad = { elapsedMs: 1000, counts: counts({ unknown: 5 }) };
  const inWindow = (window: string) => aborting('items_unknown', 'count==0', { window });
  expect(evaluateStop([inWindow('before:kill')], bad)).toBe(undefined);
  expect(evaluateStop([inWindow('before:kill')], { ...bad, faultStartsMs: { kill: 2000 } })).toBe(
    'items_unknown',
  );
  expect(evaluateStop([inWindow('before:kill')], { ...bad, faultStartsMs: { kill: 900 } })).toBe(undefined);
  expect(evaluateStop([inWindow('after:kill')], bad)).toBe(undefined);
  const traces = aborting('items_unknown', 'count==0', { tags: { signal: 'traces' } });
  expect(evaluateStop([traces], bad)).toBe(undefined);
  expect(evaluateStop([traces], { ...bad, signals: ['traces', 'logs'] })).toBe(undefined);
  expect(evaluateStop([traces], { ...bad, signals: ['traces'] })).toBe('items_unknown');
});

test('in a drill a fault begins when its step does, and before that its window runs', () => {
  const planned = { spec: { name: 'kill' } as FaultSpec, startNs: 900e9 };
  const plan = { warmupNs: 5e9, faults: [planned] };
  const seen = (observed: { injectedNs?: number }) => [{ name: 'kill', observed }];
  expect(faultStartsMs(plan, seen({ injectedNs: 20e9 }))).toEqual({ kill: 895_000 });
  const drilled = { ...plan, drill: [] };
  expect(faultStartsMs(drilled, seen({}))).toEqual({ kill: Number.POSITIVE_INFINITY });
  expect(faultStartsMs(drilled, seen({ injectedNs: 20e9 }))).toEqual({ kill: 15_000 });
});
