import type { V1Secret } from '@kubernetes/client-node';
import type { Clock } from '../base/clock.ts';
import { SquallError } from '../base/errors.ts';
import { settled } from '../base/settled.ts';
import type { PipelineFacts } from '../plan/facts.ts';
import type { KubernetesMemberSpec, OtlpSpec, TargetSpec } from '../scenario/types.ts';
import { readPipelineFacts } from './collector-config.ts';
import { type Agents, startAgents } from './kubernetes-agents.ts';
import { backendMembers, findServices, strikable } from './kubernetes-backend.ts';
import { type Cluster, type ClusterRef, orAbsent } from './kubernetes-client.ts';
import { connectCluster } from './kubernetes-connect.ts';
import { podGroups } from './kubernetes-groups.ts';
import { type GuardWish, guardNotes } from './kubernetes-guard.ts';
import { nodeMembers } from './kubernetes-nodes.ts';
import { refreshMembers } from './kubernetes-pods.ts';
import { checkCluster, type Preflight } from './kubernetes-preflight.ts';
import type { Strike } from './kubernetes-radius.ts';
import { openRunRecord, runName } from './kubernetes-record.ts';
import { restoreRecorded } from './kubernetes-restore.ts';
import type { Need } from './kubernetes-rights.ts';
import { readMountedConfig, serviceAddress } from './kubernetes-workload.ts';
import { type ClusterAccess, workloadMember } from './kubernetes-workload-power.ts';
import { longestPath } from './local-order.ts';
import { findPullSecrets } from './pull-secrets.ts';
import { quietOf, reachOf, settleOf } from './residence.ts';
import { stockGateway } from './stock-gateway.ts';
import type { Member, Target } from './target.ts';

type Spec = TargetSpec & { kind: 'kubernetes' };

export interface KubernetesOptions {
  spec: Spec;
  runId: string;
  /** What the plan's faults ask of the account. */
  needs: readonly Need[];
  /** What they take from the members, against spec.blastRadius. */
  strikes?: readonly Strike[];
  /** Longer than the run can last. */
  deadlineS: number;
  clock: Clock;
  /** Called before the first object is made, with what removes all of them; returns when that is on the disk. */
  intend(undo: RunInCluster, what: 'run' | 'agents'): void;
  /** What agents run in, where some fault of the plan is theirs to do; undefined: none are put on the nodes. */
  agents?: { image: string };
  /** Of a guard in the cluster, and what it may have to undo; undefined: no fault changes what is not the run's. */
  guard?: GuardWish;
}

interface RunInCluster {
  cluster: ClusterRef;
  namespace: string;
  run: string;
}

const refreshEveryMs = 500;
/** Of a workload's pods, that faults may take at once. */
const defaultShare = 0.5;

/**
 * Collectors that run in a cluster already: squall starts none of them, finds their pods, and may end pods. Throws
 * before it changes anything: no such context, no answer, a namespace that is not open, a missing right, no pod.
 */
export async function startKubernetes(options: KubernetesOptions): Promise<Target> {
  const { spec, clock, runId } = options;
  const ref = refOf(spec);
  const cluster = await connectCluster(ref);
  const home = spec.namespaces[0] ?? 'default';
  const { workloads } = await checkCluster({
    cluster,
    home,
    members: strikable(spec),
    needs: options.needs,
    radius: { strikes: options.strikes ?? [], share: spec.blastRadius ?? defaultShare },
  });
  const entry = await entryMembers(cluster, spec);
  const services = await findServices(cluster, spec.backends ?? {});
  const { facts, unread } = await readFacts(cluster, spec, workloads);
  const pullSecrets = await findPullSecrets(cluster, { namespace: home, names: pulledWith(options) });
  options.intend({ cluster: ref, namespace: home, run: runName(runId) }, 'run');
  const { deadlineS } = options;
  const record = await openRunRecord({ cluster, namespace: home, runId, deadlineS, clock });
  const agents = await agentsFor(options, { cluster, ref, pullSecrets }).catch(async (error: unknown) => {
    await settled(record.close());
    throw error;
  });
  const access = { cluster, ref, record, run: runName(runId), clock };
  const place = { cluster, namespace: home, run: access.run, owner: record.owner };
  const unguarded = await guardNotes(place, options);
  const groups = podGroups({ spec, workloads, facts, access, home, agents });
  const members: Member[] = [];
  const ended = new AbortController();
  const refresh = () => Promise.all(groups.map((group) => refreshMembers(group, members)));
  const down = async () => {
    ended.abort();
    try {
      await agents?.close();
    } finally {
      await restoreRecorded(cluster, { namespace: home, run: access.run });
      await record.close();
    }
  };
  try {
    await refresh();
  } catch (error) {
    await settled(down());
    throw error;
  }
  void follow(refresh, { clock, signal: ended.signal });
  const hops = longestPath(spec.members).flatMap((member) => {
    const found = facts.get(member);
    return found === undefined ? [] : [{ member, facts: found }];
  });
  return {
    kind: 'kubernetes',
    members,
    workloads: workloadMembers(access, spec, workloads),
    nodes: () => nodeMembers({ access, groups }),
    backends: backendMembers(access, { spec, workloads, services, collectors: members }),
    entry,
    reach: reachOf(hops),
    settleNs: spec.settleMs === undefined ? settleOf(hops) : spec.settleMs * 1e6,
    quietNs: quietOf(hops),
    notes: [...unguarded, ...unread.map(unreadNote)],
    place,
    down,
  };
}

