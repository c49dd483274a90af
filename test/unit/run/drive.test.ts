import { expect, test } from 'vitest';
import { systemClock as clock } from '../../../src/base/clock.ts';
import type { FaultEngine } from '../../../src/fault/engine.ts';
import type { LoadRun } from '../../../src/load/engine.ts';
import type { Live } from '../../../src/report/live.ts';
import { settleDown } from '../../../src/run/drive.ts';
import type { Session } from '../../../src/run/session.ts';
import type { Target } from '../../../src/target/target.ts';

test('faults are taken away while requests are still held back by them, not when those have timed out', async () => {
  const held = Promise.withResolvers<never[]>();
  const load: Partial<LoadRun> = { stop: () => undefined, done: held.promise as Promise<never> };
  const faults: Partial<FaultEngine> = {
    rollback: async () => {
      held.resolve([]);
      return { clean: true, left: [] };
    },
  };
  const target: Partial<Target> = { members: [], settleNs: 0 };
  const session = {
    clock,
    t0Ns: clock.nowNs(),
    signal: new AbortController().signal,
    scenario: {},
    load,
    faults,
    target,
  } as Partial<Session> as Session;
  expect(await settleDown(session, {} as Live)).toMatchObject({ shownEmpty: false, horizonNs: 0 });
});
