import type { V1Pod } from '@kubernetes/client-node';
import type { PipelineFacts } from '../plan/facts.ts';
import type { TargetSpec } from '../scenario/types.ts';
import { linkEnds } from './agent-ends.ts';
import type { Agents } from './kubernetes-agents.ts';
import type { PodGroup } from './kubernetes-pods.ts';
import { metricsPortOf, type Workload } from './kubernetes-workload.ts';
import type { Member } from './target.ts';

type Spec = TargetSpec & { kind: 'kubernetes' };

/** The pods of each member, with what agents can do to them where there are any. */
export function podGroups(options: {
  spec: Spec;
  workloads: Readonly<Record<string, Workload>>;
  facts: ReadonlyMap<string, PipelineFacts>;
  access: PodGroup['access'];
  /** Where the run's own objects stand. */
  home: string;
  agents: Agents | undefined;
}): PodGroup[] {
  const { spec, workloads, facts, access, home, agents } = options;
  const { cluster, clock } = access;
  const links = {
    cluster,
    members: spec.members,
    podsOf: (name: string) => ipsOf(groups.find(({ group }) => group === name)),
    sink: sinkPlaces(spec, home),
  };
  const groups = Object.entries(spec.members).map(([group, { namespace }]): PodGroup => {
    const { selector = '', template = {} } = workloads[group] ?? {};
    return {
      cluster,
      group,
      namespace,
      selector,
      metricsPort: metricsPortOf(template),
      lossyComponents: facts.get(group)?.lossyComponents ?? [],
      access,
      known: new Map<string, Member>(),
      seen: new Map<string, V1Pod>(),
      clock,
      ...(agents === undefined ? {} : { acting: { agents, ends: linkEnds({ ...links, group }) } }),
    };
  });
  return groups;
}

function ipsOf(group: PodGroup | undefined): string[] {
  return [...(group?.seen.values() ?? [])].flatMap(({ status }) =>
    status?.podIP === undefined ? [] : [status.podIP],
  );
}

/** HOST:PORT at which pods find the sink. */
function sinkPlaces({ sink }: Spec, home: string): string[] {
  if (sink === 'none') return [];
  if (sink.cluster !== undefined) {
    const host = `${sink.cluster.service}.${home}.svc`;
    return [`${host}:4317`, `${host}:4318`];
  }
  const told = [sink.grpc, sink.http].filter((address) => !address.endsWith(':0'));
  const { advertise } = sink;
  return advertise === undefined
    ? told
    : told.map((address) => `${advertise}${address.slice(address.lastIndexOf(':'))}`);
}
