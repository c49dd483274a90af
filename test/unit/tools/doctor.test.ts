import { expect, test } from 'vitest';
import { formatDoctor, inspectMachine } from '../../../src/tools/doctor.ts';

test('every fact has a value and what follows from it', async () => {
  const findings = await inspectMachine({
    env: { PATH: '/nowhere' },
    cacheDir: '/nowhere',
    outDir: '/nowhere/reports',
  });
  const names = findings.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['node', 'cores', 'memory', 'cgroups', 'root', 'free disk']));
  for (const finding of findings) expect(finding.follows, finding.name).not.toBe('');
  const of = (name: string) => findings.find((finding) => finding.name === name);
  expect(of('otelcol')).toMatchObject({ state: 'no', value: 'not on this machine' });
  expect(of('otelcol')?.follows).toContain('SQUALL_OTELCOL');
  expect(of('kind')).toMatchObject({ state: 'less', value: 'not installed' });
});

test('a missing need stands out in the text', () => {
  const text = formatDoctor([
    { name: 'cores', value: '2', state: 'ok', follows: 'fine' },
    { name: 'otelcol', value: 'not on this machine', state: 'no', follows: 'squall setup' },
  ]);
  expect(text).toMatchInlineSnapshot(`
    "ok    cores    2
                   fine
    NO    otelcol  not on this machine
                   squall setup"
  `);
});
