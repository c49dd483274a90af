import { expect, test } from 'vitest';
import { Admission } from '../../../src/load/admission.ts';

const ms = 1e6;

test('a request whose due time finds a free slot starts', () => {
  const admission = new Admission(2);
  expect(admission.admit(1 * ms, 1.1 * ms)).toBe('start');
  expect(admission.admit(2 * ms, 2.1 * ms)).toBe('start');
  expect(admission.inFlight).toBe(2);
});

test('while the bound is full a due request is missed by the target, and after a release it starts again', () => {
  const admission = new Admission(1);
  admission.admit(1 * ms, 1 * ms);
  expect(admission.admit(2 * ms, 2 * ms)).toBe('missed-by-target');
  admission.release(3 * ms);
  expect(admission.admit(3 * ms, 3 * ms)).toBe('start');
});

test('fullness counts at the due time, not when the worker gets to look', () => {
  const admission = new Admission(1);
  admission.admit(1 * ms, 1 * ms);
  admission.release(5 * ms);
  // The worker was busy from 2 to 6 ms: the bound was full at 4 ms and free at 5.5 ms.
  expect(admission.admit(4 * ms, 6 * ms)).toBe('missed-by-target');
  expect(admission.admit(5.5 * ms, 6 * ms)).toBe('start');
});

test('a tick a little late does not charge the generator for what the target held up', () => {
  const admission = new Admission(1);
  expect(admission.admit(1 * ms, 4 * ms)).toBe('start');
  expect(admission.admit(2 * ms, 4 * ms)).toBe('missed-by-target');
});

test('a stall below a second is caught up, late: what does not fit at once waits for a slot', () => {
  const admission = new Admission(1);
  expect(admission.admit(100 * ms, 600 * ms)).toBe('start');
  expect(admission.admit(200 * ms, 600 * ms)).toBe('queue');
  admission.release(700 * ms);
  expect(admission.admitQueued(200 * ms, 700 * ms)).toBe('start');
});

test('a stall of more than a second with free slots is the generator’s miss', () => {
  const admission = new Admission(4);
  expect(admission.admit(0, 1001 * ms)).toBe('missed-by-generator');
  expect(admission.admit(2 * ms, 1001 * ms)).toBe('start');
});

test('a stall of more than a second with the bound full is still the target’s miss', () => {
  const admission = new Admission(1);
  admission.admit(0, 0);
  expect(admission.admit(10 * ms, 3000 * ms)).toBe('missed-by-target');
});

test('a queued request that is a second late is the generator’s miss', () => {
  const admission = new Admission(1);
  admission.admit(0, 500 * ms);
  expect(admission.admit(100 * ms, 500 * ms)).toBe('queue');
  admission.release(1200 * ms);
  expect(admission.admitQueued(100 * ms, 1200 * ms)).toBe('missed-by-generator');
  expect(admission.inFlight).toBe(0);
});

test('two requests due at one instant: the one that finds the last slot taken is missed by the target', () => {
  const admission = new Admission(1);
  expect(admission.admit(5 * ms, 5 * ms)).toBe('start');
  expect(admission.admit(5 * ms, 5 * ms)).toBe('missed-by-target');
});
