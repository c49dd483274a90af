import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fuzzedSinkOfFile, goodBody } from '../../fixtures/fuzzed-sink.ts';
import { frame, frameFlag, framesOf, frameType, literal, preface } from '../../fixtures/h2-frames.ts';
import { grpcPath } from '../../fixtures/otlp-client.ts';
import { talk } from '../../fixtures/talk.ts';

const subject = fuzzedSinkOfFile();

describe('HTTP/1.1 on the wire', () => {
  const good = goodBody('logs', 'http/protobuf');
  const head = (...lines: string[]) =>
    Buffer.from(
      ['POST /v1/logs HTTP/1.1', 'host: a', 'content-type: application/x-protobuf', ...lines, '', ''].join(
        '\r\n',
      ),
    );
  const rows: [string, Buffer[]][] = [
    ['a body shorter than it says', [head(`content-length: ${good.length + 1}`), good]],
    ['two lengths that differ', [head(`content-length: ${good.length}`, 'content-length: 3'), good]],
    [
      'a length and chunks',
      [head('content-length: 5', 'transfer-encoding: chunked'), Buffer.from('0\r\n\r\n')],
    ],
    ['a chunk of no size', [head('transfer-encoding: chunked'), Buffer.from('zz\r\n'), good]],
    ['a chunk that ends early', [head('transfer-encoding: chunked'), Buffer.from('ffff\r\n'), good]],
    ['headers without end', [head(`x: ${'y'.repeat(100_000)}`)]],
    ['a negative length', [head('content-length: -1'), good]],
    ['half a head', [head('content-length: 5').subarray(0, 40)]],
    ['another protocol', [Buffer.from([0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3]), good]],
  ];
  test.each(rows)('%s', async (_, parts) => {
    const heard = (await talk(subject().sink.http, parts)).toString('latin1');
    expect(heard === '' || /^HTTP\/1\.1 4\d\d /.test(heard)).toBe(true);
    expect(subject().arrived()).toEqual([]);
  });
});

describe('HTTP/2 on the wire', () => {
  const block = Buffer.concat([
    Buffer.from([0x83, 0x86]), // POST, http
    literal(':path', grpcPath('logs')),
    literal(':authority', 'a'),
    literal('content-type', 'application/grpc'),
    literal('te', 'trailers'),
  ]);
  const greeting = Buffer.concat([Buffer.from(preface), frame(frameType.settings, 0, 0, Buffer.alloc(0))]);
  const { endHeaders, endStream } = frameFlag;
  const headers = (stream: number, flags = endHeaders) => frame(frameType.headers, flags, stream, block);
  const many = (count: number, make: (i: number) => Buffer) =>
    Buffer.concat(Array.from({ length: count }, (_, i) => make(i)));
  const half = Buffer.from([0, 0, 0, 1, 0, 10]);
  /** What the protocol calls an error of the connection ends it with a GOAWAY that says so. */
  const rows: ['ends' | 'lives', string, Buffer[]][] = [
    [
      'lives',
      'a message shorter than its prefix says',
      [headers(1), frame(frameType.data, endStream, 1, half)],
    ],
    [
      'lives',
      'a message of 4 GB, by its prefix',
      [headers(1), frame(frameType.data, endStream, 1, Buffer.alloc(9, 255))],
    ],
    ['ends', 'data before any headers', [frame(frameType.data, endStream, 1, half)]],
    ['ends', 'data on stream 0', [frame(frameType.data, endStream, 0, half)]],
    ['ends', 'an even stream', [headers(2)]],
    ['lives', 'a stream opened twice', [headers(1, endHeaders | endStream), headers(1)]],
    ['lives', 'a stream below the last', [headers(5), headers(3)]],
    ['ends', 'headers cut off by data', [headers(1, 0), frame(frameType.data, endStream, 1, half)]],
    ['ends', 'a continuation of nothing', [frame(frameType.continuation, endHeaders, 1, block)]],
    [
      'ends',
      'padding longer than its frame',
      [frame(frameType.data, frameFlag.padded, 1, Buffer.from([200, 1]))],
    ],
    ['ends', 'a frame larger than allowed', [frame(frameType.data, 0, 1, Buffer.alloc(20_000))]],
    ['ends', 'settings of a wrong length', [frame(frameType.settings, 0, 0, Buffer.alloc(5))]],
    [
      'ends',
      'a window beyond its limit',
      [many(3, () => frame(frameType.window, 0, 0, Buffer.from([0x7f, 255, 255, 255])))],
    ],
    ['lives', 'a window grown by nothing', [headers(1), frame(frameType.window, 0, 1, Buffer.alloc(4))]],
    ['ends', 'headers that do not decode', [frame(frameType.headers, endHeaders, 1, Buffer.alloc(50, 255))]],
    [
      'ends',
      'a table size beyond its limit',
      [frame(frameType.headers, endHeaders, 1, Buffer.from([0x3f, 255, 255, 255, 7]))],
    ],
    ['ends', 'noise after the preface', [Buffer.alloc(4000, 0x5a)]],
    ['lives', 'a flood of pings', [many(20_000, () => frame(frameType.ping, 0, 0, Buffer.alloc(8)))]],
    ['lives', 'a flood of settings', [many(20_000, () => frame(frameType.settings, 0, 0, Buffer.alloc(6)))]],
    [
      'lives',
      'streams opened and reset at once',
      [
        many(5000, (i) =>
          Buffer.concat([
            headers(2 * i + 1),
            frame(frameType.reset, 0, 2 * i + 1, Buffer.from([0, 0, 0, 8])),
          ]),
        ),
      ],
    ],
    [
      'ends',
      'continuations without end',
      [
        headers(1, 0),
        many(3000, () => frame(frameType.continuation, 0, 1, literal('x'.repeat(100), 'y'.repeat(100)))),
      ],
    ],
    [
      'lives',
      'empty continuations without end',
      [headers(1, 0), many(50_000, () => frame(frameType.continuation, 0, 1, Buffer.alloc(0)))],
    ],
  ];
  test.each(rows)('the connection %s: %s', async (fate, _, parts) => {
    const heard = await talk(subject().sink.grpc, [greeting, ...parts]);
    const errors = framesOf(heard).filter(
      ({ kind, payload }) => kind === frameType.goaway && payload.readUInt32BE(4) > 0,
    );
    if (fate === 'ends') expect(errors).not.toEqual([]);
    expect(subject().arrived()).toEqual([]);
  });

  test('forall frames of any kind, between good ones: nothing is recorded that was not sent', async () => {
    const anyFrame = fc.record({
      kind: fc.integer({ min: 0, max: 12 }),
      flags: fc.constantFrom(0, 1, 4, 5, 8, 9, 12, 13, 32, 36, 255),
      stream: fc.constantFrom(0, 1, 2, 3, 5, 2 ** 31),
      payload: fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.constant(block), fc.constant(half)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyFrame, { minLength: 1, maxLength: 12 }), async (frames) => {
        const bytes = frames.map(({ kind, flags, stream, payload }) =>
          frame(kind, flags, stream, Buffer.from(payload)),
        );
        await talk(subject().sink.grpc, [greeting, headers(1), ...bytes], 1500);
        expect(subject().arrived()).toEqual([]);
      }),
      { numRuns: 150, seed: 9, endOnFailure: true },
    );
  });
});
