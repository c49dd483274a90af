import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Answer, AnswerReader } from '../../src/load/http1-answer.ts';
import { parseRequest, type RequestHead } from '../../src/observe/sink-http1-request.ts';
import { Http1Error } from '../../src/wire/http1.ts';
import { MessageReader } from '../../src/wire/http1-reader.ts';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 });

/** Reads `whole` in pieces as long as `sizes` say, again and again. */
function readAll(reader: AnswerReader, whole: Buffer, sizes: readonly number[]): Answer[] {
  const found: Answer[] = [];
  for (let at = 0, i = 0; at < whole.length; i++) {
    const piece = Buffer.from(whole.subarray(at, at + (sizes[i % sizes.length] ?? 1)));
    at += piece.length;
    for (let from = 0; from < piece.length; ) {
      const read = reader.push(piece.subarray(from));
      if (read === undefined) break;
      found.push(read.answer);
      from = piece.length - read.surplus;
    }
    piece.fill(0xee); // it is read into again after the call
  }
  return found;
}

const answer = fc.record({
  status: fc.constantFrom(200, 202, 204, 304, 400, 429, 503),
  interim: fc.boolean(),
  text: fc.stringMatching(/^[\x21-\x7e]{0,40}$/),
  body: bytes(200),
  chunks: fc.option(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 4 }), {
    nil: undefined,
  }),
  trailer: fc.boolean(),
});
type Given = typeof answer extends fc.Arbitrary<infer T> ? T : never;

const bodyOf = ({ status, body }: Given) => (status === 204 || status === 304 ? Buffer.alloc(0) : body);

function encode(given: Given): Buffer {
  const { status, interim, text, chunks, trailer } = given;
  const before = interim ? 'HTTP/1.1 100 Continue\r\n\r\n' : '';
  const start = `${before}HTTP/1.1 ${status} Whatever\r\nX-Text: ${text}\r\n`;
  const body = bodyOf(given);
  if (status === 204 || status === 304) return Buffer.from(`${start}\r\n`);
  return Buffer.concat([Buffer.from(start), encodeBody(body, chunks, trailer)]);
}

/** The rest of a message behind its other headers. */
function encodeBody(body: Uint8Array, chunks: readonly number[] | undefined, trailer: boolean): Buffer {
  if (chunks === undefined)
    return Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body]);
  const parts: Uint8Array[] = [Buffer.from('Transfer-Encoding: chunked\r\n\r\n')];
  for (let at = 0, i = 0; at < body.length; i++) {
    const part = body.subarray(at, at + (chunks[i % chunks.length] ?? 1));
    parts.push(Buffer.from(`${part.length.toString(16)};ext=1\r\n`), part, Buffer.from('\r\n'));
    at += part.length;
  }
  return Buffer.concat([...parts, Buffer.from(`0\r\n${trailer ? 'X-After: 1\r\n' : ''}\r\n`)]);
}

test('forall answers in a row and any cutting of their bytes: the reader gives their status, headers and bodies', () => {
  fc.assert(
    fc.property(fc.array(answer, { minLength: 1, maxLength: 5 }), cuts, (given, sizes) => {
      const found = readAll(new AnswerReader(), Buffer.concat(given.map(encode)), sizes);
      expect(
        found.map(({ head, body }) => ({ status: head.status, text: head.headers.get('x-text'), body })),
      ).toEqual(given.map((one) => ({ status: one.status, text: one.text, body: bodyOf(one) })));
    }),
    { numRuns: 500 },
  );
});

test('forall bodies that end with the connection: they are given whole when it ends', () => {
  fc.assert(
    fc.property(bytes(300), cuts, (body, sizes) => {
      const reader = new AnswerReader();
      expect(readAll(reader, Buffer.concat([Buffer.from('HTTP/1.0 200\r\n\r\n'), body]), sizes)).toEqual([]);
      const last = reader.finish();
      expect(last?.body).toEqual(body);
      expect(last?.head.keepAlive).toBe(false);
    }),
  );
});

