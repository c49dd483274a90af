import { expect, test } from 'vitest';
import type { SinkReply } from '../../../src/fault/fault.ts';
import { createTimedReply } from '../../../src/pod/timed-reply.ts';
import { createSimClock } from '../../fixtures/sim-clock.ts';

const refuse: SinkReply = { action: 'refuse', errorRate: 1 };
const slow: SinkReply = { action: 'slow', errorRate: 1 };
const atMs = (ms: number) => ms * 1e6;

/** The script with what it was told, and when. */
function timed() {
  const clock = createSimClock();
  const told: string[] = [];
  const script = {
    set: async (reply: SinkReply | undefined) => {
      told.push(`${clock.nowNs() / 1e6} ${reply?.action ?? 'as usual'}`);
      return undefined;
    },
  };
  return { clock, told, set: createTimedReply(() => script, clock) };
}

test('a reply that nobody ends does so at its time, and says when it did', async () => {
  const { clock, told, set } = timed();
  await set(refuse, atMs(500));
  await clock.pass(2000);
  expect(told).toEqual(['0 refuse', '500 as usual']);
  expect([await set(undefined), await set(undefined)]).toEqual([atMs(500), atMs(500)]);
});

test('one that is ended in time does not end again, and did not end by itself', async () => {
  const { clock, told, set } = timed();
  await set(refuse, atMs(500));
  await clock.pass(100);
  expect(await set(undefined)).toBeUndefined();
  await set(slow, atMs(2000));
  await clock.pass(1000);
  expect(told).toEqual(['0 refuse', '100 as usual', '100 slow']);
});

test('asked for again over another connection: there once, and not once more when it has ended', async () => {
  const { clock, told, set } = timed();
  await set(refuse, atMs(500));
  await set(refuse, atMs(500));
  await clock.pass(600);
  await set(refuse, atMs(500));
  expect(told).toEqual(['0 refuse', '500 as usual']);
  expect(await set(undefined)).toBe(atMs(500));
});

test('word of one that comes after its end puts nothing in place', async () => {
  const { clock, told, set } = timed();
  await clock.pass(700);
  await set(refuse, atMs(500));
  expect(told).toEqual(['700 as usual']);
  expect(await set(undefined)).toBe(atMs(700));
});

test('without a time it lasts until it is ended', async () => {
  const { clock, told, set } = timed();
  await set(refuse);
  await set(slow);
  await clock.pass(1e6);
  expect(told).toEqual(['0 refuse', '0 slow']);
});
