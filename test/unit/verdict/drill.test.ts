import { describe, expect, test } from 'vitest';
import type { AlertRecord } from '../../../src/observe/alert-record.ts';
import type { RunRecord } from '../../../src/observe/evidence.ts';
import type { DrillStep } from '../../../src/scenario/drill-spec.ts';
import { judgeRun } from '../../../src/verdict/judge.ts';
import {
  goodPrometheus,
  judgeInput,
  killRecord,
  runRecord,
  steadyRows,
} from '../../fixtures/run-evidence.ts';

const step: DrillStep = {
  kind: 'expect',
  fault: 'kill',
  alert: 'Down',
  firesWithinMs: 2000,
  resolvesWithinMs: 1000,
};

/** A fault from 3 s to 4 s in a run that was watched until 12 s, with these alerts. */
function judged(alerts: Partial<AlertRecord>[] | undefined, more: Partial<RunRecord> = {}) {
  const whole = alerts?.map((one) => ({ alert: 'Down', labels: '', activeS: 3.5, ...one }));
  const record = runRecord({
    faults: [killRecord(3000, 4000)],
    prometheus: goodPrometheus(whole === undefined ? {} : { alerts: whole }),
    ...more,
  });
  record.plan.drill = [step];
  const report = judgeRun(judgeInput({ record, ...steadyRows(10) }));
  const [fires, resolves] = report.slos.map(({ actual, verdict, reason }) => ({ actual, verdict, reason }));
  return { report, fires, resolves };
}

test('an alert that fires and resolves in time passes, in seconds after the fault was in place and was over', () => {
  const { report, fires, resolves } = judged([
    { firingS: 5, endS: 4.75 },
    { activeS: 4, firingS: 4.5, endS: 5 },
  ]);
  expect(fires).toEqual({
    actual: 1.5,
    verdict: 'pass',
    reason: 'it fired 1.5 s after kill was in place',
  });
  expect(resolves).toEqual({
    actual: 1,
    verdict: 'pass',
    reason: 'it resolved 1 s after kill was over',
  });
  expect(report.slos[0]).toMatchObject({
    name: 'Down fires on kill',
    promql: 'ALERTS{alertname="Down"}',
    threshold: 'value<=2',
    unit: 's',
  });
  expect([report.verdict, report.exitCode]).toEqual(['pass', 0]);
});

test('one that was gone before the fault was over resolved at once', () => {
  expect(judged([{ firingS: 3.5, endS: 3.9 }]).resolves).toMatchObject({ actual: 0, verdict: 'pass' });
});

describe('fails', () => {
  test.each<[string, Partial<AlertRecord>[], object, object]>([
    ['late', [{ firingS: 5.5, endS: 6 }], { actual: 2.5, verdict: 'fail' }, { actual: 2, verdict: 'fail' }],
    ['never', [], { actual: 'Infinity', verdict: 'fail' }, { verdict: 'unknown' }],
    ['of another name', [{ alert: 'Up', firingS: 4 }], { verdict: 'fail' }, { verdict: 'unknown' }],
    [
      'pending only',
      [{ endS: 5 }],
      { verdict: 'fail', reason: expect.stringContaining('its rule waits longer (for)') },
      { verdict: 'unknown' },
    ],
    ['never gone', [{ firingS: 4, lastS: 11 }], { verdict: 'pass' }, { actual: 'Infinity', verdict: 'fail' }],
    [
      'one of two never gone',
      [
        { firingS: 4, endS: 4.5 },
        { labels: 'b', firingS: 4.5, lastS: 11 },
      ],
      { verdict: 'pass' },
      { actual: 'Infinity', verdict: 'fail' },
    ],
  ])('%s', (_, alerts, fires, resolves) => {
    const found = judged(alerts);
    expect(found.fires).toMatchObject(fires);
    expect(found.resolves).toMatchObject(resolves);
  });
});

