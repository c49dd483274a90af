import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHeaderDecoder, HpackError } from '../../../src/wire/hpack.ts';
import { encodeHeaders } from '../../../src/wire/hpack-encode.ts';
import { decodeHuffman } from '../../../src/wire/huffman.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** RFC 7541, appendices C.3 and C.4: three requests on one connection, plain and in Huffman's code. */
const requests = [
  [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'www.example.com'],
  [
    ':method',
    'GET',
    ':scheme',
    'http',
    ':path',
    '/',
    ':authority',
    'www.example.com',
    'cache-control',
    'no-cache',
  ],
  [
    ':method',
    'GET',
    ':scheme',
    'https',
    ':path',
    '/index.html',
    ':authority',
    'www.example.com',
    'custom-key',
    'custom-value',
  ],
];
const blocks = {
  plain: [
    '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
    '8286 84be 5808 6e6f 2d63 6163 6865',
    '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
  ],
  huffman: [
    '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
    '8286 84be 5886 a8eb 1064 9cbf',
    '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
  ],
};

test.each(Object.entries(blocks))('the requests of the RFC, %s', (_, of) => {
  const decode = createHeaderDecoder();
  expect(of.map((block) => decode(hex(block)))).toEqual(requests);
});

test('a repeated block gives the same list while the table stands, and not after it changed', () => {
  const decode = createHeaderDecoder();
  decode(hex(blocks.plain[0] ?? ''));
  const first = decode(hex('be'));
  expect(first).toEqual([':authority', 'www.example.com']);
  expect(decode(hex('be'))).toBe(first);
  decode(hex('4001 6101 62')); // a: b goes before it
  expect(decode(hex('be'))).toEqual(['a', 'b']);
});

test('a table made smaller forgets its oldest entries', () => {
  const decode = createHeaderDecoder();
  decode(hex(blocks.plain[0] ?? ''));
  expect(() => decode(hex('20be'))).toThrow(HpackError);
});

test.each(['80', 'ff', 'be', '3fffff7f', '8220', '0a', '008a61', '00ffffffffff', '0181ff0161', '4001'])(
  'a block that breaks the RFC: %s',
  (block) => {
    expect(() => createHeaderDecoder()(hex(block))).toThrow(HpackError);
  },
);

test.each([
  ['zeros as padding', 'f1e3c2e5f23a6ba0ab90f400'],
  ['eight bits of padding', '1fff'],
  ['the end of the string', 'ffffffff'],
])('Huffman: %s is no text', (_, bytes) => {
  expect(decodeHuffman(hex(bytes), 0, hex(bytes).length)).toBeUndefined();
});

test('forall headers: what is encoded is decoded, also the second time', () => {
  const text = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)),
    maxLength: 200,
  });
  const name = fc.oneof(fc.constantFrom(':status', 'content-type', 'te'), text);
  fc.assert(
    fc.property(fc.array(fc.tuple(name, text), { maxLength: 20 }), (headers) => {
      const decode = createHeaderDecoder();
      const block = encodeHeaders(headers);
      expect(decode(block)).toEqual(headers.flat());
      expect(decode(block)).toEqual(headers.flat());
    }),
  );
});

test('forall bytes: a list or an HpackError', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (of) => {
      const decode = createHeaderDecoder();
      try {
        for (const block of of) expect(decode(Buffer.from(block)).length % 2).toBe(0);
      } catch (error) {
        expect(error).toBeInstanceOf(HpackError);
      }
    }),
    { numRuns: 2000 },
  );
});
