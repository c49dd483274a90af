import { expect, test } from 'vitest';
import { noAnswer } from '../../../src/load/answer.ts';
import type { Outcome } from '../../../src/load/exporter.ts';
import { createRetryPauses } from '../../../src/load/retry.ts';

const retry = { initialMs: 1000, maxMs: 5000, maxElapsedMs: 30_000 };
const stream = { seed: 1, name: 'spans/0' };
const busy = (retryDelayMs?: number): Outcome => ({
  kind: 'refused',
  retryable: true,
  status: 14,
  message: '',
  ...(retryDelayMs === undefined ? {} : { retryDelayMs }),
});

test('pauses grow by half each time up to the maximum, spread by half', () => {
  const pauses = createRetryPauses(retry, stream);
  const bases = [1000, 1500, 2250, 3375, 5000, 5000];
  for (const base of bases) {
    const pause = pauses.next(busy(), 0) ?? 0;
    expect(pause).toBeGreaterThanOrEqual(base / 2);
    expect(pause).toBeLessThanOrEqual(base * 1.5);
  }
});

test('the same seed and request give the same pauses, another request others', () => {
  const first = (name: string) => createRetryPauses(retry, { seed: 1, name }).next(busy(), 0);
  expect(first('spans/0')).toBe(first('spans/0'));
  expect(first('spans/0')).not.toBe(first('spans/1'));
});

test("the server's delay is kept to, and the back-off grows from it", () => {
  const pauses = createRetryPauses(retry, stream);
  expect(pauses.next(busy(3000), 0)).toBe(3000);
  expect(pauses.next(busy(), 0)).toBeGreaterThanOrEqual(4500 / 2);
});

test('no attempt begins after maxElapsed', () => {
  expect(createRetryPauses(retry, stream).next(busy(2000), 28_001)).toBeUndefined();
  expect(createRetryPauses(retry, stream).next(busy(2000), 28_000)).toBe(2000);
});

test('success, partial success and definite refusals are never tried again; no answer is', () => {
  const next = (outcome: Outcome) => createRetryPauses(retry, stream).next(outcome, 0);
  expect(next({ kind: 'acknowledged', status: 0, message: '' })).toBeUndefined();
  expect(next({ kind: 'rejected', items: 3, status: 0, message: '' })).toBeUndefined();
  expect(next({ kind: 'refused', retryable: false, status: 3, message: '' })).toBeUndefined();
  expect(next(noAnswer('reset'))).toBeGreaterThan(0);
});

test('retry: none', () => {
  expect(createRetryPauses('none', stream).next(busy(), 0)).toBeUndefined();
});
