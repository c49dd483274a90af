import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { maskConfig, maskDeep, maskSecrets } from '../../../src/base/mask.ts';
import { isMaskable } from '../../../src/base/maskable.ts';

test.each([
  ['the value is hunter22', 'the value is ***'],
  ['https://user:pa%20ss@host:4317/x', 'https://***@host:4317/x'],
  ['grpc://token@host', 'grpc://***@host'],
  ['Authorization: Bearer abc.def', 'Authorization: ***'],
  ['authorization=Basic dXNlcjpwYXNz next', 'authorization=*** next'],
  ['"x-api-key": "abc"', '"x-api-key": "***"'],
  ['sent Bearer eyJhbGciOi.J9', 'sent Bearer ***'],
  ['mail a@b.example about https://host/a@b', 'mail a@b.example about https://host/a@b'],
  ['p(95)<10ms at 1000 items/s', 'p(95)<10ms at 1000 items/s'],
])('%s', (text, expected) => {
  expect(maskSecrets(text, ['hunter22', '1000', 'true'])).toBe(expected);
});

test('a longer secret is masked before a shorter one that it holds', () => {
  expect(maskSecrets('key=secret-long', ['secret', 'secret-long'])).toBe('key=***');
});

test.each([
  ['1000', false],
  ['30s', false],
  ['true', false],
  ['ab', false],
  ['abc', true],
  ['123456789', true],
  ['pa55', true],
])('%s is worth masking: %s', (secret, worth) => {
  expect(isMaskable(secret)).toBe(worth);
});

test('structures are masked to their leaves and keys; numbers stay', () => {
  const made = maskDeep({ a: ['x hunter22'], hunter22: 1, password: 'any', n: 1000, nil: null }, [
    'hunter22',
    '1000',
  ]);
  expect(made).toEqual({ a: ['x ***'], '***': 1, password: '***', n: 1000, nil: null });
});

const collector = `# api_key: in-a-comment
extensions:
  basicauth/client:
    client_auth: {username: me, password: "p@ss"} # why
  bearertokenauth:
    token: plain-token
  oauth2client:
    client_secret: >-
      folded
      secret
  headers_setter:
    headers:
      - action: insert
        key: X-Scope
        value: listed
exporters:
  otlp:
    endpoint: https://u:p@backend:4317
    headers:
      x-honeycomb-team: vendor-key
      content-type: text/plain
    tls: {ca_file: /etc/ca.pem, key_pem: "-----BEGIN"}
  otlphttp:
    headers: {authorization: "Bearer \${env:TOKEN}", other: "\${env:TOKEN:-default}"}
    sending_queue: {queue_size: 1000}
`;

test("a collector's configuration keeps its layout and loses its secrets", () => {
  const shown = maskConfig(collector);
  for (const secret of [
    'in-a-comment',
    'p@ss',
    'plain-token',
    'folded',
    'listed',
    'vendor-key',
    'BEGIN',
    'default',
    'u:p@',
  ]) {
    expect(shown).not.toContain(secret);
  }
  for (const kept of [
    'username: me',
    '/etc/ca.pem',
    'Bearer ${env:TOKEN}',
    'text/plain',
    '# why',
    'key: X-Scope',
    '1000',
  ]) {
    expect(shown).toContain(kept);
  }
  expect(parse(shown).exporters.otlp.headers).toEqual({
    'x-honeycomb-team': '***',
    'content-type': 'text/plain',
  });
  expect(parse(shown).extensions.oauth2client.client_secret).toBe('***');
});

test('what is no YAML is masked line by line', () => {
  const shown = maskConfig('a: [\npassword: hunter22\n  token: "x y"\nplain: 1');
  expect(shown).toBe('a: [\npassword: ***\n  token: ***\nplain: 1');
});
