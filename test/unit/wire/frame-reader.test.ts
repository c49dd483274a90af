import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFrameReader } from '../../../src/wire/frame-reader.ts';
import { flag, frame, frameOf, H2Failure, readSettings, settingsFrame } from '../../../src/wire/http2.ts';

/** Everything that a reader says of `bytes`, read in pieces of the sizes given; content of DATA joined. */
function read(bytes: Buffer, sizes: readonly number[] = [bytes.length]): string[] {
  const said: string[] = [];
  let content = '';
  const reader = createFrameReader(
    {
      headers: (stream, block, end) => said.push(`headers ${stream} ${block.toString('latin1')} ${end}`),
      data(_stream, piece, from, to, last) {
        content += piece.toString('latin1', from, to);
        if (last) content += '|';
      },
      dataRead: (stream, length) => said.push(`data ${stream} ${content} ${length}`),
      control: (type, flags, stream, payload) =>
        said.push(`${type} ${flags} ${stream} ${payload.toString('hex')}`),
    },
    100,
  );
  const copy = Buffer.from(bytes);
  let at = 0;
  for (let i = 0; at < copy.length; i++) {
    const end = Math.min(copy.length, at + (sizes[i % sizes.length] ?? 1));
    reader(copy, at, end);
    copy.fill(0xee, at, end); // bytes are only lent
    at = end;
  }
  return said;
}

const of = (type: number, flags: number, stream: number, text = '') =>
  frameOf({ type, flags, stream, payload: Buffer.from(text, 'latin1') });

const talk = Buffer.concat([
  settingsFrame([[4, 65535]]),
  of(frame.headers, flag.endHeaders, 1, 'block'),
  of(frame.data, 0, 1, 'some '),
  of(frame.data, flag.padded, 1, '\x03and \0\0\0'),
  of(frame.data, flag.endStream, 1),
  of(frame.headers, flag.padded | flag.priority | flag.endStream, 3, '\x02PPPPPto\0\0'),
  of(frame.continuation, 0, 3, 'get'),
  of(frame.continuation, flag.endHeaders, 3, 'her'),
  of(200, 255, 9, 'of a future'),
  of(frame.ping, 0, 0, '12345678'),
]);
const said = [
  '4 0 0 00040000ffff',
  'headers 1 block false',
  'data 1 some  5',
  'data 1 some and  8',
  'data 1 some and | 0',
  'headers 3 together true',
  '6 0 0 3132333435363738',
];

test('frames are read as they were written', () => expect(read(talk)).toEqual(said));

test('forall ways to cut the bytes: the same frames', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }), (sizes) => {
      expect(read(talk, sizes)).toEqual(said);
    }),
  );
});

test.each([
  ['a frame larger than allowed', of(frame.data, 0, 1, 'x'.repeat(101)), 6],
  ['DATA on stream 0', of(frame.data, 0, 0, 'x'), 1],
  ['HEADERS on stream 0', of(frame.headers, flag.endHeaders, 0, 'x'), 1],
  ['CONTINUATION of nothing', of(frame.continuation, flag.endHeaders, 1, 'x'), 1],
  [
    'another frame within a block',
    Buffer.concat([of(frame.headers, 0, 1, 'x'), of(frame.ping, 0, 0, '12345678')]),
    1,
  ],
  [
    'CONTINUATION of another stream',
    Buffer.concat([of(frame.headers, 0, 1), of(frame.continuation, 4, 3)]),
    1,
  ],
  ['more padding than payload', of(frame.data, flag.padded, 1, '\x05abc'), 1],
  ['padding without its length', of(frame.data, flag.padded, 1), 1],
] as const)('%s ends the connection', (_, bytes, code) => {
  const failure = (() => {
    try {
      return read(bytes);
    } catch (error) {
      return error;
    }
  })();
  expect(failure).toBeInstanceOf(H2Failure);
  expect(failure).toMatchObject({ code });
});

test.each([
  ['00040080', 6],
  ['000480000000', 3],
  ['000500003fff', 1],
  ['000501000000', 1],
  ['000200000002', 1],
])('SETTINGS %s are refused with code %i', (payload, code) => {
  expect(() => readSettings(Buffer.from(payload, 'hex'))).toThrow(expect.objectContaining({ code }));
});
