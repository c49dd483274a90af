import { describe, expect, test } from 'vitest';
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
  expect(setsOf({ color: false, grpc: '192.0.2.1:4317', rate: '2000' })).toHaveLength(2);
});

test('this machine may be sent anything', () => {
  const sets = setsOf({ color: false, grpc: '127.0.0.1:4317', rate: '2000', duration: '2s' });
  expect(sets.filter((set) => set.startsWith('limits'))).toEqual([]);
});

test('--http speaks protobuf unless --protocol says otherwise', () => {
  const http = '127.0.0.1:4318';
  const protobuf = ['target.external.otlp={"http":"127.0.0.1:4318"}', 'load.items.protocol="http/protobuf"'];
  expect(setsOf({ color: false, http })).toEqual(protobuf);
  const json = 'load.items.protocol=http/json';
  expect(setsOf({ color: false, http, protocol: 'http/json' })).toEqual([...protobuf, json]);
  expect(setsOf({ color: false, protocol: 'http/json' })).toEqual([...protobuf, json]);
});

describe('a mistake', () => {
  const parts = (path: string, name = path) => ({
    code: 'SQ-SCENARIO-INVALID' as const,
    what: `${name} has a wrong value`,
    where: `--set ${path}`,
    next: `correct ${name}`,
  });
  const away = {
    code: 'SQ-LIMITS-MISSING' as const,
    what: 'no limits',
    where: '--set target.external.otlp',
    next: 'add limits',
  };

  test('names the flag that made it', () => {
    const flags = { color: false, grpc: 'x', rate: 'abc' };
    const address = parts('target.external.otlp', 'target.external.otlp.grpc');
    expect(inFlags([parts('load.items.rate'), address], flags)).toEqual([
      { ...parts('', '--rate'), where: '--rate' },
      { ...parts('', '--grpc'), where: '--grpc' },
    ]);
  });

  test('stays as it is where --set made it', () => {
    const flags = { color: false, rate: '10', set: ['load.items.rate=abc'] };
    const own = [parts('load.items.rate'), parts('load.items.batch')];
    expect(inFlags(own, flags)).toEqual(own);
    const token = parts('target.external.otlp.bearerTokenFile');
    expect(inFlags([token], { color: false, grpc: 'x' })).toEqual([token]);
  });

  test('of limits says which flags make them, unless those are the mistake', () => {
    expect(inFlags([away], { color: false, grpc: 'x', rate: '10' })[0]?.next).toBe(
      'give both --rate and --duration',
    );
    const rate = parts('load.items.rate');
    expect(inFlags([away, rate], { color: false, grpc: 'x', rate: '10k', duration: '2s' })).toMatchObject([
      { where: '--rate' },
    ]);
    const over = inFlags([parts('limits.items')], { color: false, rate: '10', duration: '2s' });
    expect(over).toMatchObject([
      { where: 'squall load', next: expect.stringContaining('--set limits.items=N') },
    ]);
  });
});
