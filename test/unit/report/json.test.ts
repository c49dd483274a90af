import { expect, test } from 'vitest';
import { normalizeReport, stableJson } from '../../../src/report/json.ts';
import type { Report } from '../../../src/report/types.ts';
import { failReport } from '../../fixtures/report-sample.ts';

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, child]) => [key, key === 'raw' ? child : reversed(child)]),
  );
}

test('the order in which a report was put together does not show', () => {
  const report = failReport();
  // Maps of free keys (versions, machine, names, raw answers) keep the order they come in and are not
  // reversed.
  const { run, counters, ...rest } = report;
  const turned = { ...(reversed(rest) as typeof rest), counters, run } as Report;
  expect(stableJson(turned)).toBe(stableJson(report));
});

test('Infinity is a text, NaN is null, undefined is left out', () => {
  const report = failReport();
  const made = normalizeReport({
    ...report,
    validity: { ...report.validity, offeredRatio: Number.NaN, scrapeCoverage: Number.POSITIVE_INFINITY },
    reach: { s: Number.POSITIVE_INFINITY, parts: [] },
  });
  expect(made.validity.offeredRatio).toBeNull();
  expect(made.validity.scrapeCoverage).toBe('Infinity');
  expect(made.reach.s).toBe('Infinity');
  expect(stableJson(report)).not.toContain('undefined');
});

test('it is JSON, and nothing is lost in it, not even a key that JavaScript holds dear', () => {
  const report = failReport();
  const raw: unknown = JSON.parse('{"__proto__": {"a": 1}, "constructor": [1, "x"]}');
  const slos = report.slos.map((slo) => ({ ...slo, raw }));
  expect(JSON.parse(stableJson({ ...report, slos }))).toEqual(
    JSON.parse(JSON.stringify({ ...report, slos })),
  );
});
