import { expect, test } from 'vitest';
import {
  countersIn,
  removalText,
  rulesText,
  shapeCommands,
  slowedIn,
  socketFilter,
} from '../../../src/agent/rules.ts';
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

test('what is slowed is handed to a class, and only what the pod sends', () => {
  const rate = { kind: 'rate' as const, bytesPerS: 250_000 };
  const slow = { ...act, flows: flows.slice(0, 1), effect: rate };
  expect(rulesText(order, slow, 0)).toMatch(
    /^\*mangle\n[\s\S]* -j CLASSIFY --set-class 5317:20\n-I POSTROUTING 1 /,
  );
  expect(shapeCommands(rate).map((words) => words.join(' '))).toEqual([
    'qdisc add dev eth0 root handle 5317: htb default 0',
    'class add dev eth0 parent 5317: classid 5317:20 htb rate 2000000bit burst 15k',
    'qdisc add dev eth0 parent 5317:20 handle 5318: bfifo limit 400k',
  ]);
  const delay = shapeCommands({ kind: 'delay', latencyMs: 100, jitterMs: 5 }).at(-1);
  expect(delay?.join(' ')).toBe('qdisc add dev eth0 parent 5317:20 handle 5318: netem delay 100ms 5ms');
});

test('a class that held nothing back slowed nothing', () => {
  const shown = 'class htb 5317:20\n Sent 900 bytes 7 pkt (dropped 0, overlimits 3 requeues 0)';
  expect(slowedIn(shown, { kind: 'rate', bytesPerS: 1 })).toBe(3);
  expect(slowedIn(shown, { kind: 'delay', latencyMs: 1, jitterMs: 0 })).toBe(7);
  expect(slowedIn('', { kind: 'rate', bytesPerS: 1 })).toBe(0);
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
  expect(removalText(order, 'filter', shown)).toBe(`*filter
-D INPUT -j SQ-0123456789ab-in
-F SQ-0123456789ab-in
-X SQ-0123456789ab-in
COMMIT
`);
  expect(removalText(order, 'filter', '-P INPUT ACCEPT\n-N OTHER\n-A INPUT -j OTHER\n')).toBeUndefined();
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
