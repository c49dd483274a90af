import { dirname, join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { SquallError } from '../base/errors.ts';
import { settled } from '../base/settled.ts';
import type { PipelineFacts } from '../plan/facts.ts';
import type { DockerMemberSpec } from '../scenario/types.ts';
import type { CollectorBinary } from '../tools/collector-binary.ts';
import { readPipelineFacts } from './collector-config.ts';
import { messageOf } from './docker-client.ts';
import { createContainer, type DockerContainer } from './docker-container.ts';
import {
  addressesAt,
  type DockerPlace,
  hostPath,
  inside,
  memberEnv,
  ports,
  prepareFolders,
} from './docker-folders.ts';
import { type DockerReplica, watch } from './docker-layout.ts';
import type { DockerSite } from './docker-site.ts';
import { reconfigurePower } from './local-replica.ts';
import { type LinkAddresses, lacksOf, listensOn, readConfig, readinessOf, uses } from './local-seat.ts';
import { startMemberProcess } from './member-process.ts';
import { awaitServing } from './start-failure.ts';
import type { ContainerEndpoint, Member } from './target.ts';
import { removeWorkFolder } from './work-folder.ts';

export interface DockerReplicaOptions {
  site: DockerSite;
  replica: DockerReplica;
  spec: DockerMemberSpec;
  image: string;
  tool: Omit<CollectorBinary, 'path'>;
  /** Its addresses by network. */
  addresses: ReadonlyMap<string, string>;
  next: LinkAddresses;
  /** Where the load finds it. */
  front: LinkAddresses;
  runDir: string;
  clock: Clock;
  /** Of the runner; a member sees only those of its variables that its configuration names. */
  env: Readonly<Record<string, string | undefined>>;
  note(sentence: string, severity?: 'warn' | 'info'): void;
}

export interface StartedReplica {
  member: Member;
  facts: PipelineFacts;
  endpoints: ReadonlyMap<string, ContainerEndpoint>;
  stop(graceMs: number): Promise<void>;
}

/** Starts one collector container and waits until it serves. Throws SQ-TARGET-START with its last words. */
export async function startDockerReplica(options: DockerReplicaOptions): Promise<StartedReplica> {
  const { site, replica, spec, tool, clock, runDir } = options;
  const text = await readConfig(spec, tool);
  const facts = readPipelineFacts(text);
  for (const sentence of lacksOf(text)) options.note(`${replica.name}: ${sentence}`, 'warn');
  const place = await prepareFolders(options, text);
  const tidy = async () => {
    await place.volume?.release();
    await removeWorkFolder(runDir, replica.name);
  };
  const logFile = join(runDir, 'evidence', 'logs', `${replica.name}.log`);
  const container = await createMember(options, { ...place, text, logFile }).catch(async (error: unknown) => {
    await settled(tidy());
    throw error;
  });
  const watched = options.addresses.get(watch) ?? '';
  const seat = { otlp: addressesAt(watched), health: `${watched}:${ports.health}` };
  const process_ = await startMemberProcess({
    start: (number) => container.start(number),
    readiness: readinessOf(text, seat),
    restart: spec.restart,
    clock,
    onNote: (sentence) => options.note(`${replica.name}: ${sentence}`, 'warn'),
  }).catch(async (error: unknown) => {
    await settled(container.remove().then(tidy));
    throw refusal(options, error);
  });
  const stop = async (graceMs: number) => {
    await process_.stop(graceMs);
    await container.remove();
    await tidy();
  };
  const serving = await awaitServing(process_, { name: replica.name, logFile, clock, stop });
  const process = { ...process_, ...serving, pause: container.pause };
  const member: Member = {
    name: replica.name,
    group: replica.group,
    otlp: listensOn(text, replica.entry ? options.front : seat.otlp, {
      ...(place.caFile === undefined ? {} : { caFile: place.caFile, serverName: 'localhost' }),
      baseDir: dirname(spec.config ?? place.settingsDir),
    }),
    ...(uses(text, 'SQUALL_METRICS_PORT')
      ? { metricsUrl: `http://${watched}:${ports.metrics}/metrics` }
      : {}),
    version: tool.version,
    lossyComponents: facts.lossyComponents,
    process,
    reconfigure: {
      ...reconfigurePower(place.configFile, process),
      onHost: (path) => hostPath(path, { settings: place.settingsDir, config: spec.config }),
    },
    storage: { dir: place.dataDir, bounded: place.volume !== undefined },
    container: container.ref,
    limits: container.limits,
  };
  const named = new Map(replica.berths.map(({ network }) => [site.network(network).id, network] as const));
  const endpoints = new Map(
    container.endpoints.map((endpoint) => [named.get(endpoint.network) ?? '', endpoint] as const),
  );
  return { member, facts, endpoints, stop };
}

async function createMember(
  options: DockerReplicaOptions,
  place: DockerPlace & { text: string; logFile: string },
): Promise<DockerContainer> {
  const { site, replica, spec, addresses } = options;
  const folder = (source: string, target: string, readOnly: boolean) => ({ source, target, readOnly });
  const endpoints = replica.berths.map(({ network }) => ({
    network: site.network(network).id,
    address: addresses.get(network) ?? '',
  }));
  try {
    return await createContainer({
      docker: site.docker,
      runId: site.runId,
      name: replica.name,
      image: options.image,
      args: ['--config', `${inside.settings}/config.yaml`],
      env: memberEnv(options, place),
      mounts: [
        folder(place.settingsDir, inside.settings, true),
        folder(place.dataDir, inside.data, false),
        ...(spec.config === undefined ? [] : [folder(dirname(spec.config), inside.files, true)]),
      ],
      // Relative paths in a configuration start at its file, as for a local member.
      ...(spec.config === undefined ? {} : { workingDir: inside.files }),
      endpoints,
      aliases: [replica.name, replica.group],
      limits: {
        cpuMillis: spec.resources?.cpuMillis ?? null,
        memoryBytes: spec.resources?.memoryBytes ?? null,
      },
      logFile: place.logFile,
      clock: options.clock,
    });
  } catch (error) {
    throw refusal(options, error);
  }
}

function refusal({ replica, site, image }: DockerReplicaOptions, cause: unknown): SquallError {
  return new SquallError(
    {
      code: 'SQ-TARGET-START',
      what: `Docker did not start ${replica.name}`,
      where: `${image} at ${site.docker.daemon}`,
      expected: 'a running container',
      found: messageOf(cause),
      next: `docker run --rm ${image} components`,
    },
    { cause },
  );
}