describe('forall bytes of the server: answers or an Http1Error, and an end', () => {
  const holds = (whole: Buffer, sizes: readonly number[]) => {
    try {
      readAll(new AnswerReader(), whole, sizes);
    } catch (error) {
      expect(error).toBeInstanceOf(Http1Error);
    }
  };

  test('noise', () => {
    fc.assert(fc.property(bytes(300), cuts, holds));
  });

  test('an answer with some of its bytes replaced', () => {
    const flips = fc.array(fc.tuple(fc.nat(300), fc.integer({ min: 0, max: 255 })), { maxLength: 4 });
    fc.assert(
      fc.property(answer, flips, cuts, (given, changed, sizes) => {
        const whole = encode(given);
        for (const [at, value] of changed) if (at < whole.length) whole[at] = value;
        holds(whole, sizes);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n',
    'HTTP/1.1 200 OK\r\nbad header\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    'HTTP/2 200\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n',
    `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`,
  ])('%j is refused', (text) => {
    expect(() => readAll(new AnswerReader(), Buffer.from(text), [1000])).toThrow(Http1Error);
  });
});

describe('requests', () => {
  const request = fc.record({
    method: fc.constantFrom('POST', 'GET', 'PUT'),
    path: fc.stringMatching(/^\/[!-~]{0,30}$/).map((path) => path.replace(/[?#]/g, '_')),
    text: fc.stringMatching(/^[\x21-\x7e]{0,40}$/),
    body: bytes(200),
    chunks: fc.option(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 4 }), {
      nil: undefined,
    }),
    trailer: fc.boolean(),
    emptyLines: fc.nat(2),
  });

  function encodeRequest({ method, path, text, body, chunks, trailer, emptyLines }: GivenRequest): Buffer {
    const start = `${'\r\n'.repeat(emptyLines)}${method} ${path} HTTP/1.1\r\nHost: a\r\nX-Text: ${text}\r\n`;
    return Buffer.concat([Buffer.from(start), encodeBody(body, chunks, trailer)]);
  }
  type GivenRequest = typeof request extends fc.Arbitrary<infer T> ? T : never;

  interface Read {
    head: RequestHead;
    body: string;
  }

  /** What a server reads of `whole` in pieces as long as `sizes` say; the bytes are overwritten after each. */
  function requestsOf(whole: Buffer, sizes: readonly number[]): Read[] {
    const found: Read[] = [];
    let open: Read | undefined;
    const reader = new MessageReader<RequestHead>({
      parse: parseRequest,
      head(head) {
        expect(open).toBeUndefined();
        open = { head, body: '' };
      },
      body(piece, from, to, last) {
        if (open === undefined) throw new Error('a body without a head');
        open.body += piece.toString('hex', from, to);
        if (!last) return;
        found.push(open);
        open = undefined;
      },
    });
    for (let at = 0, i = 0; at < whole.length; i++) {
      const piece = Buffer.from(whole.subarray(at, at + (sizes[i % sizes.length] ?? 1)));
      at += piece.length;
      for (let from = 0; from < piece.length; ) from = reader.read(piece, from, piece.length);
      piece.fill(0xee);
    }
    expect(open === undefined || reader.begun).toBe(true);
    return found;
  }

  test('forall requests in a row and any cutting of their bytes: the server reads the same requests', () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 5 }), cuts, (given, sizes) => {
        const found = requestsOf(Buffer.concat(given.map(encodeRequest)), sizes);
        expect(
          found.map(({ head, body }) => [head.method, head.path, head.headers.get('x-text'), body]),
        ).toEqual(given.map((one) => [one.method, one.path, one.text, one.body.toString('hex')]));
      }),
      { numRuns: 500 },
    );
  });

  test('forall bytes: a refusal or requests, the same whether they come whole or a byte at a time', () => {
    const flips = fc.array(fc.tuple(fc.nat(300), fc.integer({ min: 0, max: 255 })), { maxLength: 4 });
    const outcome = (whole: Buffer, sizes: readonly number[]) => {
      try {
        return requestsOf(whole, sizes).map(({ head, body }) => [head.path, body]);
      } catch (error) {
        if (error instanceof Http1Error) return error.status;
        throw error;
      }
    };
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 2 }), flips, cuts, (given, changed, sizes) => {
        const whole = Buffer.concat(given.map(encodeRequest));
        for (const [at, value] of changed) if (at < whole.length) whole[at] = value;
        expect(outcome(whole, sizes)).toEqual(outcome(whole, [whole.length]));
      }),
      { numRuns: 1000 },
    );
  });
});