describe('is not known', () => {
  test.each<[string, Partial<AlertRecord>[] | undefined, Partial<RunRecord>, string]>([
    ['no alerts', undefined, {}, 'the alerts of Prometheus could not be read'],
    [
      'active before',
      [{ activeS: 2, firingS: 4 }],
      {},
      'it was active before kill: it detects nothing of it',
    ],
    ['no fault', [], { faults: [] }, 'the drill did not get as far as kill'],
    [
      'not watched for long enough',
      [],
      { settle: { fromNs: 4e9, toNs: 4.5e9, horizonNs: 0, shownEmpty: true, reason: '' } },
      'it did not fire; it was watched for 1.5 s only',
    ],
    [
      'no effect',
      [{ firingS: 4, endS: 4.5 }],
      { faults: [{ ...killRecord(3000, 4000), verified: false }] },
      'it fired 1 s after kill was in place; does not count: fault kill had no proven effect',
    ],
  ])('%s', (_, alerts, more, reason) => {
    expect(judged(alerts, more).fires).toMatchObject({ verdict: 'unknown', reason });
  });

  test('where an alert was active when the fault came, whatever it does after a gap', () => {
    const again = [
      { activeS: -3, firingS: -3, endS: 3.5 },
      { activeS: 5, firingS: 5, endS: 6 },
    ];
    expect(judged(again).fires).toMatchObject({ verdict: 'unknown' });
    // Of another member it is an alert of its own.
    expect(judged([...again, { labels: 'b', firingS: 4, endS: 4.5 }]).fires).toMatchObject({ actual: 1 });
  });

  test('where Prometheus was away, or was asked with labels that the alert may lack', () => {
    const of = (more: object) => judged([], { prometheus: goodPrometheus({ alerts: [], ...more }) }).fires;
    expect(of({ coverage: 0.05 })).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('it did not fire, but only 5 % of the scrapes are there'),
    });
    expect(of({ matched: true })).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('target.prometheus.match'),
    });
  });

  test('where the drill was stopped before the alert had to fire: its fault was taken back', () => {
    const steps = [{ step, fromNs: 3e9, outcome: 'the drill ended in it' }];
    const stopped = { ended: { kind: 'interrupted' as const }, drill: steps };
    expect(judged([], stopped).fires).toMatchObject({ verdict: 'unknown', actual: null });
    expect(judged([{ endS: 5 }], stopped).fires).toMatchObject({ verdict: 'unknown' });
    const still = judged([{ firingS: 4, lastS: 11 }], stopped);
    expect([still.fires?.verdict, still.resolves?.verdict]).toEqual(['pass', 'unknown']);
    const waited = steps.map((one) => ({ ...one, toNs: 9e9 }));
    expect(judged([], { ...stopped, drill: waited }).fires).toMatchObject({ verdict: 'fail' });
  });

  test('where the end was not seen, and the last evaluation with it lies within the time', () => {
    expect(judged([{ firingS: 4, lastS: 4.9 }]).resolves).toMatchObject({
      verdict: 'unknown',
      reason: 'that it resolved was not seen by the end of the run',
    });
  });

  test('where the rule may have been evaluated for the first time after the fault', () => {
    const fault: DrillStep = { kind: 'fault', fault: 'kill' };
    const drill = [{ step: fault, fromNs: 3e9, toNs: 3e9, begunNs: 3e9, outcome: '', unevaluated: ['Down'] }];
    expect(judged([{ firingS: 4, endS: 4.5 }], { drill }).fires).toMatchObject({
      verdict: 'unknown',
      reason: 'its rule was not seen to be evaluated before kill: it may have been active already',
    });
  });

  test('where Prometheus said that it was active, though it wrote no sample of it before', () => {
    const fault: DrillStep = { kind: 'fault', fault: 'kill' };
    const at = (labels: string) => [
      { step: fault, fromNs: 3e9, toNs: 3e9, begunNs: 3e9, outcome: '', active: [{ alert: 'Down', labels }] },
    ];
    const fired = [{ labels: 'a', firingS: 4, endS: 4.5 }];
    expect(judged(fired, { drill: at('a') }).fires).toMatchObject({ verdict: 'unknown' });
    expect(judged(fired, { drill: at('b') }).fires).toMatchObject({ verdict: 'pass' });
  });

  test('where a fault that was begun could not be done', () => {
    const fault: DrillStep = { kind: 'fault', fault: 'kill' };
    const broken = { ...killRecord(3000), observed: {}, effect: 'not injected: no member matches' };
    const drill = [{ step: fault, fromNs: 3e9, toNs: 3e9, begunNs: 3e9, outcome: '' }];
    expect(judged([], { faults: [broken], drill }).fires?.reason).toMatch(
      /^kill: not injected: no member matches/,
    );
  });

  test('that it resolves, where the fault was not seen to end', () => {
    const outage = { ...killRecord(3000), intended: { startNs: 3e9, endNs: 4e9 } };
    expect(judged([{ firingS: 4, endS: 5 }], { faults: [outage] }).resolves).toMatchObject({
      verdict: 'unknown',
      reason: 'kill was not seen to end',
    });
  });
});

test('an alert that becomes active after the next fault is not of this one', () => {
  const faults = [killRecord(3000, 3500), { ...killRecord(4000, 4500), name: 'next' }];
  expect(judged([{ activeS: 4.2, firingS: 4.3 }], { faults }).fires).toMatchObject({ verdict: 'fail' });
});

