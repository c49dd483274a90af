import { expect, test } from 'vitest';
import { countersIn, removalText, rulesText, socketFilter } from '../../../src/agent/rules.ts';
import type { Flow, Order } from '../../../src/target/node-order.ts';

const flows: Flow[] = [
  { chain: 'OUTPUT', portOf: 'destination', port: 24317, address: '10.244.0.1' },
  { chain: 'INPUT', portOf: 'source', port: 24317, address: '10.244.0.1' },
];
const act = { kind: 'network' as const, flows, effect: { kind: 'drop' as const } };
const order: Order = { id: '0123456789ab', node: 'n', podUid: '', holdMs: 1000, act };

test('rules go in by one transaction, each with the 15 s of its list and the end of its deadline', () => {
  expect(rulesText(order, act, Date.UTC(2026, 0, 2, 3, 4, 5, 1))).toBe(`*filter
:SQ-0123456789ab-out - [0:0]
:SQ-0123456789ab-in - [0:0]
-A SQ-0123456789ab-out -p tcp -d 10.244.0.1 --dport 24317 -m recent --name sq-0123456789ab --mask 0.0.0.0 --rsource --rcheck --seconds 15 -m time --datestop 2026-01-02T03:04:06 -j DROP
-A SQ-0123456789ab-in -p tcp -s 10.244.0.1 --sport 24317 -m recent --name sq-0123456789ab --mask 0.0.0.0 --rsource --rcheck --seconds 15 -m time --datestop 2026-01-02T03:04:06 -j DROP
-I OUTPUT 1 -j SQ-0123456789ab-out
-I INPUT 1 -j SQ-0123456789ab-in
COMMIT
`);
});

test('a loss drops a share', () => {
  const loss = { ...act, effect: { kind: 'loss' as const, ratio: 0.3 } };
  expect(rulesText(order, loss, 0)).toContain('-m statistic --mode random --probability 0.300000 -j DROP');
});

const shown = `-P INPUT ACCEPT
-N OTHER
-N SQ-0123456789ab-in
-N SQ-ba9876543210-in
-A INPUT -j SQ-0123456789ab-in
-A INPUT -j OTHER
-A SQ-0123456789ab-in -s 10.244.0.1/32 -p tcp -j DROP
`;

test('what is removed is the order’s own, by name, and nothing when none of it is there', () => {
  expect(removalText(order, shown)).toBe(`*filter
-D INPUT -j SQ-0123456789ab-in
-F SQ-0123456789ab-in
-X SQ-0123456789ab-in
COMMIT
`);
  expect(removalText(order, '-P INPUT ACCEPT\n-N OTHER\n-A INPUT -j OTHER\n')).toBeUndefined();
});

test('counters are summed over the order’s rules only', () => {
  const saved = `[5:500] -A INPUT -j SQ-0123456789ab-in
[3:180] -A SQ-0123456789ab-in -s 10.244.0.1/32 -j DROP
[4:240] -A SQ-0123456789ab-out -d 10.244.0.1/32 -j DROP
[9:900] -A SQ-ba9876543210-in -j DROP
`;
  expect(countersIn(order, saved)).toEqual({ packets: 7, bytes: 420 });
  expect(countersIn(order, '[1:1] -A INPUT -j OTHER\n')).toBeUndefined();
});

test.each([
  [flows[0], ['dst', '10.244.0.1', 'dport', '=', ':24317']],
  [flows[1], ['dst', '10.244.0.1', 'dport', '=', ':24317']],
  [{ chain: 'INPUT', portOf: 'destination', port: 4317 } as const, ['sport', '=', ':4317']],
  [{ chain: 'OUTPUT', portOf: 'source', port: 4317 } as const, ['sport', '=', ':4317']],
])('the connections of %o are found by the end that the pod has', (flow, expected) => {
  expect(flow === undefined ? [] : socketFilter(flow)).toEqual(['-H', '-K', '-t', '-n', ...expected]);
});
