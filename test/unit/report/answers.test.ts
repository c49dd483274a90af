import { expect, test } from 'vitest';
import { answersOf } from '../../../src/report/answers.ts';
import { findingStep } from '../../../src/report/finding-words.ts';
import { verdictReason, whoseFault } from '../../../src/report/sentences.ts';
import type { Report } from '../../../src/report/types.ts';
import { capacityReport } from '../../fixtures/capacity-sample.ts';
import { failReport, passReport, unknownReport } from '../../fixtures/report-sample.ts';

/** Question by question, "answer | detail". */
function told(report: Report): Record<string, string> {
  return Object.fromEntries(
    answersOf(report).map(({ question, answer, detail }) => [question, `${answer} | ${detail}`]),
  );
}

test('a failed run: what broke under which fault, whose it was, the share that was lost, and the step', () => {
  expect(told(failReport())).toEqual({
    'What broke?': 'items_lost: 12,340, allowed: none; 1 more | by fault kill at 20.004 s',
    'Whose fault was it?':
      "the target's, not squall's | squall did its part: 100 % of the plan offered, lag P99 0.61 ms",
    'How much was lost?': '12,340 of 597,200 spans | 2.1 % of what the target had acknowledged',
    'Did an alert fire?': 'for 2 of 2 faults | after 3.399 s at most',
    'What next?': 'give the exporter a persistent queue (sending_queue.storage: file_storage) | ',
  });
});

test('alerts: one fault is not counted, none that fired is said, and without rules nothing is asked', () => {
  const [kill, outage] = failReport().faults;
  if (kill === undefined || outage === undefined) throw new Error('the sample lost its faults');
  const noticed = (faults: Report['faults']) => told({ ...failReport(), faults })['Did an alert fire?'];
  const { alerts: _, ...unwatched } = kill;
  expect(noticed([kill])).toBe('yes | CollectorRestarted after 3.396 s');
  expect(noticed([{ ...kill, alerts: [] }])).toBe('no | none of the rules fired');
  expect(noticed([{ ...kill, alerts: [] }, outage])).toBe('for 1 of 2 faults | none for kill');
  expect(noticed([unwatched])).toBeUndefined();
});

test('a loss under several faults names two of them', () => {
  const [kill] = failReport().faults;
  if (kill === undefined) throw new Error('the sample lost its fault');
  const broke = (count: number) => {
    const faults = Array.from({ length: count }, (_, i) => ({ ...kill, name: `f${i}` }));
    return told({ ...failReport(), faults })['What broke?']?.split(' | ')[1];
  };
  const each = (name: string) => `${name} at 20.004 s`;
  expect(broke(2)).toBe(`by faults ${each('f0')}, ${each('f1')}`);
  expect(broke(4)).toBe(`by faults ${each('f0')}, ${each('f1')} and 2 more`);
  expect(broke(0)).toBe('in window run');
});

test('a run that passed: nothing, nobody, and what a loss of none leaves possible', () => {
  expect(told(passReport())).toEqual({
    'What broke?': 'nothing | all 4 SLOs held',
    'Whose fault was it?': "nobody's | squall did its part: 100 % of the plan offered, lag P99 0.61 ms",
    'How much was lost?': '0 of 960,000 items | with 95 % confidence fewer than 1 in 320,000',
    'What next?':
      'nothing to mend; run it again with the next build, then: squall compare reports/k3v9q2 reports/latest | ',
  });
});

test('a run of a starved generator: squall itself, and no word of confidence', () => {
  expect(told(unknownReport())).toEqual({
    'What broke?': 'nothing was seen to break | 4 of 4 SLOs could not be judged',
    'Whose fault was it?':
      "squall's own: its generator | the generator missed 41,200 items: its worker threads had 97 % of a core",
    'How much was lost?': '0 of 960,000 items | ',
    'What next?': 'use fewer items per second, or a machine with more cores | ',
  });
});

const finding = { severity: 'unknown', sentence: 'It is so.', next: 'squall setup' } as const;

