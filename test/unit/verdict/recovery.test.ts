import { expect, test } from 'vitest';
import type { FaultRecord } from '../../../src/observe/evidence.ts';
import { judgeRun } from '../../../src/verdict/judge.ts';
import {
  judgeInput,
  killRecord,
  ledgerCounts,
  runRecord,
  slo,
  steadyRows,
} from '../../fixtures/run-evidence.ts';

/** One request of ten items every 10 ms, arriving 5 ms after it is due; what the row says is laid over. */
const rows = (change: (dueMs: number) => { ackMs?: number; atMs?: number; kind?: 'refused' } | undefined) => {
  const steady = steadyRows(12);
  const requests = steady.requests.map((row) => ({ ...row, ...change(row.dueMs) }));
  const arrivals = steady.arrivals.flatMap((row, i) => {
    const { dueMs = 0 } = steady.requests[i] ?? {};
    const { kind, atMs = row.atMs } = change(dueMs) ?? {};
    return kind === undefined ? [{ ...row, atMs }] : [];
  });
  return { requests, arrivals };
};

const partition: FaultRecord = {
  name: 'cut',
  kind: 'network-partition',
  members: ['collector-0'],
  intended: { startNs: 3e9, endNs: 5e9 },
  observed: { injectedNs: 3e9, recoveredNs: 5.2e9 },
  effect: 'bytes were held back',
  verified: true,
  recovery: { removedNs: 5.1e9 },
};

const slos = [slo('ack_duration', 'p(95)<100')];

/** The plan of a run holds its SLOs, as the scenario does. */
const judged = (faults: FaultRecord[], evidence: ReturnType<typeof rows>, more: object = {}) => {
  const record = runRecord({ faults });
  const plan = { ...record.plan, slos };
  return judgeRun(judgeInput({ slos, ...evidence, ...more, record: { ...record, plan } }));
};

test('a partition behind a queue: what was held is drained later than it is removed, the load never noticed', () => {
  // Held while it lasts, and let go one by one until 7 s.
  const evidence = rows((dueMs) =>
    dueMs > 3000 && dueMs <= 5100 ? { atMs: 5100 + (dueMs - 3000) * 0.9 } : undefined,
  );
  const [fault] = judged([partition], evidence).faults;
  expect(fault?.recovery).toMatchObject({
    removedS: 5.1,
    endpointReadyS: 5.2,
    p95BackS: expect.closeTo(5.112, 2),
  });
  expect(fault?.recovery.firstAcceptedS).toBeCloseTo(5.112, 2);
  expect(fault?.recovery.drainedS).toBeCloseTo(5.1 + 2.1 * 0.9, 1);
  expect(fault?.notSeen).toBeUndefined();
});

test('a kill: refused until it is ready, slow for three seconds more; the P95 is back when a second of it is', () => {
  const kill = { ...killRecord(3000), recovery: { endpointReadyNs: 4.5e9 } };
  const evidence = rows((dueMs) => {
    if (dueMs > 3000 && dueMs <= 4500) return { kind: 'refused' };
    return dueMs > 4500 && dueMs <= 7500 ? { ackMs: 300, atMs: dueMs + 305 } : undefined;
  });
  const [fault] = judged([kill], evidence).faults;
  expect(fault?.recovery.removedS).toBe(3);
  expect(fault?.recovery.endpointReadyS).toBe(4.5);
  expect(fault?.recovery.firstAcceptedS).toBeCloseTo(4.81, 2);
  // Seconds are counted from the first accepted item on, and one with a share of 5 % slow requests is over.
  expect(fault?.recovery.p95BackS).toBeGreaterThanOrEqual(7.4);
  expect(fault?.recovery.p95BackS).toBeLessThanOrEqual(8.9);
});

test('two seconds under the limit between slow ones are no recovery; none to the end says so with the threshold', () => {
  const slowBut = (from: number, to: number) =>
    rows((dueMs) =>
      dueMs > 3000 && !(dueMs > from && dueMs <= to) ? { ackMs: 300, atMs: dueMs + 305 } : undefined,
    );
  const [never] = judged([partition], slowBut(7000, 9000)).faults;
  expect(never?.recovery.p95BackS).toBeUndefined();
  expect(never?.notSeen).toEqual([
    { stage: 'p95Back', reason: 'nothing due after it kept p(95)<100 to the end of the load' },
  ]);
  const [last] = judged([partition], slowBut(10_500, 12_000)).faults;
  expect(last?.recovery.p95BackS).toBeGreaterThanOrEqual(10.4);
});

test('without a limit, without an arrival of what was held, without removal: each says why', () => {
  const { removedNs: _, ...unseen } = partition.recovery;
  const reasons = (faults: FaultRecord[], more: object) =>
    judged(faults, steadyRows(12), more).faults[0]?.notSeen?.map(({ stage }) => stage);
  expect(reasons([{ ...partition, recovery: unseen }], {})).toEqual(['removed']);
  const pending = { bySignal: { traces: { ...ledgerCounts(), pending: 3 } }, oddities: [] };
  expect(reasons([partition], { ledger: pending })).toEqual(['drained']);
  const { notSeen } = judgeRun(judgeInput({ record: runRecord({ faults: [partition] }) })).faults[0] ?? {};
  expect(notSeen).toEqual([{ stage: 'p95Back', reason: 'no SLO limits the p(95) of ack_duration' }]);
});
