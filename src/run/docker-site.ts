import { isLoopback, splitHostPort } from '../scenario/target-schema.ts';
import type { SinkSpec, TargetSpec } from '../scenario/types.ts';
import { createDockerSite } from '../target/docker.ts';
import { openDocker } from '../target/docker-client.ts';
import { sink as sinkNetwork, watch } from '../target/docker-layout.ts';
import type { Member } from '../target/target.ts';
import { need, type Session } from './session.ts';

/** The networks of a docker target, made before the sink that listens on one of them; other targets have none. */
export async function siteUp(session: Session): Promise<void> {
  const { target } = session.scenario;
  if (target.kind !== 'docker') return;
  const { runId } = session.plan;
  const docker = await openDocker();
  const undo = [{ kind: 'docker-objects' as const, daemon: docker.daemon, runId }];
  need(session, 'journal').append({ kind: 'resource', what: 'containers', undo });
  session.site = await createDockerSite(docker, target, runId);
  session.versions.docker = session.site.docker.version;
}

/** Where the sink listens: loopback is another one in a container, so there it is this machine's address on the network. */
export function sinkListens(session: Session, sink: SinkSpec): { grpc: string; http: string } {
  const gateway = session.site?.network(sinkNetwork).gateway ?? session.kind?.hostAddress;
  const at = (address: string) => {
    const place = splitHostPort(address);
    if (gateway === undefined || place === undefined || !isLoopback(place.host)) return address;
    return `${gateway}:${place.port}`;
  };
  return { grpc: at(sink.grpc), http: at(sink.http) };
}

/** Where containers reach the sink: as it listens, or by this machine's address where it listens on all of them. */
export function sinkReached(session: Session): { grpc: string; http: string } {
  const { sink, site } = session;
  if (sink === undefined) return { grpc: '127.0.0.1:1', http: '127.0.0.1:1' };
  const given = session.scenario.target.sink;
  const host =
    (given === 'none' ? undefined : given.advertise) ??
    site?.network(sinkNetwork).gateway ??
    session.kind?.hostAddress ??
    '127.0.0.1';
  const at = (address: string) => {
    const any = /^(0\.0\.0\.0|\[::\]):(\d+)$/.exec(address);
    return any === null ? address : `${host}:${any[2]}`;
  };
  return { grpc: at(sink.grpc), http: at(sink.http) };
}

/** Where a Prometheus of ours finds what squall shows it. */
export function watchHost(session: Session): string {
  return session.site?.network(watch).gateway ?? '127.0.0.1';
}

/** What containers run, in the words that tools of this machine have: version and source. */
export function imageVersions(target: TargetSpec, members: readonly Member[]): Record<string, string> {
  if (target.kind !== 'docker') return {};
  const collectors = members.map(({ group, version }) => {
    return `${version} (image ${target.members[group]?.image ?? target.image})`;
  });
  return {
    otelcol: [...new Set(collectors)].join(', '),
    ...(target.prometheus === undefined ? { prometheus: `image ${target.prometheusImage}` } : {}),
  };
}
