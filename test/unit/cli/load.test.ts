import { expect, test } from 'vitest';
import { inFlags, setsOf } from '../../../src/cli/load.ts';

test('--rate and --duration together are what another machine may be sent', () => {
  const sets = setsOf({ color: false, grpc: '192.0.2.1:4317', rate: '2000', duration: '1m30s' });
  expect(sets).toEqual([
    'target.external.otlp={"grpc":"192.0.2.1:4317"}',
    'load.items.rate=2000',
    'load.items.duration=1m30s',
    'limits.itemsPerS=2000',
    'limits.items=180000',
  ]);
});

test('one of them alone is not', () => {
  expect(setsOf({ color: false, rate: '2000' })).toEqual(['load.items.rate=2000']);
  expect(setsOf({ color: false, duration: '2s' })).toEqual(['load.items.duration=2s']);
});

test('--http speaks protobuf unless --protocol says otherwise', () => {
  const http = '127.0.0.1:4318';
  const protobuf = ['target.external.otlp={"http":"127.0.0.1:4318"}', 'load.items.protocol="http/protobuf"'];
  expect(setsOf({ color: false, http })).toEqual(protobuf);
  const json = 'load.items.protocol=http/json';
  expect(setsOf({ color: false, http, protocol: 'http/json' })).toEqual([...protobuf, json]);
  expect(setsOf({ color: false, protocol: 'http/json' })).toEqual([...protobuf, json]);
});

test('a mistake names the flag that made it, and --set where that made it', () => {
  const parts = (path: string) => ({
    code: 'SQ-SCENARIO-INVALID' as const,
    what: `${path} has a wrong value`,
    where: `--set ${path}`,
    next: `correct ${path}`,
  });
  const flags = { color: false, grpc: 'x', rate: 'abc' };
  expect(inFlags(parts('load.items.rate'), flags)).toMatchObject({
    what: '--rate has a wrong value',
    where: '--rate',
    next: 'correct --rate',
  });
  expect(inFlags(parts('target.external.otlp.grpc'), flags).where).toBe('--grpc');
  expect(inFlags(parts('load.items.batch'), flags)).toEqual(parts('load.items.batch'));
});
