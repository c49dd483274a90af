import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectVerdict, makePlace, noParts, readReportJson, squall } from '../fixtures/squall.ts';

const bare = (more: string) => `
apiVersion: squall/v1
name: day
target: {embedded: {}}
load: {spans: {signal: traces, executor: constant-arrival-rate, rate: 500, duration: 10m, retry: {initial: 100ms, max: 200ms, maxElapsed: 20s}}}
slos: [{measure: items_lost, thresholds: ["count==0"]}]
${more}`;
const drilled = bare(`
faults: [{name: outage, kind: backend-outage, duration: 30s, action: refuse}]
drill: [{suspend: Ready?, deadline: 2m, runbook: "https://example.com/r"}, {fault: outage}, {suspend: Seen?, deadline: 3s}]`);

/** A game day of its own in a folder of its own, with these words of people. */
async function day(text: string, args: string[], input?: { lines: string[]; ends: boolean }) {
  const { dir, env } = makePlace();
  const file = join(dir, 'day.yaml');
  writeFileSync(file, text);
  const out = join(dir, 'out');
  const all = [...args, file, '--out', out];
  const ended = await squall(all, { cwd: dir, env, ...(input === undefined ? {} : { input }) });
  return { ...ended, out, report: () => readReportJson(out), env, dir };
}

describe.concurrent('a game day with people', () => {
  test('goes on at their word, ends at their stop in the middle of a fault, and takes it back', async () => {
    const { code, stderr, report, dir, env } = await day(drilled, ['gameday'], {
      lines: ['', 'what?', 'stop'],
      ends: false,
    });
    expect(stderr).toContain('drill 1/3    Ready?');
    expect(stderr).toContain('runbook: https://example.com/r');
    expect(stderr).toContain('drill 2/3    fault outage begins');
    const { findings, faults, events = [] } = report();
    expect([code, findings.map(({ code: one }) => one)]).toEqual([
      130,
      expect.arrayContaining(['INTERRUPTED']),
    ]);
    expect(stderr).toContain('at "Seen?" the drill was stopped');
    const { injectedS, recoveredS } = faults[0]?.observed ?? {};
    // Cut short, and gone.
    expect((recoveredS ?? Number.NaN) - (injectedS ?? Number.NaN)).toBeLessThan(30);
    expect(events.filter(({ about }) => about === 'drill').map(({ what }) => what)).toEqual([
      'step 1 of 3: Ready?',
      expect.stringMatching(/^step 1 is over: went on after /),
      'step 3 of 3: Seen?',
    ]);
    const { stderr: left } = await squall(['recover', '--all'], { cwd: dir, env });
    expect(left).not.toMatch(/undone|removed/);
  });

  test('ends without an answer by its deadline, and where nobody can answer any more', async () => {
    const late = await day(drilled, ['gameday'], { lines: [''], ends: false });
    expect([late.code, late.stderr]).toEqual([
      130,
      expect.stringContaining('at "Seen?" nobody answered within 3s'),
    ]);
    const gone = await day(drilled, ['gameday'], { lines: [], ends: true });
    expect(gone.code).toBe(130);
    expect(gone.stderr).toContain('nobody can answer: standard input has ended, and --yes');
    expect(gone.report().faults[0]?.observed.injectedS).toBeNull();
  });

  test('a rehearsal asks nobody; the load ends with the drill, and every item of it is accounted for', async () => {
    const short = bare(`
faults: [{name: outage, kind: backend-outage, duration: 2s, action: refuse}]
drill: [{suspend: Ready?, deadline: 2m}, {fault: outage}]`);
    const ended = await day(short, ['gameday', '--yes']);
    const report = ended.report();
    const { traces } = report.ledger;
    expect(report.run.durationS).toBeLessThan(60);
    expect(traces?.due).toBeLessThan(500 * 60);
    expect(traces).toMatchObject({ lost: 0, pending: 0, refused: 0, unknown: 0 });
    expect(report.windows[0]?.toS).toBeLessThan(60);
    expect(report.run.command).toContain('gameday');
    expect(report.run.command).toMatch(/ --yes$/);
    expectVerdict(report, ended, 'pass');
  });
});

test('a drill is no run, and what has no drill is no game day: said with the command to use', async () => {
  const run = await day(drilled, ['run']);
  expect([run.code, run.stderr]).toEqual([3, expect.stringContaining('squall gameday ')]);
  const none = await day(bare(''), ['gameday', '--yes']);
  expect([none.code, none.stderr]).toEqual([3, expect.stringContaining('squall run ')]);
});

describe.skipIf(noParts !== '')(`alerts of a real Prometheus${noParts}`, () => {
  test('one that fires and resolves in time passes, one whose rule waits too long fails, by what Prometheus wrote', async () => {
    const { dir } = makePlace();
    const rules = join(dir, 'rules.yaml');
    const expr =
      'sum(rate({__name__=~"otelcol_exporter_send_failed_spans(_total)?"}[3s])) > 0 or sum(otelcol_exporter_queue_size) > 5';
    writeFileSync(
      rules,
      `groups: [{name: a, rules: [{alert: Backed, expr: '${expr}'}, {alert: Patient, for: 1h, expr: '${expr}'}]}]`,
    );
    const text = `
apiVersion: squall/v1
name: alerts
target: {local: {members: {collector: {}}, rules: ${rules}}}
warmup: 2s
load: {spans: {signal: traces, executor: constant-arrival-rate, rate: 1000, duration: 10m, batch: 100}}
faults: [{name: outage, kind: backend-outage, duration: 8s, action: grpc-status, grpcStatus: UNAVAILABLE}]
drill:
  - {fault: outage}
  - {expect: {alert: Backed, firesWithin: 20s, resolvesWithin: 1m}}
  - {expect: {alert: Patient, firesWithin: 10s}}
slos: [{measure: items_lost, thresholds: ["count==0"]}]`;
    const ended = await day(text, ['gameday', '--yes']);
    const report = ended.report();
    const [fires, resolves, patient] = report.slos.slice(1);
    expect(ended.stderr).toMatch(/Backed fired after \d+\.\d s and resolved \d+\.\d s after outage was over/);
    expect([fires?.name, resolves?.name, patient?.name]).toEqual([
      'Backed fires on outage',
      'Backed resolves after outage',
      'Patient fires on outage',
    ]);
    if (!report.validity.valid) return; // other work kept the generator: then nothing is said
    expect([fires?.verdict, resolves?.verdict]).toEqual(['pass', 'pass']);
    expect(patient).toMatchObject({
      verdict: 'fail',
      actual: 'Infinity',
      reason: expect.stringContaining('its rule waits longer (for)'),
    });
    expect(ended.code).toBe(1);
    // As the alerts that the report lists of the fault.
    const alert = report.faults[0]?.alerts?.find((one) => one.alert === 'Backed');
    const injectedS = report.faults[0]?.observed.injectedS ?? Number.NaN;
    expect(fires?.actual).toBeCloseTo((alert?.firingS ?? Number.NaN) - injectedS, 6);
  });
});
