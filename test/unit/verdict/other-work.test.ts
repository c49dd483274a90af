import { expect, test } from 'vitest';
import { otherWorkFindings, whyDisturbed } from '../../../src/verdict/other-work.ts';
import { entryPlan, runRecord } from '../../fixtures/run-evidence.ts';

const record = runRecord({ entries: [entryPlan('spans', { endNs: 10e9 })], warmupMs: 2000 });
const seconds = (otherCores: number, stolenCores = 0) =>
  Array.from({ length: 10 }, (_, i) => ({ atS: i + 1, cores: 2, otherCores, stolenCores }));

test('a run says so when others had over 10 % of the machine while it was measured', () => {
  expect(otherWorkFindings(record)).toEqual([]);
  expect(otherWorkFindings({ ...record, otherWork: [] })).toEqual([]);
  expect(otherWorkFindings({ ...record, otherWork: seconds(0.19) })).toEqual([]);
  const [finding] = otherWorkFindings({ ...record, otherWork: seconds(0.3, 0.1) });
  expect(finding?.severity).toBe('warn');
  expect(finding?.sentence).toContain(
    "other work took 0.3 and its host kept back 0.1 of this machine's 2 cores, where 0.2 may be",
  );
});

test('what was before and after is no part of it', () => {
  const busyAtFirst = seconds(0).map((one) => (one.atS <= 2 ? { ...one, otherCores: 2 } : one));
  expect(otherWorkFindings({ ...record, otherWork: busyAtFirst })).toEqual([]);
  const span = { fromS: 0, toS: 10, shareMax: 0.05 };
  expect(whyDisturbed({ otherWork: busyAtFirst }, span)).toContain('other work took 0.4');
  expect(whyDisturbed({ otherWork: seconds(0.04, 0.05) }, span)).toBeUndefined();
  expect(whyDisturbed({ otherWork: seconds(0.007_566, 0.1369) }, span)).toBe(
    "its host kept back 0.14 of this machine's 2 cores, where 0.1 may be",
  );
  expect(whyDisturbed({ otherWork: seconds(0, 0.1004) }, span)).toContain('0.11 of');
});
