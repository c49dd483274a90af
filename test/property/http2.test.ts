import { once } from 'node:events';
import { createServer, type ServerHttp2Session } from 'node:http2';
import { duplexPair } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { H2Session } from '../../src/load/h2-session.ts';
import { fieldOf, H2Stream, type StreamEnd } from '../../src/load/h2-stream.ts';
import { createHeaderDecoder, HpackError } from '../../src/wire/hpack.ts';
import { encodeBlocks } from '../../src/wire/hpack-encode.ts';
import { frameOf, H2Failure } from '../../src/wire/http2.ts';
import { decodeHuffman } from '../../src/wire/huffman.ts';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const anyFrame = fc.record({
  type: fc.integer({ min: 0, max: 12 }),
  flags: fc.oneof(fc.constantFrom(0, 1, 4, 5, 8, 12, 13, 32, 36, 45), fc.integer({ min: 0, max: 255 })),
  stream: fc.oneof(fc.constantFrom(0, 1, 3, 5), fc.integer({ min: 0, max: 0x7fffffff })),
  payload: bytes(40),
});

/** The bytes in pieces as long as `sizes` say, again and again. */
function split(whole: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < whole.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    pieces.push(Buffer.from(whole.subarray(at, at + size)));
    at += size;
  }
  return pieces;
}
const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 });

/** A session with three calls on their way, whose writes go nowhere. */
function startSession(): { session: H2Session; ends: StreamEnd[] } {
  const nowhere = { write() {}, unsentBytes: () => 0, afterFlush: (then: () => void) => then() };
  const session = new H2Session(nowhere, { retired() {}, drained() {} });
  const blocks = encodeBlocks([{ name: ':method', value: 'POST' }]);
  const ends: StreamEnd[] = [];
  session.begin();
  for (let i = 0; i < 3; i++)
    session.request(new H2Stream(blocks, Buffer.alloc(70_000), (how) => ends.push(how)));
  return { session, ends };
}

/** True when the peer may go on. */
function survives(session: H2Session, whole: Buffer, cuts: readonly number[]): boolean {
  try {
    for (const piece of split(whole, cuts)) session.receive(piece);
    return true;
  } catch (error) {
    if (
      !(error instanceof H2Failure || error instanceof HpackError) &&
      !/^GOAWAY/.test(String((error as Error).message))
    )
      throw error;
    return false;
  }
}

const settings = frameOf({ type: 4, flags: 0, stream: 0, payload: Buffer.alloc(0) });

