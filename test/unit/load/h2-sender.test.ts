import { expect, test } from 'vitest';
import { H2Sender } from '../../../src/load/h2-sender.ts';
import { H2Stream } from '../../../src/load/h2-stream.ts';
import { encodeBlocks } from '../../../src/wire/hpack-encode.ts';
import { frame, frameHeadBytes, setting } from '../../../src/wire/http2.ts';

const blocks = encodeBlocks([{ name: ':method', value: 'POST', secret: false }]);

/** Content bytes in DATA frames of what was written. */
function dataBytes(chunks: readonly Buffer[]): number {
  const all = Buffer.concat(chunks);
  let sum = 0;
  for (let at = 0; at < all.length; ) {
    const length = all.readUIntBE(at, 3);
    if (all[at + 3] === frame.data) sum += length;
    at += frameHeadBytes + length;
  }
  return sum;
}

function open(windowBytes: number, bodyBytes: number) {
  const written: Buffer[] = [];
  const sender = new H2Sender((chunk) => written.push(Buffer.from(chunk)));
  sender.applySetting(setting.initialWindowSize, windowBytes);
  const stream = new H2Stream(blocks, Buffer.alloc(bodyBytes), () => undefined);
  sender.request(stream);
  return { sender, stream, sent: () => dataBytes(written) };
}

test('a stream sends no more than its window, and goes on by what it is widened', () => {
  const { sender, stream, sent } = open(1000, 5000);
  expect(sent()).toBe(1000);
  sender.allow(stream, 700);
  expect(sent()).toBe(1700);
  sender.allow(stream, 10_000);
  expect(sent()).toBe(5000);
});

test('the window of the connection holds all of its streams together', () => {
  const { sender, stream, sent } = open(1_000_000, 100_000);
  expect(sent()).toBe(65_535);
  sender.allow(stream, 1_000_000);
  expect(sent()).toBe(65_535);
  sender.allow(undefined, 10_000);
  expect(sent()).toBe(75_535);
});
