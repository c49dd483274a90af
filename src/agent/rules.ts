import type { Act, Flow, NetworkEffect, Order } from '../target/node-order.ts';
import { ttlMs } from './watch.ts';

export type NetworkAct = Extract<Act, { kind: 'network' }>;

type Chain = Flow['chain'];

/** One for each direction: a rule about packets that come must not meet those that go. */
function chainsOf({ id }: Order): Record<Chain, string> {
  return { INPUT: `SQ-${id}-in`, OUTPUT: `SQ-${id}-out` };
}

/** Where to write `anyone` to give the rules another `ttlMs`; `pid`: a process in the pod's network. */
export function timerFile(order: Order, pid: number): string {
  return `/proc/${pid}/net/xt_recent/${listOf(order)}`;
}

/** The list holds one entry that stands for every address, as its mask is 0.0.0.0: a switch that falls back by itself. */
export const anyone = '+0.0.0.0\n';

function listOf({ id }: Order): string {
  return `sq-${id}`;
}

/** Dropped packets need no more than a filter; slowed ones are handed to a class of the pod's interface. */
export function tableOf({ effect }: NetworkAct): 'filter' | 'mangle' {
  return isShaped(effect) ? 'mangle' : 'filter';
}

export function isShaped(
  effect: NetworkEffect,
): effect is Extract<NetworkEffect, { kind: 'rate' | 'delay' }> {
  return effect.kind === 'rate' || effect.kind === 'delay';
}

/**
 * What iptables-restore takes, in one transaction, to put an order in place. Every rule is inert `ttlMs` after the last
 * entry in its list, and for good after its deadline by the kernel's own clock. `endsWallMs`: that deadline.
 */
export function rulesText(order: Order, act: NetworkAct, endsWallMs: number): string {
  const chains = chainsOf(order);
  const used = [...new Set(act.flows.map(({ chain }) => chain))];
  const timer = `-m recent --name ${listOf(order)} --mask 0.0.0.0 --rsource --rcheck --seconds ${ttlMs / 1000}`;
  const end = `-m time --datestop ${untilText(endsWallMs)}`;
  const from = (chain: Chain) => (isShaped(act.effect) ? 'POSTROUTING' : chain);
  return [
    `*${tableOf(act)}`,
    ...used.map((chain) => `:${chains[chain]} - [0:0]`),
    ...act.flows.map(
      (flow) => `-A ${chains[flow.chain]} ${matchText(flow)} ${timer} ${end}${actionText(act.effect)}`,
    ),
    ...used.map((chain) => `-I ${from(chain)} 1 -j ${chains[chain]}`),
    'COMMIT',
    '',
  ].join('\n');
}

function actionText(effect: NetworkEffect): string {
  if (isShaped(effect)) return ` -j CLASSIFY --set-class ${slowClass}`;
  const chance =
    effect.kind === 'loss' ? ` -m statistic --mode random --probability ${effect.ratio.toFixed(6)}` : '';
  return `${chance} -j DROP`;
}

/** A pod has one interface; its queue is ours by this handle. */
export const slowDevice = 'eth0';
export const slowHandle = '5317:';
export const slowClass = '5317:20';
/** Far above what a pod sends: a class that only delays. */
const unlimited = '10gbit';

/** Arguments of tc, one call each, that make the class. What no rule hands to it goes as before. */
export function shapeCommands(effect: Extract<NetworkEffect, { kind: 'rate' | 'delay' }>): string[][] {
  const rate = effect.kind === 'rate' ? `${Math.ceil(effect.bytesPerS * 8)}bit` : unlimited;
  const leaf =
    effect.kind === 'rate'
      ? // Below one packet of segmentation offload, 64 kB, a queue would drop whole bursts.
        ['bfifo', 'limit', '400k']
      : ['netem', 'delay', `${effect.latencyMs}ms`, `${effect.jitterMs}ms`];
  const on = ['dev', slowDevice];
  return [
    ['qdisc', 'add', ...on, 'root', 'handle', slowHandle, 'htb', 'default', '0'],
    ['class', 'add', ...on, 'parent', slowHandle, 'classid', slowClass, 'htb', 'rate', rate, 'burst', '15k'],
    ['qdisc', 'add', ...on, 'parent', slowClass, 'handle', '5318:', ...leaf],
  ];
}

/** How often the class held something back, of `tc -s class show`; for a delay that is every packet of it. */
export function slowedIn(shown: string, effect: NetworkEffect): number {
  const pattern = effect.kind === 'delay' ? /Sent \d+ bytes (\d+) pkt/ : /overlimits (\d+)/;
  return Number(pattern.exec(shown)?.[1] ?? 0);
}

function matchText({ chain, portOf, port, address }: Flow): string {
  const peer = address === undefined ? '' : `${chain === 'INPUT' ? '-s' : '-d'} ${address} `;
  return `-p tcp ${peer}--${portOf === 'source' ? 'sport' : 'dport'} ${port}`;
}

/** UTC, whole seconds, as xt_time has it; it takes the last second in. */
function untilText(wallMs: number): string {
  return new Date(Math.ceil(wallMs / 1000) * 1000).toISOString().slice(0, 19);
}

/** What iptables-restore takes to remove an order, given what `iptables -S` shows; undefined: nothing of it is there. */
export function removalText(order: Order, table: string, shown: string): string | undefined {
  const names = Object.values(chainsOf(order));
  const lines = shown.split('\n').map((line) => line.trim());
  const there = names.filter((name) => lines.includes(`-N ${name}`));
  const jumps = lines.filter((line) => names.some((name) => line.endsWith(` -j ${name}`)));
  if (there.length === 0) return undefined;
  return [
    `*${table}`,
    ...jumps.map((line) => line.replace('-A ', '-D ')),
    ...there.flatMap((name) => [`-F ${name}`, `-X ${name}`]),
    'COMMIT',
    '',
  ].join('\n');
}

/** What the rules of an order have struck so far, of `iptables-save -c`; undefined: nothing of it is there. */
export function countersIn(order: Order, saved: string): { packets: number; bytes: number } | undefined {
  const names = Object.values(chainsOf(order));
  const lines = saved.split('\n').filter((line) => names.some((name) => line.includes(` -A ${name} `)));
  if (lines.length === 0) return undefined;
  let [packets, bytes] = [0, 0];
  for (const line of lines) {
    const match = /^\[(\d+):(\d+)\]/.exec(line);
    packets += Number(match?.[1] ?? 0);
    bytes += Number(match?.[2] ?? 0);
  }
  return { packets, bytes };
}

/** Arguments of `ss` that end the connections of a flow, so that none waits out the back-off of a healed one. */
export function socketFilter({ chain, portOf, port, address }: Flow): string[] {
  const isLocal = (chain === 'INPUT') === (portOf === 'destination');
  const peer = address === undefined ? [] : ['dst', address];
  return ['-H', '-K', '-t', '-n', ...peer, isLocal ? 'sport' : 'dport', '=', `:${port}`];
}
