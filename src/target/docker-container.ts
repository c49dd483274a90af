import { createWriteStream } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { settled } from '../base/settled.ts';
import { answered, type DockerEngine, withinMs } from './docker-client.ts';
import { runLabels } from './docker-labels.ts';
import { limitsOf, updateOf } from './docker-limits.ts';
import { exitOf, type ProcessExit, readStartTicks } from './held-process.ts';
import type { LimitPower, ResourceLimits } from './limit-power.ts';
import type { KeptProcess } from './member-process.ts';
import type { ContainerEndpoint, ContainerRef, PausePower } from './target.ts';

export interface ContainerOptions {
  docker: { daemon: string; engine: DockerEngine };
  runId: string;
  /** collector-0 */
  name: string;
  image: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  workingDir?: string;
  /** Folders of this machine. */
  mounts: readonly { source: string; target: string; readOnly: boolean }[];
  /** In this order; names it has on all of them. */
  endpoints: readonly { network: string; address: string }[];
  aliases: readonly string[];
  limits: ResourceLimits;
  /** Output of every start is appended here. */
  logFile: string;
  clock: Clock;
}

/** One container, kept over its restarts: addresses, folders and limits are the same each time. */
export interface DockerContainer {
  ref: ContainerRef;
  endpoints: ContainerEndpoint[];
  start(number: number): Promise<KeptProcess>;
  pause: PausePower;
  limits: LimitPower;
  remove(): Promise<void>;
}

/** The last words of a container may come after its end, ms. */
const lastWordsMs = 2_000;
const killMs = 10_000;

/** Made, attached and not started. Rejects with the daemon's word; what was made is then removed. */
export async function createContainer(options: ContainerOptions): Promise<DockerContainer> {
  const { docker, endpoints, aliases } = options;
  const { engine, daemon } = docker;
  const container = await engine.createContainer({
    name: `squall-${options.runId}-${options.name}`,
    Image: options.image,
    Cmd: [...options.args],
    Env: Object.entries(options.env).map(([key, value]) => `${key}=${value}`),
    Labels: runLabels(options.runId),
    ...(options.workingDir === undefined ? {} : { WorkingDir: options.workingDir }),
    HostConfig: {
      NetworkMode: endpoints[0]?.network ?? 'none',
      // squall restarts it as a kubelet would: Docker's own policies leave alone what was killed through its API.
      RestartPolicy: { Name: 'no' },
      Mounts: options.mounts.map((mount) => ({
        Type: 'bind' as const,
        Source: mount.source,
        Target: mount.target,
        ReadOnly: mount.readOnly,
      })),
      // Folders of this machine are not relabelled for SELinux: they are the user's.
      SecurityOpt: ['label=disable'],
      LogConfig: { Type: 'none', Config: {} },
      ...limited(options.limits),
    },
    NetworkingConfig: { EndpointsConfig: endpointsConfig(endpoints.slice(0, 1), aliases) },
  });
  const ref = { daemon, container: container.id };
  const remove = async () => {
    await container.remove({ force: true, v: true }).catch((error: unknown) => {
      if (!answered(error, 404, 409)) throw error;
    });
  };
  try {
    for (const endpoint of endpoints.slice(1)) {
      const EndpointConfig = endpointsConfig([endpoint], aliases)[endpoint.network];
      await engine.getNetwork(endpoint.network).connect({ Container: container.id, EndpointConfig });
    }
  } catch (error) {
    await settled(remove());
    throw error;
  }
  return {
    ref,
    endpoints: endpoints.map((endpoint) => ({ ...ref, ...endpoint, aliases: [...aliases] })),
    start: (number) => startContainer(engine, ref.container, number, options),
    pause: pauseOf(engine, ref.container),
    limits: limitPower(engine, ref.container),
    remove,
  };
}

function endpointsConfig(
  endpoints: readonly { network: string; address: string }[],
  aliases: readonly string[],
) {
  return Object.fromEntries(
    endpoints.map(({ network, address }) => [
      network,
      { IPAMConfig: { IPv4Address: address }, Aliases: [...aliases] },
    ]),
  );
}

/** A new container takes no -1 for "no limit". */
function limited(limits: ResourceLimits): Partial<ReturnType<typeof updateOf>> {
  const { CpuPeriod, CpuQuota, Memory, MemorySwap } = updateOf(limits);
  return {
    ...(limits.cpuMillis === null ? {} : { CpuPeriod, CpuQuota }),
    ...(limits.memoryBytes === null ? {} : { Memory, MemorySwap }),
  };
}

async function startContainer(
  engine: DockerEngine,
  id: string,
  number: number,
  options: ContainerOptions,
): Promise<KeptProcess> {
  const { clock } = options;
  const container = engine.getContainer(id);
  // Attached before the start, so that no word of it is missed.
  const output = await container.attach({ stream: true, stdout: true, stderr: true });
  const log = createWriteStream(options.logFile, { flags: 'a' });
  engine.modem.demuxStream(output, log, log);
  const written = new Promise<void>((resolve) => {
    output.once('close', () => log.end(resolve)).once('error', () => log.end(resolve));
    output.once('end', () => log.end(resolve));
  });
  await container.start().catch((error: unknown) => {
    log.end();
    throw error;
  });
  const startedNs = clock.nowNs();
  const { State } = await container.inspect();
  const exited = ending(container.wait(), { written, clock });
  const signal = async (name: string) => {
    await container.kill({ signal: name }).catch((error: unknown) => {
      if (!answered(error, 404, 409)) throw error;
    });
  };
  const startTicks = State.Pid > 0 ? readStartTicks(State.Pid) : undefined;
  return {
    identity: {
      id: `container ${id.slice(0, 12)}, start ${number}`,
      ...(startTicks === undefined ? {} : { host: { pid: State.Pid, startTicks } }),
    },
    startedNs,
    exited,
    signal,
    release: async () => {
      await signal('SIGKILL');
      await withinMs(killMs, exited);
    },
  };
}

/** The end of a start: never rejects; a daemon that went away takes its containers with it. */
async function ending(
  wait: Promise<{ StatusCode: number }>,
  after: { written: Promise<void>; clock: Clock },
): Promise<ProcessExit> {
  const status = await wait.then(
    ({ StatusCode }) => StatusCode,
    () => undefined,
  );
  const atNs = after.clock.nowNs();
  await Promise.race([after.written, after.clock.sleep(lastWordsMs)]);
  return { atNs, ...(status === undefined ? { code: null, signal: null } : exitOf(status)) };
}

function pauseOf(engine: DockerEngine, id: string): PausePower {
  const container = engine.getContainer(id);
  const paused = async () => (await container.inspect()).State.Paused;
  return {
    paused,
    set: async (wanted) => {
      if ((await paused()) === wanted) return;
      await (wanted ? container.pause() : container.unpause());
    },
  };
}

function limitPower(engine: DockerEngine, id: string): LimitPower {
  const container = engine.getContainer(id);
  return {
    current: async () => limitsOf((await container.inspect()).HostConfig),
    set: async (limits) => void (await container.update(updateOf(limits))),
  };
}
