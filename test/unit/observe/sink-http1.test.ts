import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import type { RawRequest } from '../../../src/observe/sink-core.ts';
import { createHttpServer } from '../../../src/observe/sink-http.ts';
import { createHttp1Server } from '../../../src/observe/sink-http1.ts';
import { type Answer, plainOk } from '../../../src/observe/sink-reply.ts';
import { talk } from '../../fixtures/talk.ts';
import { startTcpServer, type TcpServer } from '../../fixtures/tcp-server.ts';
import { startToldService } from '../../fixtures/told-service.ts';

/** HTTP/1.1 as the sink speaks it, tried with bytes of our own. The service answers as told. */
let server: TcpServer;
let received: RawRequest[];
let answers: Answer[];

beforeEach(async () => {
  ({ server, received, answers } = await startToldService(createHttpServer));
});
afterEach(() => server.close());

const say = async (...parts: (string | Uint8Array)[]) => {
  const bytes = parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part));
  return (await talk(`127.0.0.1:${server.port}`, bytes, 20_000)).toString('latin1');
};
const statuses = (heard: string) =>
  [...heard.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
const bodies = () => received.map(({ body }) => Buffer.from(body).toString('latin1'));

const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`;
const post = (...more: string[]) =>
  lines('POST /v1/logs HTTP/1.1', 'host: a', 'content-type: application/x-protobuf', ...more);
const good = `${post('content-length: 3')}abc`;

describe('requests of every shape that RFC 9112 has', () => {
  const chunks = '1;a=b;c="d"\r\na\r\n002 \r\nbc\r\n0;x\r\n';
  const rows: [string, string, number[], string[]][] = [
    ['one with a length', good, [200], ['abc']],
    ['several in a row', good + good + good, [200, 200, 200], ['abc', 'abc', 'abc']],
    ['chunks', `${post('transfer-encoding: Chunked')}${chunks}\r\n`, [200], ['abc']],
    [
      'trailers',
      `${post('transfer-encoding: chunked')}${chunks}x-after: 1\r\ny:\r\n\r\n${good}`,
      [200, 200],
      ['abc', 'abc'],
    ],
    ['no body', post(), [200], ['']],
    ['a body of nothing', post('content-length: 0') + good, [200, 200], ['', 'abc']],
    ['empty lines before it', `\r\n\r\n${good}\r\n${good}`, [200, 200], ['abc', 'abc']],
    ['a length said twice', `${post('content-length: 3', 'Content-Length: 3')}abc`, [200], ['abc']],
    [
      'names and values of any look',
      `${lines('POST /v1/logs?a=b HTTP/1.1', 'HOST:a:80', 'cOnTeNt-TyPe:\tapplication/x-PROTOBUF ; v=1', 'x:', "!#$%&'*+-.^_`|~: \xe9", 'content-length:  3\t')}abc`,
      [200],
      ['abc'],
    ],
    [
      'an absolute target',
      `${lines('POST http://a:80/v1/logs HTTP/1.1', 'host: a', 'content-type: application/x-protobuf', 'content-length: 3')}abc`,
      [200],
      ['abc'],
    ],
    [
      'the last of a connection',
      `${post('content-length: 3', 'connection: x, CLOSE')}abc${good}`,
      [200],
      ['abc'],
    ],
    ['HTTP/1.0', `${good.replace('HTTP/1.1', 'HTTP/1.0')}${good}`, [200], ['abc']],
    [
      'HTTP/1.0 that stays',
      `${`${post('content-length: 3', 'connection: keep-alive')}abc`.replace('HTTP/1.1', 'HTTP/1.0')}${good}`,
      [200, 200],
      ['abc', 'abc'],
    ],
    ['HTTP/1.9', good.replace('HTTP/1.1', 'HTTP/1.9'), [200], ['abc']],
    [
      'one that asks first',
      `${post('content-length: 3', 'expect: 100-Continue')}abc${good}`,
      [100, 200, 200],
      ['abc', 'abc'],
    ],
    [
      'one that asks first and is not wanted',
      lines('POST /nowhere HTTP/1.1', 'host: a', 'content-length: 3', 'expect: 100-continue'),
      [404],
      [],
    ],
    ['another method', `${lines('GET /v1/logs HTTP/1.1', 'host: a')}${good}`, [405, 200], ['abc']],
    ['another path, with a body', `${good.replace('/v1/logs', '/v1/x')}${good}`, [404, 200], ['abc']],
    ['a body larger than is ever read', post(`content-length: ${2 ** 40}`), [413], []],
    [
      'one that is announced and too large',
      post(`content-length: ${2 ** 27}`, 'expect: 100-continue'),
      [413],
      [],
    ],
  ];
  test.each(rows)('%s', async (_, text, status, found) => {
    const heard = await say(text);
    expect(statuses(heard)).toEqual(status);
    expect(bodies()).toEqual(found);
    expect(
      heard
        .split(/HTTP\/1\.1 (?!100)/)
        .slice(1)
        .every((one) => /^date: .* GMT\r$/m.test(one)),
    ).toBe(true);
  });

  test('an answer says what it is, how long, and what may be asked instead', async () => {
    const heard = await say(lines('HEAD /v1/logs HTTP/1.1', 'host: a'), good);
    const [first = '', second = ''] = heard.split(/(?=HTTP\/1\.1 200)/);
    expect(first).toMatch(/^HTTP\/1\.1 405 Method Not Allowed\r\n/);
    expect(first).toMatch(/\r\nallow: POST\r\n/);
    expect(first).toMatch(/\r\ncontent-length: [1-9]\d*\r\n\r\n$/); // and no content: HEAD
    expect(second).toMatch(/\r\ncontent-type: application\/x-protobuf\r\ncontent-length: 0\r\n\r\n$/);
    const kept = `${post('content-length: 3', 'connection: keep-alive')}abc`.replace('HTTP/1.1', 'HTTP/1.0');
    expect(await say(kept)).toMatch(/\r\nconnection: keep-alive\r\n/);
    expect(await say(`${post('connection: close')}`)).toMatch(/\r\nconnection: close\r\n/);
  });
});

describe('what breaks RFC 9112, or could be read in two ways', () => {
  const chunked = post('transfer-encoding: chunked');
  const rows: [string, string, number][] = [
    ['two lengths', `${post('content-length: 3', 'content-length: 4')}abc`, 400],
    ['two lengths on a line', `${post('content-length: 3, 4')}abc`, 400],
    ['a length with a sign', `${post('content-length: +3')}abc`, 400],
    ['a negative length', `${post('content-length: -3')}abc`, 400],
    ['a length in hex', `${post('content-length: 0x3')}abc`, 400],
    ['a length of no digit', `${post('content-length:')}abc`, 400],
    ['a length behind another kind of blank', `${post('content-length: \xa03')}abc`, 400],
    ['a length beyond all', `${post(`content-length: ${'9'.repeat(20)}`)}abc`, 400],
    ['a length and chunks', `${post('content-length: 3', 'transfer-encoding: chunked')}0\r\n\r\n`, 400],
    ['chunks and a length', `${post('transfer-encoding: chunked', 'content-length: 3')}0\r\n\r\n`, 400],
    ['chunks in HTTP/1.0', `${chunked.replace('HTTP/1.1', 'HTTP/1.0')}0\r\n\r\n`, 400],
    ['chunks of chunks', `${post('transfer-encoding: chunked, chunked')}0\r\n\r\n`, 501],
    [
      'chunks said twice',
      `${post('transfer-encoding: chunked', 'transfer-encoding: chunked')}0\r\n\r\n`,
      501,
    ],
    ['another coding', `${post('transfer-encoding: gzip, chunked')}0\r\n\r\n`, 501],
    ['a coding with a tab', `${post('transfer-encoding: \x0bchunked')}0\r\n\r\n`, 501],
    ['a blank before the colon', `${post('content-length : 3')}abc`, 400],
    ['a value over two lines', `${post('x: a', ' content-length: 3')}abc`, 400],
    ['a line without a colon', post('nothing'), 400],
    ['a name of no token', post('x(y): 1'), 400],
    ['a lone line feed', `${post('x: a\ncontent-length: 3')}abc`, 400],
    ['a lone carriage return', `${post('x: a\rcontent-length: 3')}abc`, 400],
    ['a zero byte', post('x: \0'), 400],
    ['no host', lines('POST /v1/logs HTTP/1.1'), 400],
    ['two hosts', post('host: b'), 400],
    ['a host that is none', lines('POST /v1/logs HTTP/1.1', 'host: a/b'), 400],
    ['an unknown expectation', `${post('content-length: 3', 'expect: 200-ok')}abc`, 417],
    ['two blanks in the first line', good.replace(' HTTP', '  HTTP'), 400],
    ['a target with a blank', good.replace('/v1/logs', '/v1/ logs'), 400],
    ['no version', lines('POST /v1/logs', 'host: a'), 400],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
    ['TLS', '\x16\x03\x01\0\xc8', 400],
    ['a method in lower case', good.replace('POST', 'post '), 400],
    ['a first line without end', `POST /${'x'.repeat(70_000)}`, 431],
    ['headers without end', `POST / HTTP/1.1\r\n${'x: y\r\n'.repeat(20_000)}`, 431],
    ['a chunk without a size', `${chunked}\r\nabc\r\n0\r\n\r\n`, 400],
    ['a size that is none', `${chunked}0x3\r\nabc\r\n0\r\n\r\n`, 400],
    ['a size with a sign', `${chunked}-3\r\nabc\r\n0\r\n\r\n`, 400],
    ['a size of 9 digits', `${chunked}000000003\r\nabc\r\n0\r\n\r\n`, 400],
    ['a size ended by a lone line feed', `${chunked}3\nabc\r\n0\r\n\r\n`, 400],
    ['an extension with a lone line feed', `${chunked}3;a\nb\r\nabc\r\n0\r\n\r\n`, 400],
    ['a chunk longer than its size', `${chunked}2\r\nabc\r\n0\r\n\r\n`, 400],
    ['a chunk shorter than its size', `${chunked}4\r\nabc\r\n0\r\n\r\n`, 400],
    ['an extension without end', `${chunked}3;${'x'.repeat(9000)}`, 400],
    ['a trailer that is none', `${chunked}0\r\nnothing\r\n\r\n`, 400],
    ['trailers without end', `${chunked}0\r\n${'x: y\r\n'.repeat(20_000)}`, 431],
  ];
  test.each(rows)('%s: %#', async (_, text, status) => {
    const heard = await say(text, good);
    expect(statuses(heard)).toEqual([status]);
    expect(heard).toMatch(/\r\nconnection: close\r\n/);
    expect(bodies()).toEqual([]); // neither it nor what stands behind it
  });

  test.each([
    ['half a first line', good.slice(0, 9)],
    ['half a head', good.slice(0, 60)],
    ['half a body', good.slice(0, -1)],
    ['half a chunk', `${chunked}3\r\nab`],
    ['chunks without their last', `${chunked}3\r\nabc\r\n`],
  ])('%s is no request, and has no answer', async (_, text) => {
    expect(await say(text)).toBe('');
    expect(bodies()).toEqual([]);
  });
});

test('requests that lie behind each other are answered in their order, however long one takes', async () => {
  answers.push({ ...plainOk, delayMs: 30, rejected: 1 }, { ...plainOk, rejected: 2 }, plainOk);
  const heard = await say(good.repeat(2), good.slice(0, 20), good.slice(20));
  expect(statuses(heard)).toEqual([200, 200, 200]);
  expect([...heard.matchAll(/content-length: (\d+)/g)].map(([, length]) => length)).toEqual([
    '40',
    '40',
    '0',
  ]);
  expect(heard.indexOf('\x08\x01')).toBeLessThan(heard.indexOf('\x08\x02'));
  expect(bodies()).toEqual(['abc', 'abc', 'abc']);
});

test('a request without an answer holds up those behind it, until the client gives up', async () => {
  answers.push({ kind: 'silence' });
  expect(await say(good)).toBe('');
  expect(bodies()).toEqual(['abc']);
});

test('a reset is one, and nothing of the connection is read after it', async () => {
  answers.push(plainOk, { kind: 'reset' });
  const code = await new Promise<string>((resolve) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(good.repeat(3)));
    socket.resume();
    socket.on('error', (error) => resolve('code' in error ? String(error.code) : ''));
    socket.on('close', () => resolve('closed'));
  });
  expect(code).toBe('ECONNRESET');
  expect(bodies()).toEqual(['abc', 'abc']);
});

describe('a client that takes its time', () => {
  const patience = { stallMs: 60, headMs: 60, lingerMs: 60 };
  beforeEach(async () => {
    server.close();
    server = await startTcpServer(
      createHttp1Server(
        {
          begin: (_, output) => output,
          data(output, _bytes, _from, _to, last) {
            if (last) output.answer({ status: 204, headers: [], content: Buffer.alloc(0) });
          },
        },
        systemClock,
        patience,
      ),
    );
  });
  /** Writes a part, waits so long, and so on; gives what it heard until the connection was closed. */
  const sayIn = (everyMs: number, parts: string[]) =>
    new Promise<string>((resolve) => {
      let heard = '';
      const left = [...parts];
      const socket = connect(server.port, '127.0.0.1');
      const write = () => {
        const part = left.shift();
        if (part !== undefined) socket.write(part);
      };
      write();
      const timer = setInterval(write, everyMs);
      socket.on('data', (chunk) => {
        heard += chunk;
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        clearInterval(timer);
        resolve(heard);
      });
    });

  test.each([
    ['in a body', [good.slice(0, -1)]],
    ['in a head', [good.slice(0, 30)]],
    ['in the next request', [good, good.slice(0, 30)]],
  ])('%s is told so', async (_, parts) => {
    expect(statuses(await sayIn(10, parts)).at(-1)).toBe(408);
  });

  test('over a head, a byte now and then, too', async () => {
    expect(statuses(await sayIn(15, [...good.slice(0, 60)]))).toEqual([408]);
  });

  test('between two requests has all the time it wants', async () => {
    const heard = await sayIn(3 * patience.stallMs, [good, good, `${post('connection: close')}`]);
    expect(statuses(heard)).toEqual([204, 204, 204]);
  });
});
