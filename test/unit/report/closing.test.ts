import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { closingLines } from '../../../src/report/closing.ts';
import { whoseFault } from '../../../src/report/sentences.ts';
import type { Report } from '../../../src/report/types.ts';
import { failReport, passReport, unknownReport } from '../../fixtures/report-sample.ts';

const paths = { report: 'reports/x/report.html', again: 'squall run x.yaml --seed 7', faultsLeft: [] };

test('never more than 15 lines, whatever there is to say', () => {
  const report = failReport();
  const slo = report.slos[2];
  if (slo === undefined) throw new Error('the sample lost its SLO');
  const counts = report.ledger.traces;
  if (counts === undefined) throw new Error('the sample lost its ledger');
  const crowded: Report = {
    ...report,
    slos: Array.from({ length: 40 }, () => slo),
    findings: [...report.findings, ...report.findings],
    ledger: { traces: counts, metrics: counts, logs: counts },
  };
  const lines = closingLines(crowded, { ...paths, faultsLeft: ['kill on collector-0'] });
  expect(lines).toHaveLength(15);
  expect(lines).toContainEqual(expect.stringContaining('and 38 more'));
  expect(lines.at(-2)).toContain('reports/x/report.html');
  expect(lines.at(-1)).toContain('squall run x.yaml --seed 7');
  const banner = 'embedded: a small reference collector';
  const shown = closingLines({ ...crowded, run: { ...crowded.run, banner } }, paths);
  expect(shown).toHaveLength(15);
  expect(shown[1]).toContain(banner);
});

test('says how long answers took, where there is room and there were any', () => {
  const lines = closingLines(passReport(), paths);
  const { p50Ms, p95Ms, p99Ms } = passReport().latency.traces?.ack ?? {};
  const told = lines.filter((line) => line.startsWith('latency'));
  expect(told).toHaveLength(1);
  for (const ms of [p50Ms, p95Ms, p99Ms]) expect(told[0]).toContain(`${ms} ms`);
  for (const silent of [{ ...passReport(), latency: {} }, unknownReport()])
    expect(closingLines(silent, paths).filter((line) => line.startsWith('latency'))).toEqual([]);
});

test('faults left are named with the command that removes them', () => {
  const lines = closingLines(passReport(), { ...paths, faultsLeft: ['cut on gateway-0'] });
  expect(lines.find((line) => line.startsWith('in place'))).toBe(
    'in place cut on gateway-0 (undo: squall recover --run k3v9q2)',
  );
});

test('colour changes no word', () => {
  const plain = closingLines(failReport(), paths);
  const colored = closingLines(failReport(), paths, { color: true });
  expect(colored).not.toEqual(plain);
  expect(colored.map((line) => stripVTControlCharacters(line))).toEqual(plain);
});

const unknownSlos = (source: 'prometheus' | 'client') =>
  passReport().slos.map((slo) => ({
    ...slo,
    source,
    verdict: 'unknown' as const,
    reason: 'no series answered',
  }));
const unknown = (known: Partial<Report>): Report => ({
  ...passReport(),
  verdict: 'unknown',
  exitCode: 2,
  ...known,
});
const fault = failReport().faults[0];

test.each<[string, Report, string]>([
  ['everything held', passReport(), 'nobody'],
  ['an SLO broke', failReport(), 'target'],
  ['the generator was starved', unknownReport(), 'generator'],
  ['only Prometheus was silent', unknown({ slos: unknownSlos('prometheus') }), 'Prometheus'],
  [
    'a fault did nothing',
    unknown({ faults: fault === undefined ? [] : [{ ...fault, verified: false }] }),
    'set-up',
  ],
  ['evidence is missing', unknown({ slos: unknownSlos('client') }), 'set-up'],
  ['interrupted', unknown({ exitCode: 130 }), 'set-up'],
  [
    'the target stalled',
    unknown({ slos: unknownSlos('client'), validity: { ...passReport().validity, missedByTarget: 9 } }),
    'target',
  ],
])('whose fault when %s: %#', (_what, report, party) => {
  expect(whoseFault(report).party).toBe(party);
});

test('a ledger class that is not known is never shown as nothing lost', () => {
  const report = passReport();
  const counts = report.ledger.traces;
  if (counts === undefined) throw new Error('the sample lost its ledger');
  const blind: Report = {
    ...report,
    ledger: { traces: { ...counts, lost: Number.NaN, delivered: Number.NaN } },
  };
  const text = closingLines(blind, paths).join('\n');
  expect(text).toContain('lost not known');
  expect(text).not.toMatch(/0 lost|no data lost/);
});
