import { describe, expect, test } from 'vitest';
import { findingCodes } from '../../../src/base/finding-codes.ts';
import type { Report } from '../../../src/report/types.ts';
import { judgeRun } from '../../../src/verdict/judge.ts';
import {
  type EvidenceOptions,
  goodPrometheus,
  judgeInput,
  killRecord,
  naiveLedger,
  runRecord,
  slo,
  steadyRows,
} from '../../fixtures/run-evidence.ts';

const { requests, arrivals } = steadyRows(10);
const tight = slo('ack_duration', 'p(95)<1');

const lateRecord = {
  ...killRecord(100, 4_400),
  name: 'more',
  kind: 'scale',
  intended: { startNs: 100e6, endNs: 200e6 },
  recovery: { removedNs: 4_323e6 },
  tries: { why: 'connect ECONNREFUSED', count: 3 },
};

/** Situations, and the codes of their findings in order. */
const situations: [string, EvidenceOptions, string[]][] = [
  ['nothing wrong', { slos: [slo('ack_duration', 'p(95)<10')] }, []],
  [
    'a loss is named once, not as an SLO too',
    { slos: [slo('items_lost', 'count==0')], arrivals: arrivals.slice(5) },
    ['ITEMS-LOST'],
  ],
  [
    'a loss that no SLO asked about',
    { slos: [slo('ack_duration', 'p(95)<10')], arrivals: arrivals.slice(5) },
    ['ITEMS-LOST'],
  ],
  ['a broken threshold', { slos: [tight] }, ['SLO-FAILED']],
  [
    'one that cannot be judged',
    { slos: [slo('ack_duration', 'p(95)<10', { window: 'x' })] },
    ['SLO-UNKNOWN'],
  ],
  [
    'a run that does not count says so once',
    {
      slos: [tight, slo('items_due', 'count>0'), slo('items_lost', 'count==0')],
      requests: requests.map((row, i) => (i === 3 ? { ...row, kind: 'missedByGenerator' as const } : row)),
    },
    ['RUN-NOT-VALID', 'SLO-UNKNOWN'],
  ],
  [
    'worst first: a fault left behind, then the loss, then the rest',
    {
      slos: [tight, slo('items_lost', 'count==0')],
      arrivals: arrivals.slice(5),
      more: { recoveryIncomplete: true, interrupted: true },
      record: runRecord({ notes: [{ code: 'NOTE', sentence: 'n', severity: 'info', next: 'x' }] }),
    },
    ['RECOVERY-INCOMPLETE', 'ITEMS-LOST', 'SLO-FAILED', 'INTERRUPTED', 'NOTE'],
  ],
  [
    'an oddity of the ledger',
    {
      slos: [slo('ack_duration', 'p(95)<10')],
      ledger: { ...naiveLedger(requests, arrivals), oddities: ['odd'] },
    },
    ['LEDGER-ODDITY'],
  ],
  [
    'scrapes that are missing',
    {
      slos: [slo('ack_duration', 'p(95)<10')],
      record: runRecord({ prometheus: goodPrometheus({ coverage: 0.5 }) }),
    },
    ['SCRAPES-MISSING'],
  ],
  [
    'clocks apart',
    {
      slos: [slo('ack_duration', 'p(95)<10')],
      record: runRecord({ prometheus: goodPrometheus({ skewMs: -2000 }) }),
    },
    ['CLOCK-SKEW'],
  ],
  [
    'a fault that could not be undone at its end',
    {
      slos: [slo('ack_duration', 'p(95)<10')],
      record: runRecord({ faults: [lateRecord] }),
    },
    ['FAULT-ENDED-LATE'],
  ],
  [
    'a plan without load',
    { record: runRecord({ entries: [] }), requests: [], arrivals: [] },
    ['RUN-NOT-VALID', 'NO-SLO', 'NO-LOAD'],
  ],
];

describe('findings, worst first', () => {
  test.each(situations)('%s', (_, options, codes) => {
    expect(judgeRun(judgeInput(options)).findings.map(({ code }) => code)).toEqual(codes);
  });

  test('each has a sentence, one command, and a code that explain knows', () => {
    const all = situations.flatMap(([, options]) => judgeRun(judgeInput(options)).findings);
    for (const { code, sentence, next } of all) {
      expect(next.split('\n')).toHaveLength(1);
      expect(next).not.toBe('');
      expect(sentence).not.toContain('undefined');
      if (code !== 'NOTE') expect(Object.keys(findingCodes)).toContain(code);
    }
  });
});

