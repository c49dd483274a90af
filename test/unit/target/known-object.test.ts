import { expect, test } from 'vitest';
import { knownObject } from '../../../src/target/known-object.ts';

interface Thing {
  metadata: { uid: string; resourceVersion: string };
  text: string;
}

const refusal = (code: number) => Object.assign(new Error(`HTTP ${code}`), { code });

/** An API server that keeps one object by version. */
function store() {
  let stored: Thing = { metadata: { uid: 'u', resourceVersion: '1' }, text: '' };
  const state = { loseAnswer: false, writes: 0 };
  const put = (text: string, uid = stored.metadata.uid) => {
    const resourceVersion = String(Number(stored.metadata.resourceVersion) + 1);
    stored = { metadata: { uid, resourceVersion }, text };
  };
  const write = knownObject(stored, {
    read: async () => stored,
    replace: async (body: Thing) => {
      if (body.metadata.resourceVersion !== stored.metadata.resourceVersion) throw refusal(409);
      put(body.text);
      state.writes += 1;
      if (!state.loseAnswer) return stored;
      state.loseAnswer = false;
      throw new TypeError('fetch failed');
    },
    isOwn: (found, unanswered) => found.text === unanswered?.text,
  });
  const add = (line: string) => write((known) => ({ ...known, text: known.text + line }));
  return { state, add, put, text: () => stored.text };
}

test('each write builds on the one before it', async () => {
  const { add, text } = store();
  await add('a');
  await add('b');
  expect(text()).toBe('ab');
});

test('a write whose answer was lost is known again at the next one, and stands once', async () => {
  const { add, state, text } = store();
  state.loseAnswer = true;
  await expect(add('a')).rejects.toThrow('fetch failed');
  await add('b');
  await add('c');
  expect([text(), state.writes]).toEqual(['abc', 3]);
});

test('what another wrote is refused, also after a lost answer, and so is another object of the name', async () => {
  const { add, put, state } = store();
  put('theirs');
  await expect(add('a')).rejects.toThrow('HTTP 409');
  const second = store();
  second.state.loseAnswer = true;
  await expect(second.add('a')).rejects.toThrow('fetch failed');
  second.put('theirs');
  await expect(second.add('b')).rejects.toThrow('HTTP 409');
  const third = store();
  third.state.loseAnswer = true;
  await expect(third.add('a')).rejects.toThrow('fetch failed');
  third.put('a', 'another');
  await expect(third.add('b')).rejects.toThrow('HTTP 409');
  expect(state.writes).toBe(0);
});
