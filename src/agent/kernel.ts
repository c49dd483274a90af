import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { systemClock, waitFor } from '../base/clock.ts';
import type { Order, OrderOutcome } from '../target/node-order.ts';
import { type ContainerProcess, networkOf, processesOf, sharesNodeNetwork } from './processes.ts';
import {
  anyone,
  countersIn,
  isShaped,
  type NetworkAct,
  removalText,
  rulesText,
  shapeCommands,
  slowClass,
  slowDevice,
  slowedIn,
  slowHandle,
  socketFilter,
  tableOf,
  timerFile,
} from './rules.ts';

/** What an agent does to its node. Each rejects with the reason when it could not be done. */
export interface Kernel {
  /** Puts an order in place, or sends its signal. Nothing is left of one that fails. */
  begin(order: Order, endsWallMs: number): Promise<Omit<OrderOutcome, 'state'>>;
  /** Gives what ends by itself another while. */
  keep(order: Order): Promise<void>;
  /** What it has struck so far, read back; undefined: nothing of it is there. */
  look(order: Order): Promise<Omit<OrderOutcome, 'state'> | undefined>;
  /** Idempotent; resolves when it was read back that nothing of it is there. */
  end(order: Order): Promise<string>;
}

/** Longest that a command of the node may take, ms. */
const commandMs = 10_000;
/** Longest that a process may take to stop, ms: one that waits for a disk stops only after that. */
const stopMs = 5_000;

export const nodeKernel: Kernel = {
  begin: async (order, endsWallMs) => {
    const { act } = order;
    switch (act.kind) {
      case 'network':
        return beginNetwork(order, act, endsWallMs);
      case 'pause':
        return { detail: `${await stopped(act.container)} processes stopped` };
      case 'signal':
        return { detail: signalFirst(act.container, act.signal) };
    }
  },
  keep: async (order) => {
    if (order.act.kind === 'pause') stopAll(order.act.container);
    const pid = order.act.kind === 'network' ? networkOf(order.podUid) : undefined;
    if (pid !== undefined) writeFileSync(timerFile(order, pid), anyone);
  },
  look: async (order) => {
    const { act } = order;
    if (act.kind === 'network') return lookAtNetwork(order, act);
    const still = act.kind === 'pause' ? processesOf(act.container).filter(isStopped) : [];
    return still.length === 0 ? undefined : { detail: `${still.length} processes are stopped` };
  },
  end: async (order) => {
    const { act } = order;
    if (act.kind === 'network') return endNetwork(order, act);
    if (act.kind === 'signal') return 'nothing to undo';
    const alive = processesOf(act.container);
    // To every one: it takes back a SIGSTOP that is still on its way, which no state shows.
    for (const one of alive) send(one, 'SIGCONT');
    if (processesOf(act.container).some(isStopped)) throw new Error('a process is still stopped');
    return `${alive.filter(isStopped).length} processes let go on`;
  },
};

/** What this node cannot do, by effect, with the reason: tried on the agent's own network, by rules that match nothing. */
export async function nodeLacks(): Promise<Record<string, string>> {
  const flows: NetworkAct['flows'] = [
    { chain: 'OUTPUT', portOf: 'destination', port: 1, address: '192.0.2.1' },
  ];
  const effects: NetworkAct['effect'][] = [
    { kind: 'drop' },
    { kind: 'loss', ratio: 0.5 },
    { kind: 'rate', bytesPerS: 1e6 },
    { kind: 'delay', latencyMs: 1, jitterMs: 0 },
  ];
  const lacks: Record<string, string> = {};
  for (const effect of effects) {
    const act: NetworkAct = { kind: 'network', flows, effect };
    const order: Order = { id: '000000000000', node: '', podUid: '', holdMs: 1, act };
    try {
      await setRules(process.pid, order, act, Date.parse('2037-01-01'));
    } catch (error) {
      lacks[effect.kind] = error instanceof Error ? error.message : String(error);
    }
    await removeRules(process.pid, order, act);
  }
  return lacks;
}

async function setRules(pid: number, order: Order, act: NetworkAct, endsWallMs: number): Promise<void> {
  const { effect } = act;
  if (isShaped(effect)) {
    const queue = await inNetwork(pid, ['tc', 'qdisc', 'show', 'dev', slowDevice, 'root']);
    if (!/^qdisc (noqueue|pfifo_fast|fq_codel|mq|noop) 0: /.test(queue))
      throw new Error(`${slowDevice} has a queue of its own already: ${queue.trim()}`);
    for (const command of shapeCommands(effect)) await inNetwork(pid, ['tc', ...command]);
  }
  await inNetwork(pid, ['iptables-restore', '-w', '5', '-n'], rulesText(order, act, endsWallMs));
  // Until here the rules are inert: the time starts running now.
  writeFileSync(timerFile(order, pid), anyone);
}

