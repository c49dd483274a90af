import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { systemClock as clock, waitFor } from '../../src/base/clock.ts';
import { type Ended, makePlace, noParts, readReportJson, squall } from '../fixtures/squall.ts';

/**
 * A run spoiled by its own generator and one whose target stalled look the same from outside: requests that were due
 * and never left. Whom they are charged to decides whether the run says anything about the target.
 */
const spans = { signal: 'traces', executor: 'constant-arrival-rate', rate: 1000, batch: 100 };
const slos = ['items_undelivered', 'items_lost'].map((measure) => ({ measure, thresholds: ['count==0'] }));

function place(blocks: Record<string, unknown>): { file: string; out: string; env: NodeJS.ProcessEnv } {
  const { dir, env } = makePlace();
  const file = join(dir, 'scenario.yaml');
  const base = { apiVersion: 'squall/v1', name: 'validity', target: { embedded: {} }, slos };
  writeFileSync(file, stringify({ ...base, ...blocks }));
  return { file, out: join(dir, 'run'), env };
}

test.concurrent('a generator that stood still for three seconds: not valid, and its own fault', async () => {
  const { file, out, env } = place({ load: { spans: { ...spans, duration: '10s' } } });
  const running: { pid?: number; said: string } = { said: '' };
  const done = squall(['run', file, '--out', out], {
    env,
    onStart: (pid) => {
      running.pid = pid;
    },
    onText: (text) => {
      running.said += text;
    },
  });
  const begun = await waitFor(clock, { timeoutMs: 60_000, everyMs: 50 }, async () =>
    /load · /.test(running.said) ? true : undefined,
  );
  expect(begun).toBe(true);
  const pid = running.pid ?? 0;
  const stoppedNs = clock.nowNs();
  process.kill(pid, 'SIGSTOP');
  await clock.sleep(3000); // the stall itself is what is measured
  process.kill(pid, 'SIGCONT');
  const stallS = (clock.nowNs() - stoppedNs) / 1e9;
  const ended: Ended = await done;
  const { validity, verdict, findings, slos: judged, ledger } = readReportJson(out);
  expect(validity).toMatchObject({ valid: false, missedByTarget: 0 });
  // Some three seconds at 1,000/s, of which the last one could still be caught up with; a busy machine adds to them.
  expect(validity.missedByGenerator).toBeGreaterThanOrEqual(1500);
  expect(validity.missedByGenerator).toBeLessThanOrEqual(1000 * (stallS + 1));
  expect(ledger.traces?.missed).toBe(validity.missedByGenerator);
  expect(judged.map((slo) => slo.verdict)).toEqual(['unknown', 'unknown']);
  expect([ended.code, verdict]).toEqual([2, 'unknown']);
  expect(findings.map(({ code }) => code)).toContain('RUN-NOT-VALID');
  expect(findings.map(({ code }) => code)).not.toContain('TARGET-STALLED');
  expect(ended.stderr).toMatch(/^fault of generator: the generator itself missed/m);
});

test.skipIf(noParts !== '')(
  `a target that stood still until the in-flight bound was full: its fault${noParts}`,
  { concurrent: true },
  async () => {
    const pause = { name: 'pause', kind: 'container-pause', at: '2s', duration: '6s' };
    const load = { spans: { ...spans, duration: '10s', maxInFlight: 20, timeout: '20s', retry: 'none' } };
    const target = { local: { members: { collector: {} } } };
    const { file, out, env } = place({ target, load, faults: [pause] });
    const ended = await squall(['run', file, '--out', out], { env });
    const { validity, findings, ledger, faults } = readReportJson(out);
    expect(faults[0]).toMatchObject({ verified: true });
    // 20 requests of 100 fill the bound in two of the six seconds; what is due in the others is missed.
    const { injectedS, recoveredS } = faults[0]?.observed ?? {};
    const fullS = (recoveredS ?? Number.NaN) - (injectedS ?? Number.NaN) - 2;
    expect(validity.missedByTarget).toBeGreaterThanOrEqual(1000 * (fullS - 0.5));
    expect(validity.missedByTarget).toBeLessThanOrEqual(1000 * (fullS + 1));
    // Other work on this machine may make the generator miss some of its own; they are not the target's.
    expect(ledger.traces?.missed).toBe(validity.missedByTarget + validity.missedByGenerator);
    expect(findings.map(({ code }) => code)).toContain('TARGET-STALLED');
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(validity.valid ? /^fault of target: /m : /^fault of /m);
  },
);