test('a Prometheus that could not be had is the set-up, one that gave no answer is Prometheus', () => {
  const slos = passReport().slos.map((slo) =>
    slo.source === 'prometheus' ? { ...slo, verdict: 'unknown' as const, reason: 'no answer' } : slo,
  );
  const report: Report = { ...passReport(), verdict: 'unknown', exitCode: 2, slos };
  expect(whoseFault(report).party).toBe('Prometheus');
  const absent = { ...report, findings: [{ ...finding, code: 'NO-PROMETHEUS' }] };
  expect(told(absent)['Whose fault was it?']).toBe("the set-up's | no answer");
});

test('a step that mends something goes before one that explains', () => {
  const findings = ['squall explain measure', '', 'squall setup'].map((next) => ({
    ...finding,
    code: 'A',
    next,
  }));
  expect(told({ ...failReport(), findings })['What next?']).toBe('squall setup | ');
  expect(told({ ...failReport(), findings: findings.slice(0, 1) })['What next?']).toBe(
    'squall explain measure | ',
  );
});

test('one step comes first; what it holds is not said twice, the others follow, explanations are more', () => {
  const [first, command] = ['install Go or Docker, then: squall setup', failReport().run.command];
  const steps = ['squall explain measure', first, 'squall setup', command, 'squall doctor', ''];
  const findings = steps.map((next) => ({ ...finding, code: 'A', next }));
  const report = { ...failReport(), findings };
  expect(findings.map((one) => findingStep(report, one))).toEqual([
    'More: squall explain measure',
    `Do: ${first}`,
    '',
    'Then: run it again',
    'Then: squall doctor',
    '',
  ]);
});

test('an embedded collector is named in the first sentence', () => {
  const banner = 'embedded reference collector: says nothing about a real collector';
  const report = { ...passReport(), run: { ...passReport().run, banner } };
  expect(verdictReason(report)).toMatch(/^quickstart on squall's embedded collector held all 4 SLOs;/);
});

test('what is not known is never told as nothing lost', () => {
  const none = "not known | no sink of squall's stood behind the target";
  const traces = { ...failReport().ledger.traces, lost: Number.NaN } as Report['ledger']['traces'];
  const lostOf = (report: Report) => told(report)['How much was lost?'];
  expect(lostOf({ ...failReport(), ledger: {} })).toBe(none);
  expect(lostOf({ ...failReport(), ledger: traces === undefined ? {} : { traces } })).toBe(none);
  const blind = [{ ...finding, code: 'LEDGER-BLIND' }];
  expect(lostOf({ ...failReport(), findings: blind })).toBe('not known | It is so.');
  const pending = passReport().ledger.traces;
  if (pending === undefined) throw new Error('the sample lost its ledger');
  const waiting = { traces: { ...pending, pending: 7 } };
  expect(lostOf({ ...passReport(), ledger: waiting })).toBe(
    '0 of 600,000 spans | 7 more had not arrived when squall stopped waiting',
  );
});

test('three of very many are not 0 %', () => {
  const { traces } = passReport().ledger;
  if (traces === undefined) throw new Error('the sample lost its ledger');
  const report = { ...passReport(), ledger: { traces: { ...traces, lost: 3 } } };
  expect(told(report)['How much was lost?']).toBe(
    '3 of 600,000 spans | 0.0005 % of what the target had acknowledged',
  );
});

test('a capacity that was found is to be planned with, not with a claim that does not hold', () => {
  const report = capacityReport();
  const { capacity } = report;
  if (capacity?.sizing === undefined) throw new Error('the sample lost its capacity');
  const next = (change: Partial<typeof capacity>) =>
    told({ ...report, capacity: { ...capacity, ...change } })['What next?'];
  const { replicas } = capacity.sizing;
  expect(next({})).toContain(`plan with 9,700 spans/s each, not with 10,000: ${replicas} replicas for`);
  expect(next({ claim: { perS: 9000, verdict: 'holds' } })).toMatch(/^plan with 9,700 spans\/s each:/);
  expect(next({ sizing: { ...capacity.sizing, word: 'computed' } })).toContain('try that many');
  expect(next({ kind: 'unknown' })).not.toContain('plan with');
});

test('a loss that was found in a run that is not valid: the loss is the target’s, and no more is said', () => {
  const report = failReport();
  const reasons = ["12.8 % of the generator's wake-ups were over 10 ms late"];
  const validity = { ...report.validity, valid: false, reasons };
  expect(told({ ...report, validity })['Whose fault was it?']).toBe(
    `of the loss, the target's | of the rest it is not known: ${reasons[0]}`,
  );
});
