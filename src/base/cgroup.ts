import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where limits can be set: folders in which squall may make folders of its own. */
export type Hierarchy =
  | { kind: 'v1'; cpu: string; memory: string }
  | { kind: 'v2'; parent: string }
  | { kind: 'none'; reason: string };

export interface Limits {
  cpuMillis?: number;
  memoryBytes?: number;
}

/** What the holder makes and writes for one start of one process. */
export interface LimitPlan {
  cgroups: string[];
  cgroupWrites: { file: string; value: string }[];
}

/** Name of every folder squall makes starts with this, so that leftovers are found. */
export const folderPrefix = 'squall-';

/** The kernel's default period of CPU quotas, µs. */
const periodUs = 100_000;

/** What planLimits makes of a name. */
export function folderName(name: string): string {
  return folderPrefix + name.replaceAll(/[^\w.-]/g, '_');
}

/** Folders and values for one start; each start has folders of its own, removed with its process. */
export function planLimits(hierarchy: Hierarchy, name: string, limits: Limits): LimitPlan {
  const plan: LimitPlan = { cgroups: [], cgroupWrites: [] };
  const { cpuMillis, memoryBytes } = limits;
  const own = folderName(name);
  if (hierarchy.kind === 'none' || (cpuMillis === undefined && memoryBytes === undefined)) return plan;
  const quotaUs = String(((cpuMillis ?? 0) * periodUs) / 1000);
  const write = (folder: string, file: string, value: string) =>
    plan.cgroupWrites.push({ file: join(folder, file), value });
  if (hierarchy.kind === 'v2') {
    const folder = join(hierarchy.parent, own);
    plan.cgroups.push(folder);
    if (cpuMillis !== undefined) write(folder, 'cpu.max', `${quotaUs} ${periodUs}`);
    if (memoryBytes !== undefined) write(folder, 'memory.max', String(memoryBytes));
    if (memoryBytes !== undefined) write(folder, 'memory.swap.max', '0');
    return plan;
  }
  if (cpuMillis !== undefined) {
    const folder = join(hierarchy.cpu, own);
    plan.cgroups.push(folder);
    write(folder, 'cpu.cfs_period_us', String(periodUs));
    write(folder, 'cpu.cfs_quota_us', quotaUs);
  }
  if (memoryBytes !== undefined) {
    const folder = join(hierarchy.memory, own);
    plan.cgroups.push(folder);
    write(folder, 'memory.limit_in_bytes', String(memoryBytes));
  }
  return plan;
}

/**
 * Finds where limits can be set, by making and removing a folder there: rights on paper (root in a container, a
 * read-only mount, a v2 folder without the controllers) do not tell. `readOnly` asks for the rights on paper only.
 */
export function findHierarchy(look: { readOnly: boolean } = { readOnly: false }): Hierarchy {
  if (!existsSync('/proc/self/cgroup')) return { kind: 'none', reason: 'this system has no control groups' };
  const own = readFileSync('/proc/self/cgroup', 'utf8');
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  const reasons: string[] = [];
  const fits = (parent: string, file: string) =>
    look.readOnly ? seemsUsable(parent, reasons) : usable(parent, file, reasons);
  const cpu = candidatesV1('cpu', own, mounts).find((folder) => fits(folder, 'cpu.cfs_quota_us'));
  const memory = candidatesV1('memory', own, mounts).find((folder) => fits(folder, 'memory.limit_in_bytes'));
  if (cpu !== undefined && memory !== undefined) return { kind: 'v1', cpu, memory };
  const parent = candidatesV2(own, mounts).find((folder) => fits(folder, 'cpu.max'));
  if (parent !== undefined) return { kind: 'v2', parent };
  return { kind: 'none', reason: reasons[0] ?? 'no control group with CPU and memory is mounted' };
}

/** Folders in which findHierarchy may have settled: where to look for what a run has left. Changes nothing. */
export function limitParents(): string[] {
  if (!existsSync('/proc/self/cgroup')) return [];
  const own = readFileSync('/proc/self/cgroup', 'utf8');
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  const v1 = ['cpu', 'memory'].flatMap((controller) => candidatesV1(controller, own, mounts));
  return [...new Set([...v1, ...candidatesV2(own, mounts)])];
}

/** 1, 2, or both where v1 controllers and a v2 tree stand side by side. */
export function cgroupVersion(mountinfo: string): '1' | '2' | 'hybrid' | 'none' {
  const v1 = / - cgroup \S+ \S*\bmemory\b/m.test(mountinfo);
  const v2 = / - cgroup2 /m.test(mountinfo);
  if (v1) return v2 ? 'hybrid' : '1';
  return v2 ? '2' : 'none';
}

/** The process's own folder first, so that limits of the surroundings (a CI job) stay in force; else the root. */
export function candidatesV1(controller: string, own: string, mountinfo: string): string[] {
  const mount = mountOf(mountinfo, (type, options) => type === 'cgroup' && options.includes(controller));
  const path = own
    .split('\n')
    .map((line) => line.split(':'))
    .find(([, controllers]) => controllers?.split(',').includes(controller))?.[2];
  return mount === undefined || path === undefined ? [] : [inMount(mount, path), mount.point];
}

/**
 * A v2 folder with processes in it cannot have limited children ("no internal processes"), so the parent of the own
 * folder comes first; the root is exempt from that rule.
 */
export function candidatesV2(own: string, mountinfo: string): string[] {
  const mount = mountOf(mountinfo, (type) => type === 'cgroup2');
  const path = /^0::(\/.*)$/m.exec(own)?.[1];
  if (mount === undefined || path === undefined) return [];
  const folder = inMount(mount, path);
  return [...(folder === mount.point ? [] : [dirname(folder)]), mount.point];
}

interface Mount {
  root: string;
  point: string;
}

/** mountinfo: id parent major:minor ROOT POINT options... - TYPE source SUPER-OPTIONS */
function mountOf(mountinfo: string, wanted: (type: string, options: string[]) => boolean): Mount | undefined {
  for (const line of mountinfo.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root = '', point = ''] = left.split(' ');
    const [type = '', , options = ''] = right.split(' ');
    if (wanted(type, options.split(','))) return { root, point };
  }
  return undefined;
}

/** In a container the mount may show only a subtree; the path of /proc/self/cgroup is then relative to the host. */
function inMount(mount: Mount, path: string): string {
  const inside = mount.root !== '/' && path.startsWith(mount.root) ? path.slice(mount.root.length) : path;
  return join(mount.point, inside).replace(/(.)\/$/, '$1');
}

/** By rights on paper only: nothing is made. */
function seemsUsable(parent: string, reasons: string[]): boolean {
  try {
    accessSync(parent, constants.W_OK);
    return true;
  } catch (error) {
    reasons.push(error instanceof Error ? error.message : String(error));
    return false;
  }
}

function usable(parent: string, file: string, reasons: string[]): boolean {
  const folder = join(parent, `${folderPrefix}probe-${process.pid}`);
  try {
    mkdirSync(folder);
  } catch (error) {
    reasons.push(error instanceof Error ? error.message : String(error));
    return false;
  }
  try {
    accessSync(join(folder, file), constants.W_OK);
    return true;
  } catch {
    reasons.push(`${parent} does not hand on the controller of ${file}`);
    return false;
  } finally {
    rmdirSync(folder);
  }
}