function unreadNote(member: string): Target['notes'][number] {
  return {
    code: 'SQ-NOTE-TARGET',
    severity: 'info',
    sentence: `the settings of ${member} are in no ConfigMap that it names: taken as those of a stock collector`,
    next: 'write settle in target.kubernetes',
  };
}

function workloadMembers(
  access: ClusterAccess,
  { members }: Spec,
  workloads: Preflight['workloads'],
): Member[] {
  return Object.entries(workloads).flatMap(([group, workload]) => {
    const own = members[group];
    return own === undefined ? [] : [workloadMember(access, { group, spec: own, workload })];
  });
}

async function agentsFor(
  { agents, runId, deadlineS, clock, intend }: KubernetesOptions,
  at: { cluster: Cluster; ref: ClusterRef; pullSecrets: readonly V1Secret[] },
): Promise<Agents | undefined> {
  if (agents === undefined) return undefined;
  const intendAgents = (undo: RunInCluster) => intend(undo, 'agents');
  return startAgents({ ...at, ...agents, runId, deadlineS, clock, intend: intendAgents });
}

/** What the image of a run's own pods is pulled with; nothing where it has none. */
function pulledWith({ spec, agents, guard }: KubernetesOptions): readonly string[] {
  const { sink, load, imagePullSecrets = [] } = spec;
  const own = [agents, guard, load, sink === 'none' ? undefined : sink.cluster];
  return own.some((one) => one !== undefined) ? imagePullSecrets : [];
}

/** The kubeconfig as this process finds it, so that a guard or another shell finds the same one. */
function refOf(spec: Spec): ClusterRef {
  const kubeconfig = spec.kubeconfig ?? process.env.KUBECONFIG;
  return {
    context: spec.context,
    ...(kubeconfig === undefined || kubeconfig === '' ? {} : { kubeconfig }),
  };
}

async function follow(
  refresh: () => Promise<unknown>,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(refreshEveryMs, signal).catch(() => undefined); // ended: the loop ends
    // An API server that is away for a while: the members are what they were.
    if (!signal.aborted) await refresh().catch(() => undefined);
  }
}

/** One per member that the load is sent to: its Service, or an address of the scenario's. */
async function entryMembers(cluster: Cluster, spec: Spec): Promise<Member[]> {
  const entry: Member[] = [];
  for (const [group, member] of Object.entries(spec.members)) {
    if (member.otlp === undefined) continue;
    entry.push({ name: group, group, otlp: await addressOf(cluster, member, member.otlp), version: '' });
  }
  return entry;
}

async function addressOf(
  cluster: Cluster,
  { namespace }: KubernetesMemberSpec,
  otlp: NonNullable<KubernetesMemberSpec['otlp']>,
): Promise<OtlpSpec> {
  if (!('service' in otlp)) return otlp;
  const name = otlp.service;
  const found = await orAbsent(serviceAddress(cluster, { namespace, name }));
  if (found !== undefined) return found;
  throw new SquallError({
    code: 'SQ-TARGET-UNREACHABLE',
    what: `there is no Service ${name} with an address and port 4317 or 4318`,
    where: `context ${cluster.context}, namespace ${namespace}`,
    next: `kubectl --context ${cluster.context} -n ${namespace} get service ${name}`,
  });
}

/** From the ConfigMap that the collector reads, where it does; else as a stock gateway. */
async function readFacts(
  cluster: Cluster,
  spec: Spec,
  workloads: Preflight['workloads'],
): Promise<{ facts: Map<string, PipelineFacts>; unread: string[] }> {
  const unread: string[] = [];
  const facts = new Map<string, PipelineFacts>();
  for (const [name, { namespace }] of Object.entries(spec.members)) {
    const template = workloads[name]?.template ?? {};
    const text = await orAbsent(readMountedConfig(cluster, { namespace, template }));
    facts.set(name, readPipelineFacts(text ?? stockGateway()));
    if (text === undefined) unread.push(name);
  }
  return { facts, unread };
}
