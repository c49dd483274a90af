import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { openPeople } from '../../../src/cli/gameday.ts';

/** Standard input of which a test writes the lines, and what people are told. */
function people(options: { isTTY?: boolean } = {}) {
  const input = Object.assign(new PassThrough(), options);
  const said: string[] = [];
  const opened = openPeople({ say: (line) => void said.push(line) }, input);
  const ended = new AbortController();
  /** Once the lines written so far have been read. */
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return {
    input,
    said,
    ended,
    settled,
    answer: () => opened.people.answer(ended.signal),
    gone: opened.people.gone,
  };
}

test.each([
  ['', 'go on'],
  [' y ', 'go on'],
  ['Yes', 'go on'],
  ['stop', 'stop'],
  ['Q', 'stop'],
  ['no', 'stop'],
])('%j is %s', async (line, word) => {
  const { input, answer } = people();
  const given = answer();
  input.write(`${line}\n`);
  expect(await given).toBe(word);
});

test('what is neither is asked again', async () => {
  const { input, answer, said } = people();
  const given = answer();
  input.write('perhaps\nstop\n');
  expect(await given).toBe('stop');
  expect(said).toEqual(['Enter goes on; stop and Enter ends the drill']);
});

test('a line of a pipe waits for its question; one typed at a terminal before it was asked is no answer', async () => {
  const pipe = people();
  pipe.input.write('\n\n');
  await pipe.settled();
  expect([await pipe.answer(), await pipe.answer()]).toEqual(['go on', 'go on']);
  const terminal = people({ isTTY: true });
  terminal.input.write('\n');
  await terminal.settled();
  const given = terminal.answer();
  terminal.input.write('stop\n');
  expect(await given).toBe('stop');
});

test('nobody can answer once the input has ended; lines before that still count', async () => {
  const { input, answer, gone, settled } = people();
  expect(gone()).toBe(false);
  input.end('\n');
  await settled();
  expect(gone()).toBe(false);
  expect([await answer(), await answer(), gone()]).toEqual(['go on', 'gone', true]);
});

test('a question is given up with its signal', async () => {
  const { answer, ended } = people();
  const given = answer();
  ended.abort(new Error('over'));
  await expect(given).rejects.toThrow('over');
});

test('of an input that never ends no more is read than is needed', async () => {
  const { input, answer, settled } = people();
  let written = 0;
  input.on('pause', () => undefined);
  while (input.write('y\n'.repeat(50)) && written < 10_000) written += 50;
  await settled();
  expect(written).toBeLessThan(10_000 + 1);
  for (let i = 0; i < 300; i++) {
    input.write('y\n');
    expect(await answer()).toBe('go on');
  }
  expect(input.readableLength + input.writableLength).toBeGreaterThan(0);
});

test('of a terminal that goes away nobody can answer', async () => {
  const { input, answer } = people({ isTTY: true });
  const given = answer();
  input.destroy(new Error('EIO'));
  expect(await given).toBe('gone');
});