describe('forall bytes of the peer: the session neither hangs nor fails but by a protocol error, and ends each call once', () => {
  const holds = (whole: Buffer, cuts: readonly number[]) => {
    const { session, ends } = startSession();
    survives(session, whole, cuts);
    session.fail(new Error('gone'));
    expect(ends).toHaveLength(3);
  };

  test('noise', () => {
    fc.assert(fc.property(bytes(400), sizes, holds));
    fc.assert(fc.property(bytes(400), sizes, (noise, cuts) => holds(Buffer.concat([settings, noise]), cuts)));
  });

  test('frames of any kind in any order', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 12 }), sizes, (frames, cuts) => {
        const noise = frames.map(frameOf);
        holds(Buffer.concat([settings, ...noise]), cuts);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('HPACK', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
  const value = fc.stringMatching(/^[\x21-\x7e]{0,60}$/);
  const fields = fc.array(fc.record({ name, value, secret: fc.boolean() }), { maxLength: 12 });

  test('forall lists of fields, in any order of use: what was encoded is decoded', () => {
    fc.assert(
      fc.property(fc.array(fields, { minLength: 1, maxLength: 4 }), (lists) => {
        const decode = createHeaderDecoder();
        for (const list of lists) {
          const plainly = list.flatMap(({ name, value }) => [name, value]);
          const { first, again, plain } = encodeBlocks(list);
          expect(decode(first)).toEqual(plainly);
          expect(decode(again)).toEqual(plainly);
          expect(decode(again)).toEqual(plainly);
          expect(createHeaderDecoder()(plain)).toEqual(plainly);
        }
      }),
    );
  });

  test('a list too large for the table is sent whole each time', () => {
    const list = Array.from({ length: 60 }, (_, i) => ({ name: `x-${i}`, value: 'y'.repeat(60) }));
    const { first, again } = encodeBlocks(list);
    const decode = createHeaderDecoder();
    const plainly = list.flatMap(({ name, value }) => [name, value]);
    expect(decode(first)).toEqual(plainly);
    expect(decode(again)).toEqual(plainly);
  });

  test('forall bytes: the decoder gives fields or an HpackError', () => {
    fc.assert(
      fc.property(fc.array(bytes(60), { maxLength: 4 }), (blocks) => {
        const decode = createHeaderDecoder();
        try {
          for (const block of blocks) decode(block);
        } catch (error) {
          expect(error).toBeInstanceOf(HpackError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('malformed Huffman codes: padding of zeros, of a whole byte, the end-of-string code', () => {
    const huffman = (coded: number[]) => decodeHuffman(Buffer.from(coded), 0, coded.length);
    expect(huffman([0x18])).toBeUndefined();
    expect(huffman([0x1f, 0xff])).toBeUndefined();
    expect(huffman([0xff, 0xff, 0xff, 0xff])).toBeUndefined();
    expect(huffman([0x1f])).toBe('a');
  });
});

interface Exchange {
  got: { headers: Record<string, unknown>; body: Buffer };
  stream: H2Stream;
}

/** One call after the other with node's own HTTP/2 as the peer, in memory. */
async function exchange(of: {
  window: number;
  tableBytes: number;
  bodies: readonly Buffer[];
  text: string;
}): Promise<Exchange[]> {
  const server = createServer({
    settings: { initialWindowSize: of.window, headerTableSize: of.tableBytes, maxConcurrentStreams: 2 },
  });
  const got: Exchange['got'][] = [];
  const sessions: ServerHttp2Session[] = [];
  server.on('session', (session) => sessions.push(session));
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      got.push({ headers, body: Buffer.concat(chunks) });
      stream.respond({ ':status': 200, 'x-head': of.text }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-tail': of.text }));
      stream.end(of.text);
    });
  });
  const [near, far] = duplexPair();
  server.emit('connection', far);
  const session = new H2Session(
    {
      write: (chunk) => void near.write(Buffer.from(chunk)),
      unsentBytes: () => 0,
      afterFlush: (then) => then(),
    },
    { retired() {}, drained() {} },
  );
  near.on('data', (chunk: Buffer) => {
    try {
      session.receive(chunk);
    } catch (error) {
      session.fail(error as Error);
    }
  });
  near.on('close', () => session.fail(new Error('closed')));
  session.begin();
  await once(near, 'data'); // its settings: more streams than it allows would be refused before
  const blocks = encodeBlocks([
    { name: ':method', value: 'POST' },
    { name: ':scheme', value: 'http' },
    { name: ':authority', value: 'peer' },
    { name: ':path', value: '/' },
    { name: 'x-text', value: of.text },
    { name: 'x-secret', value: of.text, secret: true },
  ]);
  const streams = await Promise.all(
    of.bodies.map(
      (body) =>
        new Promise<H2Stream>((resolve, reject) => {
          const stream = new H2Stream(blocks, body, (how) =>
            how.kind === 'complete' ? resolve(stream) : reject(new Error(how.kind)),
          );
          session.request(stream);
        }),
    ),
  );
  for (const one of sessions) one.destroy();
  return streams.map((stream, i) => ({ stream, got: got[i] ?? { headers: {}, body: Buffer.alloc(0) } }));
}

test('forall bodies, windows, table sizes and texts: node’s HTTP/2 reads what was sent, and we read what it answers', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        window: fc.constantFrom(0xffff, 1, 9_999, 16_384, 1_000_000),
        tableBytes: fc.constantFrom(4096, 0, 100, 65_536),
        bodies: fc.array(
          fc.integer({ min: 1, max: 90_000 }).map((length) => Buffer.alloc(length, length)),
          { minLength: 1, maxLength: 5 },
        ),
        text: fc.stringMatching(/^[\x21-\x7e]{1,40}$/),
      }),
      async (of) => {
        const bodies = of.window === 1 ? of.bodies.map((body) => body.subarray(0, 200)) : of.bodies;
        const done = await exchange({ ...of, bodies });
        const read = done.map(({ got }) => got.body.toString('latin1')).sort();
        expect(read).toEqual(bodies.map((body) => body.toString('latin1')).sort());
        for (const { got, stream } of done) {
          expect(got.headers).toMatchObject({ 'x-text': of.text, 'x-secret': of.text });
          expect(fieldOf(stream.head, 'x-head')).toBe(of.text);
          expect(fieldOf(stream.tail, 'x-tail')).toBe(of.text);
          expect(Buffer.concat(stream.answer).toString()).toBe(of.text);
        }
      },
    ),
    { numRuns: 60 },
  );
});