test('a fault that ended late says by how much and why, or that it was left to others', () => {
  const sentenceOf = (fault: typeof lateRecord) =>
    judgeRun(judgeInput({ record: runRecord({ faults: [fault] }) })).findings.find(
      ({ code }) => code === 'FAULT-ENDED-LATE',
    )?.sentence;
  expect(sentenceOf(lateRecord)).toBe(
    'Fault more (scale) was undone 4s100ms after its time, 3 tries failed: connect ECONNREFUSED.',
  );
  const tries = { why: 'the API server does not answer', count: 1 };
  expect(sentenceOf({ ...lateRecord, tries, recovery: {} as { removedNs: number } })).toBe(
    'Fault more (scale) was not undone by this run, one try failed: the API server does not answer.',
  );
});

test('a loss names the fault in whose reach it lies, and the first interval', () => {
  const ledger = naiveLedger(requests, arrivals.slice(5));
  for (const interval of ledger.bySignal.traces?.lostIntervals ?? []) interval.fault = 'kill';
  const record = runRecord({ faults: [killRecord(100, 200)] });
  const report = judgeRun(
    judgeInput({ slos: [slo('items_lost', 'count==0')], arrivals: arrivals.slice(5), ledger, record }),
  );
  expect(report.findings[0]).toMatchObject({
    sentence: '50 of 10,000 acknowledged items were lost (kill).',
    evidence: expect.stringContaining('sequences 0 to'),
  });
  expect(report.faults[0]?.lost).toBe(50);
});

test('a loss in a fault and one after it are told apart', () => {
  const ledger = naiveLedger(requests, [...arrivals.slice(5, 50), ...arrivals.slice(52)]);
  for (const interval of ledger.bySignal.traces?.lostIntervals ?? []) {
    if (interval.from < 50) interval.fault = 'kill';
  }
  const record = runRecord({ faults: [killRecord(10, 20)] });
  const report = judgeRun(judgeInput({ slos: [], arrivals: arrivals.slice(7), ledger, record }));
  expect(report.findings[0]?.sentence).toBe(
    '70 of 10,000 acknowledged items were lost (50 kill, 20 after kill).',
  );
});

describe('expect: a pipeline that thins out on purpose', () => {
  const tenth = arrivals.filter((_, i) => i % 10 === 0);
  const sampled = (ratio: number, seen = tenth): Report =>
    judgeRun({
      ...judgeInput({ arrivals: seen }),
      scenario: {
        name: 's',
        description: '',
        slos: [],
        warmupMs: 0,
        expect: { delivered: { traces: { ratio, within: 0.01 } } },
      },
    });

  test('passes within the stated distance and fails beyond it', () => {
    expect(sampled(0.1).slos).toMatchObject([{ verdict: 'pass', actual: 0.1, threshold: '0.1 ± 0.01' }]);
    expect(sampled(0.2).slos).toMatchObject([{ verdict: 'fail', actual: 0.1 }]);
    expect(sampled(0.1).exitCode).toBe(0);
  });

  test('nothing acknowledged is unknown', () => {
    const none = requests.map((row) => ({ ...row, kind: 'refused' as const }));
    const report = judgeRun({
      ...judgeInput({ requests: none, arrivals: [] }),
      scenario: {
        name: 's',
        description: '',
        slos: [],
        warmupMs: 0,
        expect: { delivered: { traces: { ratio: 0, within: 1 } } },
      },
    });
    expect(report.slos).toMatchObject([{ verdict: 'unknown', actual: null }]);
  });
});

test('a loss with a kill after it is answered by a queue on disk, one that no kill explains is not', () => {
  const nextStep = (kind: string, injectedMs: number) => {
    const record = runRecord({ faults: [{ ...killRecord(injectedMs, injectedMs + 10), kind }] });
    const { findings } = judgeRun(judgeInput({ record, arrivals: arrivals.slice(5) }));
    return findings.find(({ code }) => code === 'ITEMS-LOST')?.next;
  };
  const queue = /^give the exporter a persistent queue/;
  expect(nextStep('container-kill', 500)).toMatch(queue);
  expect(nextStep('pod-kill', 500)).toMatch(queue);
  expect(nextStep('container-pause', 500)).toBe('squall explain measure items_lost');
  // What was lost was due after it.
  expect(nextStep('pod-kill', 1)).toBe('squall explain measure items_lost');
});
