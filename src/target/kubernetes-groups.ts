import type { V1Pod } from '@kubernetes/client-node';
import type { PipelineFacts } from '../plan/facts.ts';
import type { TargetSpec } from '../scenario/types.ts';
import { linkEnds } from './agent-ends.ts';
import type { PodSelection } from './agent-flows.ts';
import type { Agents } from './kubernetes-agents.ts';
import { ownLabels } from './kubernetes-own-pods.ts';
import type { PodGroup } from './kubernetes-pods.ts';
import { metricsPortOf, type Workload } from './kubernetes-workload.ts';
import { quietOf } from './residence.ts';
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
    selectionOf: (name: string) => selectionOf(spec, workloads, name),
    sink: sinkPlaces(spec, home),
    ...sinkPods(spec, { home, run: access.run }),
  };
  const groups = Object.entries(spec.members).map(([group, { namespace }]): PodGroup => {
    const { selector = '', template = {} } = workloads[group] ?? {};
    const own = facts.get(group);
    return {
      cluster,
      group,
      namespace,
      selector,
      metricsPort: metricsPortOf(template),
      lossyComponents: own?.lossyComponents ?? [],
      quietNs: quietOf(own === undefined ? [] : [{ member: group, facts: own }]),
      access,
      known: new Map<string, Member>(),
      seen: new Map<string, V1Pod>(),
      clock,
      ends: linkEnds({ ...links, group }),
      ...(agents === undefined ? {} : { agents }),
    };
  });
  return groups;
}

function ipsOf(group: PodGroup | undefined): string[] {
  return [...(group?.seen.values() ?? [])].flatMap(({ status }) =>
    status?.podIP === undefined ? [] : [status.podIP],
  );
}

function selectionOf(
  spec: Spec,
  workloads: Readonly<Record<string, Workload>>,
  name: string,
): PodSelection | undefined {
  const [member, workload] = [spec.members[name], workloads[name]];
  if (member === undefined || workload === undefined) return undefined;
  return { namespace: member.namespace, selector: workload.selects };
}

function sinkPods({ sink }: Spec, at: { home: string; run: string }): { sinkPods?: PodSelection } {
  if (sink === 'none' || sink.cluster === undefined) return {};
  return { sinkPods: { namespace: at.home, selector: { matchLabels: ownLabels(at, 'sink') } } };
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
