import { once } from 'node:events';
import { createServer } from 'node:net';
import { SquallError } from '../base/errors.ts';
import { type AddressRange, carve, formatAddress, formatRange, parseRange } from './address-range.ts';
import { answered, type Docker, type DockerEngine, messageOf } from './docker-client.ts';
import { runLabels } from './docker-labels.ts';
import { nowhere } from './docker-layout.ts';

export interface DockerNetwork {
  id: string;
  /** Address of this machine there: where containers reach the runner. */
  gateway: string;
  /** An address of the network that nobody has yet; it stays its holder's over restarts and partitions. */
  take(): string;
}

/** The networks of a run, which are there before its sink and gone after it. */
export interface DockerSite {
  docker: Docker;
  runId: string;
  network(name: string): DockerNetwork;
  down(): Promise<void>;
}

/** Another run may take the range in the moment between asking for it and using it. */
const tries = 5;
/** Beside the members: gateway and Prometheus. */
const otherHosts = 4;

/** Makes the networks. Throws SQ-DOCKER-UNREACHABLE when they do not end here, SQ-PRECONDITION without free addresses. */
export async function createSite(options: {
  docker: Docker;
  runId: string;
  networks: readonly string[];
  members: number;
}): Promise<DockerSite> {
  const { docker, runId } = options;
  const made = new Map<string, DockerNetwork>();
  const down = async () => {
    for (const { id } of made.values()) await removeNetwork(docker.engine, id);
    made.clear();
  };
  let last: unknown;
  for (let attempt = 0; attempt < tries; attempt++) {
    try {
      await makeNetworks(options, made);
      await mustEndHere(docker, made);
      const network = (name: string) => {
        const found = made.get(name);
        if (found === undefined) throw new Error(`no network ${name}`);
        return found;
      };
      return { docker, runId, network, down };
    } catch (error) {
      last = error;
      await down();
      if (!/overlap/i.test(messageOf(error))) break;
    }
  }
  if (last instanceof SquallError) throw last;
  throw new SquallError(
    {
      code: 'SQ-PRECONDITION',
      what: 'Docker could not make the networks of the run',
      where: docker.daemon,
      expected: `${options.networks.length} bridge networks`,
      found: messageOf(last),
      next: 'docker network ls, and docker network prune if unused ones fill it',
    },
    { cause: last },
  );
}

async function makeNetworks(
  options: { docker: Docker; runId: string; networks: readonly string[]; members: number },
  made: Map<string, DockerNetwork>,
): Promise<void> {
  const { docker, runId, networks } = options;
  const free = await freeRange(docker.engine, runId);
  const ranges = carve(free, { count: networks.length, hosts: options.members + otherHosts });
  if (ranges === undefined)
    throw new Error(`${formatRange(free)} has no room for ${networks.length} networks`);
  for (const [index, name] of networks.entries()) {
    const range = ranges[index];
    if (range !== undefined) made.set(name, await makeNetwork(docker.engine, { runId, name, range }));
  }
}

/** The range that the daemon would choose itself: its settings are kept to, and it is free now. */
async function freeRange(engine: DockerEngine, runId: string): Promise<AddressRange> {
  const probe = await engine.createNetwork({
    Name: `squall-${runId}-probe`,
    Driver: 'bridge',
    Internal: true,
    Labels: runLabels(runId),
  });
  try {
    const { IPAM } = (await probe.inspect()) as { IPAM?: { Config?: { Subnet?: string }[] } };
    const subnets = (IPAM?.Config ?? []).map(({ Subnet }) => parseRange(Subnet ?? ''));
    const range = subnets.find((one) => one !== undefined);
    if (range === undefined) throw new Error('the daemon gives no IPv4 range');
    return range;
  } finally {
    await removeNetwork(engine, probe.id);
  }
}

async function makeNetwork(
  engine: DockerEngine,
  of: { runId: string; name: string; range: AddressRange },
): Promise<DockerNetwork> {
  const gateway = formatAddress(of.range.first + 1);
  const { id } = await engine.createNetwork({
    Name: `squall-${of.runId}-${of.name}`,
    Driver: 'bridge',
    // A default route is taken from a network that is not internal, if there is one.
    Internal: of.name !== nowhere,
    ...(of.name === nowhere ? { Options: { 'com.docker.network.bridge.inhibit_ipv4': 'true' } } : {}),
    Labels: runLabels(of.runId),
    IPAM: { Driver: 'default', Config: [{ Subnet: formatRange(of.range), Gateway: gateway }] },
  });
  let taken = 1;
  const take = () => {
    taken += 1;
    return formatAddress(of.range.first + taken);
  };
  return { id, gateway, take };
}

async function removeNetwork(engine: DockerEngine, id: string): Promise<void> {
  try {
    await engine.getNetwork(id).remove();
  } catch (error) {
    if (!answered(error, 404)) throw error;
  }
}

/** Containers reach the sink, and the load reaches them, only if the bridges are this machine's. */
async function mustEndHere(docker: Docker, made: Map<string, DockerNetwork>): Promise<void> {
  for (const [name, { gateway }] of made) {
    if (name === nowhere) continue;
    const server = createServer().listen({ host: gateway, port: 0 });
    try {
      await once(server, 'listening');
    } catch (cause) {
      throw new SquallError(
        {
          code: 'SQ-DOCKER-UNREACHABLE',
          what: "the Docker daemon's networks do not end on this machine",
          where: docker.daemon,
          expected: `an address of this machine, as on Linux with a daemon of its own: ${gateway}`,
          found: messageOf(cause),
          next: 'run squall where the daemon runs, or use target: external',
        },
        { cause },
      );
    } finally {
      server.close();
    }
    return;
  }
}