test('what an alert did after the drill was stopped is its teardown’s doing', () => {
  const stopped = {
    ended: { kind: 'interrupted' as const },
    drill: [{ step, fromNs: 3e9, outcome: 'the drill ended in it' }],
    settle: { fromNs: 4.2e9, toNs: 12e9, horizonNs: 0, shownEmpty: true, reason: '' },
  };
  expect(judged([{ activeS: 4.1, firingS: 4.3, endS: 4.5 }], stopped).fires).toMatchObject({
    verdict: 'unknown',
    reason: 'it fired after the drill was stopped and the load with it',
  });
  const late = judged([{ firingS: 3.9, endS: 6 }], stopped);
  expect([late.fires?.verdict, late.resolves?.verdict]).toEqual(['pass', 'unknown']);
  expect(judged([{ firingS: 3.9, endS: 4.1 }], stopped).resolves?.verdict).toBe('pass');
});

test('an end that silence alone tells is none where the rule fails or Prometheus was away', () => {
  const rules = [
    { group: 'g', kind: 'alert' as const, name: 'Down', expr: 'up', labels: {}, error: 'many-to-many' },
  ];
  const of = (more: object) => {
    const alerts = [{ alert: 'Down', labels: '', activeS: 3.5, firingS: 4, endS: 4.5 }];
    return judged([], { prometheus: goodPrometheus({ alerts, ...more }) }).resolves;
  };
  expect(of({})).toMatchObject({ verdict: 'pass' });
  expect(of({ rules })).toMatchObject({
    verdict: 'unknown',
    reason: 'it seems resolved, but its rule failed (many-to-many)',
  });
  expect(of({ coverage: 0.1 })).toMatchObject({ verdict: 'unknown' });
});

test('why nothing fired is said where the rules tell it', () => {
  const rule = { group: 'g', kind: 'alert' as const, name: 'Down', expr: 'up', labels: {} };
  const reason = (rules: (typeof rule & { error?: string })[]) =>
    judged([], { prometheus: goodPrometheus({ alerts: [], rules }) }).fires?.reason;
  expect(reason([rule])).toBe('it did not fire');
  expect(reason([])).toBe('it did not fire: the rules that Prometheus tells have no such alert');
  expect(reason([{ ...rule, error: 'many-to-many' }])).toBe(
    'it did not fire: its rule failed (many-to-many)',
  );
});

test('a drill that was over ends the run window with the load; its steps are events', () => {
  const { requests, arrivals } = steadyRows(6);
  const record = runRecord({
    ended: { kind: 'drilled' },
    faults: [killRecord(3000, 4000)],
    drill: [
      {
        step: { kind: 'suspend', question: 'Ready?', deadlineMs: 1 },
        fromNs: 1e9,
        toNs: 2e9,
        outcome: 'went on after 1s',
      },
      { step, fromNs: 3e9, toNs: 5e9, outcome: 'Down fired' },
    ],
    prometheus: goodPrometheus({ alerts: [] }),
  });
  record.plan.drill = record.drill?.map((one) => one.step) ?? [];
  const report = judgeRun(judgeInput({ record, requests, arrivals }));
  expect(report.windows[0]).toMatchObject({ name: 'run', toS: 6 });
  expect(
    report.events?.filter(({ about }) => about === 'drill').map(({ atS, what }) => `${atS} ${what}`),
  ).toEqual([
    '1 step 1 of 2: Ready?',
    '2 step 1 is over: went on after 1s',
    '3 step 2 of 2: Down is expected of kill',
    '5 step 2 is over: Down fired',
    '12 the drill is over, and the load with it',
  ]);
});

test('one that people stopped is interrupted, and says at which question', () => {
  const why = 'at "Ready?" the drill was stopped';
  const { report } = judged([], { ended: { kind: 'interrupted', why } });
  expect(report.exitCode).toBe(130);
  expect(report.findings.find(({ code }) => code === 'INTERRUPTED')?.sentence).toBe(
    `The run was interrupted (${why}); what it had not measured by then is unknown.`,
  );
});

test('of a fault whose step never came no time is told, and the others count', () => {
  const never = {
    ...killRecord(9000),
    name: 'never',
    observed: {},
    verified: false,
    effect: 'not injected: the run ended before',
    intended: { startNs: 4e9 },
  };
  const drill = [{ step, fromNs: 1e9, outcome: 'nobody answered' }];
  const { report } = judged([{ firingS: 4, endS: 4.5 }], {
    ended: { kind: 'interrupted' },
    faults: [killRecord(3000, 4000), never],
    drill: [
      { step: { kind: 'fault', fault: 'kill' }, fromNs: 3e9, toNs: 3e9, begunNs: 3e9, outcome: '' },
      ...drill,
      // It came, and waited for the one before to be over.
      { step: { kind: 'fault', fault: 'never' }, fromNs: 3.5e9, outcome: 'the drill ended in it' },
    ],
  });
  expect(report.events?.filter(({ what }) => what.startsWith('never'))).toEqual([]);
  expect(report.slos[0]?.verdict).toBe('pass');
});
