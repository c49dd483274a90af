import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FaultRecord } from '../../src/observe/evidence.ts';
import { joinDeliveries } from '../../src/verdict/deliveries.ts';
import { heldItems } from '../../src/verdict/held-items.ts';
import { recoveries, recoveryStages } from '../../src/verdict/recovery.ts';
import { requestTable } from '../../src/verdict/request-table.ts';
import { findWindows } from '../../src/verdict/windows.ts';
import {
  type ArrivalRow,
  arrivalColumns,
  naiveLedger,
  type RequestRow,
  requestColumns,
  runRecord,
  slo,
} from '../fixtures/run-evidence.ts';
import { runs } from '../fixtures/runs.ts';

const kind = fc.constantFrom('acknowledged', 'acknowledged', 'acknowledged', 'refused', 'unknown');

/** Requests of ten items in due order, each answered after ackMs and, where it is, delivered after deliveredMs. */
const evidence = fc
  .array(
    fc.record({
      gapMs: fc.nat(400),
      kind,
      ackMs: fc.nat(2000),
      deliveredMs: fc.option(fc.nat(6000), { nil: undefined }),
    }),
    { maxLength: 60 },
  )
  .map((rows) => {
    let dueMs = 0;
    const requests: RequestRow[] = [];
    const arrivals: ArrivalRow[] = [];
    for (const [i, row] of rows.entries()) {
      dueMs += row.gapMs;
      requests.push({ from: i * 10, dueMs, kind: row.kind, ackMs: row.ackMs } as RequestRow);
      if (row.deliveredMs !== undefined) arrivals.push({ from: i * 10, atMs: dueMs + row.deliveredMs });
    }
    return { requests, arrivals };
  });

/** Faults of a duration and faults of an instant, some of them not injected or not seen to go. */
const faults = fc
  .array(
    fc.record({
      atMs: fc.nat(12_000),
      lengthMs: fc.option(fc.nat(4000), { nil: undefined }),
      injected: fc.boolean(),
      removed: fc.boolean(),
      readyMs: fc.option(fc.nat(3000), { nil: undefined }),
    }),
    { maxLength: 4 },
  )
  .map((list) =>
    list.map(({ atMs, lengthMs, injected, removed, readyMs }, i): FaultRecord => {
      const [startNs, endNs] = [atMs * 1e6, (atMs + (lengthMs ?? 0)) * 1e6];
      return {
        name: `fault-${i}`,
        kind: lengthMs === undefined ? 'container-kill' : 'network-partition',
        members: ['collector-0'],
        intended: { startNs, ...(lengthMs === undefined ? {} : { endNs }) },
        observed: {
          ...(injected ? { injectedNs: startNs } : {}),
          ...(injected && removed && lengthMs !== undefined ? { recoveredNs: endNs } : {}),
        },
        effect: '',
        verified: true,
        recovery: {
          ...(removed && lengthMs !== undefined ? { removedNs: endNs } : {}),
          ...(readyMs === undefined ? {} : { endpointReadyNs: startNs + readyMs * 1e6 }),
        },
      };
    }),
  );

const limit = fc.option(fc.integer({ min: 1, max: 1500 }), { nil: undefined });

interface Case {
  requests: RequestRow[];
  arrivals: ArrivalRow[];
  faults: FaultRecord[];
  limitMs: number | undefined;
}

function factsOf({ requests, arrivals, faults: list, limitMs }: Case) {
  const slos = limitMs === undefined ? [] : [slo('ack_duration', `p(95)<${limitMs}`)];
  const plain = runRecord({ faults: list });
  const record = { ...plain, plan: { ...plain.plan, slos } };
  const table = requestTable(record.plan, [requestColumns(requests)]);
  return {
    record,
    expect: {},
    table,
    deliveries: joinDeliveries(table, arrivalColumns(arrivals)),
    ledger: naiveLedger(requests, arrivals),
    windows: findWindows(record, table),
  };
}