/** Whether there were any; resolves when it was read back that there are none. */
async function removeRules(pid: number, order: Order, act: NetworkAct): Promise<boolean> {
  const table = tableOf(act);
  const shown = () => inNetwork(pid, ['iptables', '-w', '5', '-t', table, '-S']);
  const removal = removalText(order, table, await shown());
  if (removal !== undefined) {
    await inNetwork(pid, ['iptables-restore', '-w', '5', '-n'], removal);
    if (removalText(order, table, await shown()) !== undefined) throw new Error('its rules are still there');
  }
  const shaped = isShaped(act.effect) && (await hasQueue(pid));
  if (shaped) {
    await inNetwork(pid, ['tc', 'qdisc', 'del', 'dev', slowDevice, 'root']);
    if (await hasQueue(pid)) throw new Error('its queue is still there');
  }
  return removal !== undefined || shaped;
}

/** Ours, by its handle. */
async function hasQueue(pid: number): Promise<boolean> {
  return (await inNetwork(pid, ['tc', 'qdisc', 'show', 'dev', slowDevice])).includes(` ${slowHandle} root`);
}

async function beginNetwork(order: Order, act: NetworkAct, endsWallMs: number) {
  const pid = networkOf(order.podUid);
  if (pid === undefined) throw new Error('no process of the pod is on this node');
  if (sharesNodeNetwork(pid))
    throw new Error("the pod is in the node's own network: a rule would cut the node");
  await setRules(pid, order, act, endsWallMs);
  return { detail: 'rules are in place', packets: 0, bytes: 0 };
}

async function lookAtNetwork(
  order: Order,
  act: NetworkAct,
): Promise<Omit<OrderOutcome, 'state'> | undefined> {
  const pid = networkOf(order.podUid);
  if (pid === undefined) return undefined;
  const counts = countersIn(order, await inNetwork(pid, ['iptables-save', '-c', '-t', tableOf(act)]));
  if (counts === undefined) return undefined;
  const { packets, bytes } = counts;
  if (!isShaped(act.effect)) return { detail: `${packets} packets (${bytes} bytes) dropped`, ...counts };
  // Packets that the class let through as they came are no effect.
  const shown = await inNetwork(pid, ['tc', '-s', 'class', 'show', 'dev', slowDevice, 'classid', slowClass]);
  const slowed = slowedIn(shown, act.effect);
  const detail = `${packets} packets (${bytes} bytes) slowed, held back ${slowed} times`;
  return slowed === 0 ? { detail, packets: 0, bytes: 0 } : { detail, ...counts };
}

async function endNetwork(order: Order, act: NetworkAct): Promise<string> {
  const pid = networkOf(order.podUid);
  if (pid === undefined) return 'the pod is gone, and its network with it';
  if (!(await removeRules(pid, order, act))) return 'no rule of it was there';
  if (isShaped(act.effect)) return 'rules and queue removed';
  // Connections that waited go on only after their back-off, up to as long as the cut was: end them now.
  let closed = 0;
  for (const flow of act.flows) {
    const text = await inNetwork(pid, ['ss', ...socketFilter(flow)]).catch(() => ''); // without INET_DIAG_DESTROY
    closed += text.split('\n').filter((line) => line.trim() !== '').length;
  }
  return `rules removed; ${closed} waiting connections closed`;
}

/** Resolves with how many there are when all of them are stopped, which one whose core or disk is taken is not at once. */
async function stopped(container: string): Promise<number> {
  let count = stopAll(container);
  let left: ContainerProcess[] = [];
  await waitFor(systemClock, { timeoutMs: stopMs, everyMs: 5 }, () => {
    const alive = processesOf(container);
    count = alive.length;
    left = alive.filter((one) => !isStopped(one));
    // Once more: one that was started since the last look has not been told.
    for (const one of left) send(one, 'SIGSTOP');
    return left.length === 0 ? true : undefined;
  });
  const [one] = left;
  if (one === undefined) return count;
  throw new Error(`process ${one.pid} did not stop within ${stopMs / 1000} s (state ${one.state})`);
}

function stopAll(container: string): number {
  const alive = processesOf(container);
  if (alive.length === 0) throw new Error('the container does not run');
  for (const one of alive) if (!isStopped(one)) send(one, 'SIGSTOP');
  return alive.length;
}

/** One that has ended by itself meanwhile needs no signal. */
function send({ pid }: ContainerProcess, signal: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function isStopped({ state }: { state: string }): boolean {
  return state === 'T';
}

/** As the kernel sends it from outside the container, so that SIGKILL strikes its first process too. */
function signalFirst(container: string, signal: string): string {
  const alive = processesOf(container);
  const victim = alive.find(({ first }) => first) ?? alive[0];
  if (victim === undefined) throw new Error('the container does not run');
  process.kill(victim.pid, signal);
  return `${signal} sent to process ${victim.pid}`;
}

/** Runs a command of the agent's own image in the network of a process; never a shell. Gives its output. */
async function inNetwork(pid: number, command: readonly string[], input = ''): Promise<string> {
  const child = spawn('nsenter', ['-t', String(pid), '-n', '--', ...command], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: commandMs,
    killSignal: 'SIGKILL',
  });
  const parts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    parts.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    parts.err += text;
  });
  // A command that ended at once does not read: its exit code tells.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.on('error', reject).on('close', resolve);
  const code = await promise;
  if (code === 0) return parts.out;
  throw new Error(`${command[0]} ended with ${code ?? 'a signal'}: ${parts.err.trim().split('\n')[0] ?? ''}`);
}
