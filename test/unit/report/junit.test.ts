import { expect, test } from 'vitest';
import { renderJunit } from '../../../src/report/junit.ts';
import type { Report } from '../../../src/report/types.ts';
import { failReport, passReport, unknownReport } from '../../fixtures/report-sample.ts';
import { findAll, parseXml, type XmlNode } from '../../fixtures/xml.ts';

function cases(report: Report, unknownAs?: 'error' | 'skipped'): XmlNode[] {
  const xml = unknownAs === undefined ? renderJunit(report) : renderJunit(report, { unknownAs });
  return findAll(parseXml(xml), 'testcase');
}

test('one case per SLO and window, and one for the run', () => {
  const report = failReport();
  const names = cases(report).map((one) => one.attributes.name);
  expect(names).toHaveLength(report.slos.length + 1);
  expect(names[2]).toBe('items_lost count==0 [run, ledger]');
  expect(names.at(-1)).toBe('run');
});

test('a violated SLO is a failure with limit, actual and window', () => {
  const failures = findAll(parseXml(renderJunit(failReport())), 'failure');
  expect(failures).toHaveLength(2);
  expect(failures[0]?.attributes.message).toBe('items_lost was 12,340, allowed: none, over the run');
  expect(failures[0]?.text).toContain('window run 5 s to 60 s');
});

test('an unknown SLO is an error, skipped only on request; a run that is not valid is an error either way', () => {
  const report = unknownReport();
  const errors = (all: XmlNode[]) => all.filter((one) => one.children[0]?.tag === 'error').length;
  expect(errors(cases(report))).toBe(report.slos.length + 1);
  expect(errors(cases(report, 'skipped'))).toBe(1);
});

test('totals are those of the cases', () => {
  for (const report of [passReport(), failReport(), unknownReport()]) {
    const suite = findAll(parseXml(renderJunit(report)), 'testsuite')[0];
    const of = (tag: string) => String(suite === undefined ? -1 : findAll(suite, tag).length);
    expect(suite?.attributes).toMatchObject({
      tests: of('testcase'),
      failures: of('failure'),
      errors: of('error'),
      skipped: of('skipped'),
    });
  }
});

test('properties open with the verdict and the same three findings', () => {
  const names = findAll(parseXml(renderJunit(failReport())), 'property').map((one) => one.attributes.name);
  expect(names.slice(0, 4)).toEqual(['verdict', 'finding.1', 'finding.2', 'finding.3']);
});

test('an exit code that no SLO explains is an error of the run', () => {
  for (const exitCode of [3, 4, 5, 130]) {
    const run = cases({ ...passReport(), exitCode }).at(-1);
    expect(run?.children[0]?.attributes.type).toBe(`exit-${exitCode}`);
  }
  expect(cases(passReport()).at(-1)?.children).toEqual([]);
});
