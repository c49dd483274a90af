import { expect, test } from 'vitest';
import { parseReport } from '../../../src/target/held-process.ts';
import { explainingLines, portInUse } from '../../../src/target/start-failure.ts';
import { collectorVersion } from '../../../src/tools/collector-binary.ts';

test('the lines from the error on explain, else the last ones', () => {
  const noise = Array.from({ length: 20 }, (_, i) => `info ${i}`);
  expect(explainingLines([...noise, 'Error: invalid configuration: a', 'b', ''].join('\n'))).toEqual([
    'Error: invalid configuration: a',
    'b',
  ]);
  expect(explainingLines(noise.join('\n'))).toEqual(noise.slice(-5));
  expect(explainingLines('')).toEqual([]);
});

test('the taken address is read from the last bind that failed', () => {
  expect(portInUse('x: listen tcp 127.0.0.1:4317: bind: address already in use\n')).toBe('127.0.0.1:4317');
  expect(portInUse('listening')).toBeUndefined();
});

test("a holder's reports: pid with start, codes, and signals above 128", () => {
  const stat = '42 (a) b) c) S 1 42 42 0 -1 4194304 86 0 0 0 0 0 0 0 20 0 1 0 144665 2748416 222';
  expect(parseReport(`pid 42 ${stat}`)).toEqual({ kind: 'pid', pid: 42, startTicks: 144665 });
  expect(parseReport('pid 42 ')).toEqual({ kind: 'pid', pid: 42, startTicks: 0 });
  expect(parseReport('exit 3')).toEqual({ kind: 'exit', code: 3, signal: null });
  expect(parseReport('exit 137')).toEqual({ kind: 'exit', code: null, signal: 'SIGKILL' });
  expect(parseReport('garbage')).toBeUndefined();
});

test('the version of a distribution, or of its OTLP receiver where it states none', () => {
  const module = '      module: go.opentelemetry.io/collector/receiver/otlpreceiver v0.161.0\n';
  expect(collectorVersion(`buildinfo:\n    version: 0.150.1\n${module}`)).toBe('0.150.1');
  expect(collectorVersion(`buildinfo:\n    version: ""\n${module}`)).toBe('0.161.0');
  expect(collectorVersion('nothing')).toBe('unknown');
});
