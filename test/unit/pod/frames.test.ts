import { expect, test } from 'vitest';
import { createFrameReader, encodeFrame } from '../../../src/pod/frames.ts';

test.each([1, 3, 7, 8, 9, 1000])('messages come out as they went in, in pieces of %i bytes', (piece) => {
  const sent = [
    { message: { kind: 'a', text: 'Grüße' }, body: Uint8Array.of(1, 2, 3) },
    { message: { kind: 'b' }, body: new Uint8Array() },
    { message: { kind: 'c', list: [1.5, null] }, body: new Uint8Array(500).fill(7) },
  ];
  const bytes = Buffer.concat(sent.map(({ message, body }) => encodeFrame(message, body)));
  const got: typeof sent = [];
  const read = createFrameReader((message, body) => {
    got.push({ message: message as { kind: string; text: string }, body: new Uint8Array(body) });
  });
  for (let at = 0; at < bytes.length; at += piece) read(bytes.subarray(at, at + piece));
  expect(got).toEqual(sent);
});
