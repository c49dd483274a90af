import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RawRequest } from '../../../src/observe/sink-core.ts';
import { createGrpcServer } from '../../../src/observe/sink-grpc.ts';
import { type Answer, plainOk } from '../../../src/observe/sink-reply.ts';
import { flag, frame, preface, settingsFrame, wordFrame } from '../../../src/wire/http2.ts';
import {
  bodyFrame as body,
  headFrame as head,
  hello,
  abcMessage as message,
  frameWith as of,
  okFrames as ok,
  sayFrames,
  usualHeaders as usual,
} from '../../fixtures/h2-talk.ts';
import type { TcpServer } from '../../fixtures/tcp-server.ts';
import { startToldService } from '../../fixtures/told-service.ts';

/** HTTP/2 as the sink speaks it, tried with frames of our own. The service answers as told. */
let server: TcpServer;
let received: RawRequest[];
let answers: Answer[];

beforeEach(async () => {
  ({ server, received, answers } = await startToldService(createGrpcServer));
});
afterEach(() => server.close());

const say = (...parts: Uint8Array[]) => sayFrames(server.port, parts);

test('a request, whole and in frames of any kind, gives its bytes to the service', async () => {
  const pieces = Array.from(message, (byte) => of(frame.data, 0, 3, Uint8Array.of(byte)));
  const padded = of(
    frame.data,
    flag.padded | flag.endStream,
    5,
    Buffer.concat([Buffer.of(2), message, Buffer.alloc(2)]),
  );
  const said = await say(
    hello,
    head(1),
    body(1),
    head(3),
    ...pieces,
    of(frame.data, flag.endStream, 3),
    head(5),
    padded,
    head(7),
    of(frame.data, 0, 7, message),
    head(7, [['trailer', 'x']], flag.endHeaders | flag.endStream),
    of(99, 255, 7, 'a frame of the future'),
    of(frame.priority, 0, 9, '12345'),
  );
  expect(said).toEqual([1, 3, 5, 7].flatMap(ok));
  expect(received.map((request) => request.body.toString())).toEqual(['abc', 'abc', 'abc', 'abc']);
});

test('requests on one connection may lie into each other', async () => {
  const parts = [1, 3, 5].flatMap((id) => [head(id), of(frame.data, 0, id, message.subarray(0, 6))]);
  const rest = [5, 1, 3].map((id) => body(id, message.subarray(6)));
  expect(await say(hello, ...parts, ...rest)).toEqual([5, 1, 3].flatMap(ok));
});

test("an answer waits for the peer's windows, a byte at a time if need be", async () => {
  const grants = Array.from({ length: 4 }, () => wordFrame(frame.windowUpdate, 1, 1));
  const said = await say(preface, settingsFrame([[4, 1]]), head(1), body(1), ...grants);
  expect(said[0]).toBe(ok(1)[0]);
  expect(
    said
      .slice(1, -1)
      .map((line) => line.split(' ')[1])
      .join(''),
  ).toBe('0000000000');
  expect(said.at(-1)).toBe(ok(1)[2]);
});

test('a window made smaller and larger by settings counts for streams that are open', async () => {
  const said = await say(hello, settingsFrame([[4, 0]]), head(1), body(1), settingsFrame([[4, 100]]));
  expect(said).toEqual(ok(1));
});

test('what a reset stream still sends is passed over, and its answer is not sent', async () => {
  answers.push({ ...plainOk, delayMs: 20 });
  const said = await say(hello, head(1), body(1), wordFrame(frame.resetStream, 1, 8), head(3), body(3));
  expect(said).toEqual(ok(3));
});

test.each<[string, [string, string][], string]>([
  [
    'no gRPC',
    usual.map(([name, value]) => [name, name === 'content-type' ? 'text/plain' : value]),
    '1 :status 415 END',
  ],
  ['an upper-case name', [...usual, ['X-Upper', '1']], '1 RST 1'],
  ['a header of the connection', [...usual, ['connection', 'close']], '1 RST 1'],
  ['te of HTTP/1', [...usual.slice(0, -1), ['te', 'gzip']], '1 RST 1'],
  ['a pseudo-header behind the others', [...usual, [':status', '200']], '1 RST 1'],
  ['two paths', [...usual.slice(0, 4), [':path', '/'], ...usual.slice(4)], '1 RST 1'],
  ['no path', usual.filter(([name]) => name !== ':path'), '1 RST 1'],
])('headers with %s are answered on their stream alone', async (_, headers, answer) => {
  expect(await say(hello, head(1, headers), body(1), head(3), body(3))).toEqual([answer, ...ok(3)]);
});

test('an unknown method is answered at once, and its body is passed over', async () => {
  const unknown = usual.map(([name, value]): [string, string] => [name, name === ':path' ? '/x.Y/Z' : value]);
  const said = await say(hello, head(1, unknown), of(frame.data, 0, 1, message), body(1), head(3), body(3));
  expect(said[0]).toMatch(
    /^1 :status 200 content-type application\/grpc grpc-status 12 grpc-message .* END$/,
  );
  expect(said.slice(1)).toEqual(ok(3));
});

test.each<[string, Uint8Array[], string]>([
  ['another preface', [Buffer.from('POST / HTTP/1.1\r\nhost: sink\r\n\r\n')], 'GOAWAY 0 1'],
  ['no SETTINGS first', [preface, head(1)], 'GOAWAY 0 1'],
  ['a stream of even number', [hello, head(2)], 'GOAWAY 0 1'],
  ['DATA on a stream never opened', [hello, body(1)], 'GOAWAY 0 1'],
  ['RST_STREAM on a stream never opened', [hello, wordFrame(frame.resetStream, 1, 8)], 'GOAWAY 0 1'],
  ['WINDOW_UPDATE by nothing', [hello, wordFrame(frame.windowUpdate, 0, 0)], 'GOAWAY 0 1'],
  ['a window too large', [hello, wordFrame(frame.windowUpdate, 0, 2 ** 31 - 1)], 'GOAWAY 0 3'],
  ['PING of 7 bytes', [hello, of(frame.ping, 0, 0, '1234567')], 'GOAWAY 0 6'],
  ['PING on a stream', [hello, of(frame.ping, 0, 1, '12345678')], 'GOAWAY 0 1'],
  ['SETTINGS of an odd length', [hello, of(frame.settings, 0, 0, '12345')], 'GOAWAY 0 6'],
  ['SETTINGS on a stream', [hello, of(frame.settings, 0, 1)], 'GOAWAY 0 1'],
  ['an acknowledgement with a payload', [hello, of(frame.settings, flag.ack, 0, '123456')], 'GOAWAY 0 6'],
  ['PUSH_PROMISE', [hello, of(frame.pushPromise, 4, 1, '1234')], 'GOAWAY 0 1'],
  ['a block that is not HPACK', [hello, of(frame.headers, 5, 1, '\xff\xff\xff\xff\xff')], 'GOAWAY 0 9'],
  ['a frame of 2 MiB', [hello, head(1), Buffer.from('200000000000000001', 'hex')], 'GOAWAY 1 6'],
])('%s ends the connection and says why', async (_, parts, goaway) => {
  expect((await say(...parts)).at(-1)).toBe(goaway);
});
