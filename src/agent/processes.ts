import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { parseProcessStat } from '../base/process-stat.ts';

/** Under which folder the processes of the node are seen, as /proc has it. */
export const procFolder = '/proc';

export interface ContainerProcess {
  pid: number;
  /** Letter of /proc/PID/stat: T is stopped. */
  state: string;
  /** Clock ticks since boot. */
  startTicks: number;
  /** It is the one that the container was started with. */
  first: boolean;
}

/** Found once, as looking through all processes of a node takes a while; looked at again each time. */
const networks = new Map<string, number>();

/** A process in the network of a pod, its sandbox's where there is one; undefined: no process of it is on this node. */
export function networkOf(podUid: string): number | undefined {
  const names = [`pod${podUid}`, `pod${podUid.replaceAll('-', '_')}`];
  const known = networks.get(podUid);
  if (known !== undefined && isIn(known, names)) return known;
  const own = pidsIn(names);
  const sandbox = own.find((pid) => readText(`${procFolder}/${pid}/comm`)?.trim() === 'pause');
  // A process of a container ends with it; the sandbox's lives as long as the network.
  if (sandbox !== undefined) networks.set(podUid, sandbox);
  return sandbox ?? own[0];
}

/**
 * A pod in the node's own network has none to itself: a rule there would strike the node. The runner does not order it;
 * this is the second look, where the node lets one look at its first process.
 */
export function sharesNodeNetwork(pid: number): boolean {
  const link = (of: number) => readlinkSync(`${procFolder}/${of}/ns/net`);
  try {
    return link(pid) === link(1);
  } catch {
    return false;
  }
}

/** The processes of a container; none when it has ended. */
export function processesOf(container: string): ContainerProcess[] {
  const found = pidsIn([container]).flatMap((pid) => {
    const stat = readText(`${procFolder}/${pid}/stat`);
    if (stat === undefined) return [];
    const { state, startTicks } = parseProcessStat(stat);
    return [{ pid, state, startTicks }];
  });
  const alive = found.filter(({ state }) => !'ZX'.includes(state));
  const first = Math.min(...alive.map(({ startTicks }) => startTicks));
  return alive.map((one) => ({
    ...one,
    first: namespacePid(one.pid) === 1 || (one.startTicks === first && alive.length === 1),
  }));
}

/** Its number in the innermost namespace of its own: 1 is the container's first. */
function namespacePid(pid: number): number | undefined {
  const line = readText(`${procFolder}/${pid}/status`)?.match(/^NSpid:\s*(.*)$/m)?.[1];
  return line === undefined ? undefined : Number(line.split(/\s+/).at(-1));
}

function pidsIn(names: readonly string[]): number[] {
  return readdirSync(procFolder)
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && isIn(pid, names));
}

function isIn(pid: number, names: readonly string[]): boolean {
  const groups = readText(`${procFolder}/${pid}/cgroup`);
  return groups !== undefined && names.some((name) => groups.includes(name));
}

/** Undefined when the process is gone: in /proc that happens at any instant. */
function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
