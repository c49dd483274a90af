import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { settled } from '../base/settled.ts';
import type { TargetSpec } from '../scenario/types.ts';
import type { Docker } from './docker-client.ts';
import { addressesAt } from './docker-folders.ts';
import { ensureImage, inspectImage } from './docker-image.ts';
import { type DockerReplica, layOut, linkOf, networksOf, sink } from './docker-layout.ts';
import { dockerLinkPower } from './docker-links.ts';
import { type StartedReplica, startDockerReplica } from './docker-replica.ts';
import { createSite, type DockerSite } from './docker-site.ts';
import type { StartProxy } from './link.ts';
import { describeTarget } from './local.ts';
import { createLinks, type LinkEnd, loadEnd, sinkEnd, type WantedLink } from './local-links.ts';
import type { LinkAddresses } from './local-seat.ts';
import type { Member, Target } from './target.ts';

type DockerSpec = TargetSpec & { kind: 'docker' };

export interface DockerOptions {
  spec: DockerSpec;
  site: DockerSite;
  /** Absolute. */
  runDir: string;
  /** Where containers reach the sink. */
  sink: LinkAddresses;
  clock: Clock;
  /** Links that a proxy has to be in, as some fault shapes them. */
  links: readonly WantedLink[];
  startProxy: StartProxy;
  env?: Readonly<Record<string, string | undefined>>;
  onNote?(sentence: string): void;
}

/** Time for a container to end by itself at down(), ms. */
const stopGraceMs = 10_000;
/** Of a Prometheus, which is on the watch network. */
const guests = 1;

/** Makes the networks that containers and runner meet on. Throws as createSite. */
export async function createDockerSite(docker: Docker, spec: DockerSpec, runId: string): Promise<DockerSite> {
  const replicas = layOut(spec.members);
  return createSite({ docker, runId, networks: networksOf(replicas), members: replicas.length + guests });
}

/**
 * Collectors as containers, started from the sink's side and each awaited until it serves. Throws SQ-IMAGE-MISSING or
 * SQ-TARGET-START; whatever was started is then down again.
 */
export async function startDocker(options: DockerOptions): Promise<Target> {
  const { spec, site } = options;
  const notes: Target['notes'] = [];
  const note = (sentence: string, severity: 'warn' | 'info' = 'info') => {
    notes.push({ code: 'SQ-NOTE-TARGET', sentence, severity, next: 'squall doctor' });
    options.onNote?.(sentence);
  };
  await mkdir(join(options.runDir, 'evidence', 'logs'), { recursive: true });
  const layout = layOut(spec.members);
  const addresses = new Map(layout.map((replica) => [replica.name, takeAddresses(site, replica)]));
  const links = createLinks(options.links, options.startProxy);
  const tools = await inspectImages(site.docker, options, site.runId);
  const started: { replica: DockerReplica; up: StartedReplica }[] = [];
  const down = async () => {
    // From the load's side: a member can still hand on what it holds while the next one is there.
    for (const group of groupsOf(started).toReversed())
      await Promise.all(group.map(({ up }) => up.stop(stopGraceMs)));
    await links.close();
  };
  try {
    for (const replica of layout) {
      const own = spec.members[replica.group];
      const image = own?.image ?? spec.image;
      const tool = tools.get(image);
      const at = addresses.get(replica.name);
      if (own === undefined || tool === undefined || at === undefined) throw new Error(`no ${replica.name}`);
      const next = await nextOf(replica, { options, addresses, links });
      const reached = addressesAt(at.get('load') ?? '');
      const front = replica.entry ? await links.between(loadEnd, replica, reached) : reached;
      const env = options.env ?? process.env;
      const up = await startDockerReplica({
        ...options,
        replica,
        spec: own,
        image,
        tool,
        addresses: at,
        next,
        front,
        env,
        note,
      });
      started.push({ replica, up });
    }
  } catch (error) {
    await settled(down());
    throw error;
  }
  const linked = started.map(({ replica, up }) => ({
    facts: up.facts,
    member: withLinks(up, replica, { site, proxied: links.power(replica.name) }),
  }));
  return { kind: 'docker', ...describeTarget(spec.members, linked), notes, down };
}

/** In the order of their start, the replicas of one member together. */
function groupsOf<T extends { replica: DockerReplica }>(started: readonly T[]): T[][] {
  const names = [...new Set(started.map(({ replica }) => replica.group))];
  return names.map((name) => started.filter(({ replica }) => replica.group === name));
}

async function inspectImages(docker: Docker, options: DockerOptions, runId: string) {
  const { spec } = options;
  const images = new Set(Object.values(spec.members).map(({ image }) => image ?? spec.image));
  const tools = new Map<string, Awaited<ReturnType<typeof inspectImage>>>();
  for (const image of images) {
    await ensureImage(docker, image, (line) => options.onNote?.(line));
    tools.set(image, await inspectImage(docker, image, runId));
  }
  return tools;
}

function takeAddresses(site: DockerSite, replica: DockerReplica): Map<string, string> {
  return new Map(replica.berths.map(({ network }) => [network, site.network(network).take()]));
}

/** What it sends to: the sink or the next replica, on the network they share. */
function nextOf(
  replica: DockerReplica,
  run: {
    options: DockerOptions;
    addresses: ReadonlyMap<string, ReadonlyMap<string, string>>;
    links: ReturnType<typeof createLinks>;
  },
): Promise<LinkAddresses> {
  const { options, addresses, links } = run;
  const { next } = replica;
  const network = next === undefined ? sink : linkOf(replica.name);
  const server: LinkEnd =
    next === undefined ? sinkEnd : { name: next, group: options.spec.members[replica.group]?.sendsTo ?? '' };
  const there = next === undefined ? options.sink : addressesAt(addresses.get(next)?.get(network) ?? '');
  return links.between(replica, server, there, options.site.network(network).gateway);
}

function withLinks(
  up: StartedReplica,
  replica: DockerReplica,
  at: { site: DockerSite; proxied: Member['link'] },
): Member {
  const { engine } = at.site.docker;
  const { endpoints } = up;
  return {
    ...up.member,
    link: dockerLinkPower({ engine, berths: replica.berths, endpoints, proxied: at.proxied }),
  };
}
