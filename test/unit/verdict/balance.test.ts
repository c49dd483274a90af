import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MemberRecord, PeerRecord, RunRecord } from '../../../src/observe/evidence.ts';
import type { Balance, Report } from '../../../src/report/types.ts';
import { judgeRun } from '../../../src/verdict/judge.ts';
import { judgeInput, killRecord, type RequestRow, runRecord } from '../../fixtures/run-evidence.ts';

/** Tried by breaking the code: faults not left out, the turn's last request counted, hidden members guessed at. */
const peers: PeerRecord[] = [
  { id: 0, member: 'collector-0', address: '127.0.0.1:4317' },
  { id: 1, member: 'collector-1', address: '127.0.0.1:4318' },
];

function member(name: string, more: Partial<MemberRecord> = {}): MemberRecord {
  return { name, group: 'collector', version: '1', lossyComponents: [], starts: [], ...more };
}

function judge(requests: RequestRow[], record: Partial<RunRecord> = {}): Report {
  const members = [member('collector-0'), member('collector-1')];
  return judgeRun(judgeInput({ requests, arrivals: [], record: runRecord({ peers, members, ...record }) }));
}

function balanceOf(requests: RequestRow[], record: Partial<RunRecord> = {}): Balance {
  const { balance } = judge(requests, record);
  if (balance === undefined) throw new Error('no balance');
  return balance;
}

/** `seconds` seconds of a request of ten items every 10 ms, given to the peers as `turn` says. */
function load(seconds: number, turn: (i: number) => Partial<RequestRow>): RequestRow[] {
  return Array.from({ length: seconds * 100 }, (_, i) => ({ from: i * 10, dueMs: (i + 1) * 10, ...turn(i) }));
}

const codes = (report: Report) => report.findings.map(({ code }) => code);

test('an even load has shares of a half and no finding', () => {
  const report = judge(load(10, (i) => ({ peer: i % 2 })));
  expect(report.balance?.imbalance).toBe(0);
  expect(
    report.balance?.members.map(({ name, addresses, requests, acknowledged, share }) => [
      name,
      addresses,
      requests,
      acknowledged,
      share,
    ]),
  ).toEqual([
    ['collector-0', ['127.0.0.1:4317'], 500, 5000, 0.5],
    ['collector-1', ['127.0.0.1:4318'], 500, 5000, 0.5],
  ]);
  expect(codes(report)).not.toContain('LOAD-IMBALANCED');
});

test('above 10 % is a finding with the member, its items and the distance; 10 % is none', () => {
  const uneven = (first: number) => judge(load(10, (i) => ({ peer: i % 1000 < first ? 0 : 1 })));
  expect(codes(uneven(450))).not.toContain('LOAD-IMBALANCED');
  const report = uneven(440);
  expect(report.balance?.imbalance).toBeCloseTo(0.12);
  const finding = report.findings.find(({ code }) => code === 'LOAD-IMBALANCED');
  expect(finding?.severity).toBe('warn');
  expect(finding?.sentence).toContain('collector-0 took 4,400 of 10,000 acknowledged items, 12 % less');
});

test('a member that nothing reached took nothing, and a finding says so', () => {
  const report = judge(
    load(10, () => ({ peer: 0 })),
    { peers: peers.slice(0, 1) },
  );
  expect(report.balance?.members.map(({ name, offered }) => [name, offered])).toEqual([
    ['collector-0', 10_000],
    ['collector-1', 0],
  ]);
  expect(report.balance?.imbalance).toBe(1);
  expect(codes(report)).toContain('LOAD-IMBALANCED');
});

test('one request per entry and worker is the turn of no one: five against four requests are even', () => {
  const requests = load(1, (i) => ({ peer: i % 2 })).slice(0, 9);
  expect(balanceOf(requests).imbalance).toBe(0);
});

test('what a fault kept from a member is not held against it', () => {
  const killed = load(20, (i) => ({ peer: i < 500 || i >= 900 ? i % 2 : 1 }));
  expect(balanceOf(killed).imbalance).toBeGreaterThan(0.1);
  const fault = { ...killRecord(5_000, 5_500), recovery: { endpointReadyNs: 7e9 } };
  const report = judge(killed, { faults: [fault] });
  expect(report.balance?.imbalance).toBe(0);
  expect(report.balance?.members.map(({ acknowledged }) => acknowledged)).toEqual([8_000, 12_000]);
});

test('a Service hides its members: nothing is guessed', () => {
  const report = judge(
    load(10, (i) => ({ peer: i % 2 })),
    {
      peers: [0, 1].map((id) => ({ id, member: 'gateway', address: `10.0.0.${id}:4317` })),
      members: ['a', 'b', 'c'].map((name) => member(name, { group: 'gateway' })),
    },
  );
  expect(report.balance?.members).toHaveLength(1);
  expect(report.balance?.members[0]?.standsFor).toEqual(['a', 'b', 'c']);
  expect(report.balance?.members[0]?.addresses).toEqual(['10.0.0.0:4317', '10.0.0.1:4317']);
  expect(report.balance?.imbalance).toBe(null);
  expect(report.balance?.reason).toBe(
    'gateway is one address for 3 members: which of them answered is not known',
  );
  expect(codes(report)).not.toContain('LOAD-IMBALANCED');
});

test('a member behind another one takes no load and is not missed', () => {
  const members = [member('agent-0', { group: 'agent' }), member('gateway-0', { entry: false })];
  const balance = balanceOf(
    load(1, () => ({ peer: 0 })),
    {
      members,
      peers: [{ id: 0, member: 'agent-0', address: 'x:1' }],
    },
  );
  expect(balance.members.map(({ name }) => name)).toEqual(['agent-0']);
  expect(balance.imbalance).toBe(null);
});

test('a record from before requests named their peer has no balance', () => {
  const { peers: _, ...old } = runRecord();
  expect(judgeRun(judgeInput({ record: old })).balance).toBeUndefined();
});

test('a peer that is on no list leaves it open who took what', () => {
  expect(
    judge(
      load(1, (i) => ({ peer: i % 2 })),
      { peers: peers.slice(0, 1) },
    ).balance,
  ).toBeUndefined();
});

describe('laws', () => {
  const kinds = ['acknowledged', 'refused', 'unknown', 'missedByTarget'] as const;
  const rows = fc.array(
    fc.record({ peer: fc.integer({ min: -1, max: 1 }), kind: fc.constantFrom(...kinds) }),
    { maxLength: 60 },
  );

  // forall requests: the members' items and those that no connection carried add up to what was offered.
  test('the members and what was not carried add up to what was offered', () => {
    fc.assert(
      fc.property(rows, (drawn) => {
        const requests = load(1, (i) => drawn[i] ?? {}).slice(0, drawn.length);
        const { members, notCarried } = balanceOf(requests);
        const sum = (of: 'offered' | 'acknowledged' | 'refused' | 'unknown') =>
          members.reduce((total, one) => total + one[of], 0);
        const offered = requests.filter(({ kind }) => kind !== 'missedByTarget').length * 10;
        expect(sum('offered') + notCarried.items).toBe(offered);
        expect(sum('acknowledged') + sum('refused') + sum('unknown')).toBe(sum('offered'));
        const shares = members.map(({ share }) => share ?? 0).reduce((a, b) => a + b, 0);
        expect(shares).toBeCloseTo(sum('acknowledged') === 0 ? 0 : 1);
      }),
    );
  });
});
