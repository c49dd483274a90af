import { existsSync, readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { cgroupVersion, findHierarchy } from '../base/cgroup.ts';
import { runCommand } from '../base/run-command.ts';
import { envNames, type FindOptions, findTool, type ToolName } from './find.ts';

/** One fact about the machine and what follows from it for squall. */
export interface Finding {
  name: string;
  value: string;
  /** ok: all of squall works; less: it works with something left out; no: something that most runs need is missing. */
  state: 'ok' | 'less' | 'no';
  follows: string;
}

export interface DoctorOptions {
  env: FindOptions['env'];
  cacheDir: string;
  /** Folder that runs are written to. */
  outDir: string;
}

const fileDescriptorsWanted = 4096;
const freeBytesWanted = 5e9;

/** What this machine can do. Starts nothing that stays and downloads nothing. */
export async function inspectMachine(options: DoctorOptions): Promise<Finding[]> {
  const [docker, go, kind, otelcol, prometheus, disk] = await Promise.all([
    program({
      name: 'docker',
      args: ['version', '--format', '{{.Server.Version}}'],
      follows: dockerFollows,
      options,
    }),
    program({ name: 'go', args: ['version'], follows: goFollows, options }),
    program({ name: 'kind', args: ['version'], follows: kindFollows, options }),
    tool('otelcol', options),
    tool('prometheus', options),
    freeDisk(options.outDir),
  ]);
  const machine = [nodeVersion(), platform(), cores(), memory(), controlGroups(), user(), descriptors()];
  return [...machine, disk, otelcol, prometheus, docker, go, kind];
}

/** As people read it: one line per fact, and what follows. */
export function formatDoctor(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const words = { ok: 'ok  ', less: 'less', no: 'NO  ' };
  return findings
    .map(
      ({ name, value, state, follows }) =>
        `${words[state]}  ${name.padEnd(width)}  ${value}\n${' '.repeat(width + 8)}${follows}`,
    )
    .join('\n');
}

function nodeVersion(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  return {
    name: 'node',
    value: process.versions.node,
    state: major >= 24 ? 'ok' : 'no',
    follows: major >= 24 ? 'runs squall as it is' : 'squall needs Node 24: npm install --global node@24',
  };
}

function platform(): Finding {
  const { platform: system, arch } = process;
  const value = `${system} ${arch}`;
  if (system === 'linux') return { name: 'platform', value, state: 'ok', follows: 'every local fault' };
  if (system === 'darwin') {
    return { name: 'platform', value, state: 'less', follows: 'local without limits and bounded volumes' };
  }
  return { name: 'platform', value, state: 'no', follows: 'use WSL2' };
}

function cores(): Finding {
  const count = availableParallelism();
  const follows =
    count >= 2
      ? 'load, sink and collector share them; the report shows when the generator was short of CPU'
      : 'load and collector compete: expect runs that are not valid above a few thousand items per second';
  return { name: 'cores', value: String(count), state: count >= 2 ? 'ok' : 'less', follows };
}

function memory(): Finding {
  const limit = process.constrainedMemory();
  const bytes = limit > 0 && limit < totalmem() ? limit : totalmem();
  const gib = (bytes / 2 ** 30).toFixed(1);
  const enough = bytes >= 2 * 2 ** 30;
  return {
    name: 'memory',
    value: `${gib} GiB`,
    state: enough ? 'ok' : 'less',
    follows: enough ? 'enough for a collector of 1 GiB beside squall' : 'keep collectors below 512 MiB',
  };
}

function controlGroups(): Finding {
  const hierarchy = findHierarchy();
  const version =
    process.platform === 'linux' ? cgroupVersion(readFileSync('/proc/self/mountinfo', 'utf8')) : 'none';
  const writable =
    hierarchy.kind === 'none' ? `not writable (${hierarchy.reason})` : `writable (${hierarchy.kind})`;
  return {
    name: 'cgroups',
    value: `${version}, ${writable}`,
    state: hierarchy.kind === 'none' ? 'less' : 'ok',
    follows:
      hierarchy.kind === 'none'
        ? 'resources: {cpu, memory} of a local member are not enforced, and the report says so'
        : 'CPU and memory limits of local members, and their throttling',
  };
}

function user(): Finding {
  const root = process.getuid?.() === 0;
  return {
    name: 'root',
    value: root ? 'yes' : 'no',
    state: root ? 'ok' : 'less',
    follows: root
      ? 'bounded volumes, so disk-fill works'
      : 'disk-fill needs the right to mount; all else works',
  };
}

function descriptors(): Finding {
  const name = 'file descriptors';
  if (process.platform !== 'linux') return { name, value: 'unknown', state: 'ok', follows: 'see ulimit -n' };
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1] ?? 'unknown';
  const enough = soft === 'unlimited' || Number(soft) >= fileDescriptorsWanted;
  return {
    name,
    value: soft,
    state: enough ? 'ok' : 'less',
    follows: enough ? 'enough for any scenario' : `with many connections: ulimit -n ${fileDescriptorsWanted}`,
  };
}

async function freeDisk(dir: string): Promise<Finding> {
  const name = 'free disk';
  const { bavail, bsize } = await statfs(nearestFolder(dir));
  const bytes = bavail * bsize;
  const enough = bytes >= freeBytesWanted;
  return {
    name,
    value: `${(bytes / 1e9).toFixed(1)} GB at ${dir}`,
    state: enough ? 'ok' : 'less',
    follows: enough
      ? 'hours of evidence'
      : 'a run writes 80 bytes per export request, Prometheus some MB a minute',
  };
}

/** The folder itself, or the nearest one above it that is there already. */
function nearestFolder(dir: string): string {
  return existsSync(dir) ? dir : nearestFolder(dirname(dir));
}

async function tool(name: ToolName, options: DoctorOptions): Promise<Finding> {
  const say = () => undefined;
  try {
    const found = await findTool(name, {
      env: options.env,
      cacheDir: options.cacheDir,
      presentOnly: true,
      say,
    });
    const value = `${found.version} at ${found.path} (${found.source})`;
    return { name, value, state: 'ok', follows: 'used by local runs' };
  } catch {
    const follows = `squall setup fetches or builds it; or set ${envNames[name]}`;
    return { name, value: 'not on this machine', state: 'no', follows };
  }
}

interface Follows {
  found: string;
  absent: string;
}

const dockerFollows = {
  found: 'target: docker with every fault of local; tools can be copied from images',
  absent: 'no target: docker, and no source of tools; nothing else needs it',
};
const goFollows = { found: 'tools can be built', absent: 'tools come from releases or images' };
const kindFollows = {
  found: 'a throwaway cluster can be made',
  absent: 'only needed for targets in a cluster',
};

async function program(asked: {
  name: string;
  args: string[];
  follows: Follows;
  options: DoctorOptions;
}): Promise<Finding> {
  const { name, args, follows, options } = asked;
  const answer = await runCommand({ command: name, args, timeoutMs: 5000, env: options.env });
  const found = answer.code === 0;
  return {
    name,
    value: found
      ? (answer.out.trim().split('\n')[0] ?? '')
      : answer.reason.replace(/^spawn .* ENOENT$/, 'not installed'),
    state: found ? 'ok' : 'less',
    follows: found ? follows.found : follows.absent,
  };
}