test('forall evidence and faults: each stage of a recovery has a time not before the removal, or a reason', () => {
  fc.assert(
    fc.property(evidence, faults, limit, (rows, list, limitMs) => {
      const facts = factsOf({ ...rows, faults: list, limitMs });
      const found = recoveries(facts);
      expect([...found.keys()].toSorted()).toEqual(list.map(({ name }) => name).toSorted());
      for (const { name, observed } of list) {
        const { atNs = {}, notSeen = [] } = found.get(name) ?? {};
        const told = [...Object.keys(atNs), ...notSeen.map(({ stage }) => stage)];
        expect(new Set(told).size).toBe(told.length);
        if (observed.injectedNs === undefined) expect(told).toEqual([]);
        else if (atNs.removed === undefined) expect(told).toEqual(['removed']);
        else expect(told.toSorted()).toEqual(recoveryStages.toSorted());
        for (const { reason } of notSeen) expect(reason).not.toBe('');
        for (const ns of Object.values(atNs)) expect(ns).toBeGreaterThanOrEqual(atNs.removed ?? Number.NaN);
        if (limitMs === undefined) expect(atNs.p95Back).toBeUndefined();
      }
    }),
    { numRuns: runs(500) },
  );
});

test('forall evidence, faults and shifts: everything later by that much recovers later by that much', () => {
  fc.assert(
    fc.property(
      evidence,
      faults,
      limit,
      fc.integer({ min: 1, max: 5000 }),
      (rows, list, limitMs, shiftMs) => {
        const moved: Case = {
          requests: rows.requests.map((row) => ({ ...row, dueMs: row.dueMs + shiftMs })),
          arrivals: rows.arrivals.map((row) => ({ ...row, atMs: row.atMs + shiftMs })),
          faults: list.map((fault) => shifted(fault, shiftMs * 1e6)),
          limitMs,
        };
        const before = recoveries(factsOf({ ...rows, faults: list, limitMs }));
        const after = recoveries(factsOf(moved));
        for (const [name, { atNs, notSeen }] of before) {
          expect(after.get(name)?.notSeen).toEqual(notSeen);
          const later = Object.entries(atNs).map(([stage, ns]) => [stage, ns + shiftMs * 1e6]);
          expect(after.get(name)?.atNs).toEqual(Object.fromEntries(later));
        }
      },
    ),
    { numRuns: runs(300) },
  );
});

function shifted(fault: FaultRecord, byNs: number): FaultRecord {
  const move = <T extends object>(of: T): T =>
    Object.fromEntries(Object.entries(of).map(([key, ns]) => [key, ns + byNs])) as T;
  return {
    ...fault,
    intended: move(fault.intended),
    observed: move(fault.observed),
    recovery: move(fault.recovery),
  };
}

test('forall evidence: what is held at a time is what was acknowledged before and arrived after, counted one by one', () => {
  fc.assert(
    fc.property(evidence, fc.nat(15_000), fc.nat(4000), fc.nat(40), (rows, fromMs, lengthMs, level) => {
      const table = requestTable(runRecord().plan, [requestColumns(rows.requests)]);
      const held = heldItems(table, joinDeliveries(table, arrivalColumns(rows.arrivals)));
      const spans = rows.arrivals.flatMap(({ from, atMs }) => {
        const request = rows.requests.find((row) => row.from === from);
        if (request?.kind !== 'acknowledged') return [];
        return [{ fromMs: request.dueMs + (request.ackMs ?? 0), toMs: atMs }];
      });
      const at = (ms: number) => 10 * spans.filter((span) => span.fromMs <= ms && ms < span.toMs).length;
      // Levels change at whole milliseconds only.
      const times = Array.from({ length: lengthMs }, (_, i) => fromMs + i);
      const most = Math.max(at(fromMs), ...times.map(at));
      expect(held.most(fromMs * 1e6, (fromMs + lengthMs) * 1e6)).toBe(most);
      const firstNs = held.firstAtMost(level, fromMs * 1e6);
      expect(at(firstNs / 1e6)).toBeLessThanOrEqual(level);
      for (let ms = fromMs; ms < firstNs / 1e6; ms++) expect(at(ms)).toBeGreaterThan(level);
    }),
    { numRuns: runs(200) },
  );
});
