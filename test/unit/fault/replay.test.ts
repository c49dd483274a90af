import { expect, test } from 'vitest';
import type { JournalEntry, JournalEvent } from '../../../src/fault/journal.ts';
import { openWork } from '../../../src/fault/replay.ts';

const injection = 'pause/a/0';
const intent: JournalEvent = {
  kind: 'intent',
  injection,
  fault: 'pause',
  faultKind: 'container-pause',
  member: 'a',
  undo: [{ kind: 'signal', pid: 1, startTicks: 1, signal: 'SIGCONT' }],
  deadlineNs: 5,
};
const applied: JournalEvent = { kind: 'applied', injection, by: 'runner' };
const verified = (seen: boolean): JournalEvent => ({
  kind: 'verified',
  injection,
  by: 'guard',
  seen,
  detail: '',
});
const openAfter = (...events: JournalEvent[]) =>
  openWork(events.map((event): JournalEntry => ({ ...event, atNs: 0, wallMs: 0 }))).injections.length;

test.each<[string, JournalEvent[], number]>([
  ['intended', [intent], 1],
  ['read back as gone', [intent, applied, verified(true)], 0],
  ['read back as there', [intent, applied, verified(false)], 1],
  [
    'undone by a guard while the runner slept, and applied when it woke',
    [intent, verified(true), applied],
    1,
  ],
  ['and undone again', [intent, verified(true), applied, verified(true)], 0],
  ['applied without an intent', [applied], 0],
])('an injection that is %s', (_, events, open) => {
  expect(openAfter(...events)).toBe(open);
});
