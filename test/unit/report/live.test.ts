import { expect, test } from 'vitest';
import type { Clock } from '../../../src/base/clock.ts';
import { columnsOf } from '../../../src/report/ansi.ts';
import { createLive, type LiveState } from '../../../src/report/live.ts';

function stage(options: { tty: boolean; columns?: number; everyMs?: number }) {
  let ms = 0;
  const clock: Clock = { nowNs: () => ms * 1e6, wallMs: () => ms, sleep: async () => {} };
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text), columns: options.columns ?? 80 };
  const live = createLive(stream, {
    tty: options.tty,
    color: false,
    everyMs: options.everyMs ?? 10_000,
    clock,
  });
  return { live, written, at: (now: number) => (ms = now) };
}

const state: LiveState = {
  phase: 'load',
  offeredPerS: 10_000,
  acknowledgedPerS: 9_998.4,
  p95Ms: 4.12,
  missing: 0,
  activeFaults: ['kill'],
  leftS: 32,
};
const line = 'load · 32 s left · fault kill · offered 10,000/s · acked 9,998/s · P95 4.12 ms · lost so far 0';

test('elsewhere than on a terminal: one plain line per 10 s, and one when the phase changes', () => {
  const { live, written, at } = stage({ tty: false });
  for (let ms = 0; ms <= 25_000; ms += 500) {
    at(ms);
    live.update(state);
  }
  live.update({ phase: 'settling', leftS: 300 });
  live.update({ phase: 'starting: sink' });
  live.update({ phase: 'starting: target' });
  live.end();
  const after = ['settling · at most 5 min left\n', 'starting: sink\n'];
  expect(written).toEqual([`${line}\n`, `${line}\n`, `${line}\n`, ...after]);
});

test('what is known to be lost stands beside what may still come', () => {
  const { live, written } = stage({ tty: false });
  live.update({ phase: 'load', missing: 7_140, lost: 7_000 });
  live.update({ phase: 'settling', missing: 7_000, lost: 7_000 });
  expect(written).toEqual([
    'load · lost so far 7,000, 140 on the way or lost\n',
    'settling · lost so far 7,000\n',
  ]);
});

test('on a terminal: one line written over, cut to the width, gone at the end', () => {
  const { live, written } = stage({ tty: true, columns: 40 });
  live.update(state);
  live.end();
  live.update(state);
  expect(written).toEqual([`\r\u001b[2K${line.slice(0, 38)}…`, '\r\u001b[2K']);
});

test('quiet: only what is said', () => {
  const written: string[] = [];
  const live = createLive(
    { write: (text) => written.push(text) },
    { tty: true, color: true, quiet: true, everyMs: 0 },
  );
  live.update(state);
  live.say('said');
  live.end();
  expect(written).toEqual(['said\n']);
});

test('a line of its own stands above the live one', () => {
  const { live, written } = stage({ tty: true, columns: 200 });
  live.say('first');
  live.update(state);
  live.say('second');
  live.end();
  live.say('third');
  expect(written).toEqual([
    'first\n',
    `\r\u001b[2K${line}`,
    `\r\u001b[2Ksecond\n${line}`,
    '\r\u001b[2K',
    'third\n',
  ]);
});

test('hostile names can neither move the cursor nor pass the width', () => {
  const { live, written } = stage({ tty: true, columns: 60 });
  live.update({
    ...state,
    phase: '\u001b[2J集集集集集集集集集集集集集集集集集集集集集集集集集集集集集集集\n',
    activeFaults: ['\r'],
  });
  const text = written[0]?.replace('\r\u001b[2K', '') ?? '';
  expect(text).not.toMatch(/\p{Cc}/u);
  expect(columnsOf(text)).toBeLessThan(60);
});

test('what is not known yet is left out', () => {
  const { live, written } = stage({ tty: false });
  live.update({ phase: 'warmup', p95Ms: Number.NaN, offeredPerS: null, missing: null, leftS: null });
  expect(written).toEqual(['warmup\n']);
});
