import { randomBytes } from 'node:crypto';
import type { V1Secret } from '@kubernetes/client-node';
import { type Clock, waitFor } from '../base/clock.ts';
import { SquallError } from '../base/errors.ts';
import { settled } from '../base/settled.ts';
import { makeAgentNamespace, tryAgentPod } from './agent-admission.ts';
import { type LeaseBook, leaseBook, makeLease, readStatus, withdrawOrder } from './agent-lease.ts';
import { type AgentPods, type AgentStart, agentRole, agentSet } from './agent-manifests.ts';
import { type Cluster, type ClusterRef, mayNot, orAbsent } from './kubernetes-client.ts';
import { awaitOwnPods, makeOwn, ownLabels } from './kubernetes-own-pods.ts';
import { renewEveryMs, runLabel, runName } from './kubernetes-record.ts';
import { agentNames, makeOrderKeys, type Order, type OrderOutcome, statusName } from './node-order.ts';
import { makeOwnerJob } from './owner-job.ts';
import { copyPullSecrets } from './pull-secrets.ts';
import type { OrderRef } from './target.ts';

/** The agents of a run, one on each node. */
export interface Agents {
  /** A name for an order that is to come, so that its undo is known before it is given. */
  plan(): OrderRef;
  /** Resolves when the agent has done it; rejects with its reason when it could not, or does not answer. */
  give(order: Order): Promise<OrderOutcome>;
  /** Resolves when the agent has undone it and read that back; one that was never given is undone. */
  withdraw(id: string, node: string): Promise<OrderOutcome | undefined>;
  outcome(id: string, node: string): Promise<OrderOutcome | undefined>;
  /** Why the node cannot do this, or undefined. */
  lack(node: string, what: string): Promise<string | undefined>;
  /** Removes the agents with their namespace; rejects when something is left. */
  close(): Promise<void>;
}

export interface AgentsOptions {
  cluster: Cluster;
  ref: ClusterRef;
  runId: string;
  image: string;
  /** Copied to where they stand. */
  pullSecrets?: readonly V1Secret[];
  /** Longer than the run can last; then the cluster removes the agents by itself. */
  deadlineS: number;
  clock: Clock;
  /** Called before the first object is made, with what removes all of them; returns when that is on the disk. */
  intend(undo: { cluster: ClusterRef; namespace: string; run: string }): void;
}

/** Namespaces that runs have made for their agents. */
const ofAgents = `${runLabel},app.kubernetes.io/name=squall-agent`;

/** An agent looks every 0.4 s; a node that is busy takes its time. */
const answerMs = 20_000;
const lookEveryMs = 200;
const readyMs = 60_000;

/** `run`: its name in labels. */
export function agentNamespace(run: string): string {
  return `squall-${run}`;
}

/**
 * Puts an agent on every node, in a privileged namespace of the run's own. Throws before any fault can be: the namespace
 * or its pods are refused, the image cannot be had, a node lacks what an agent needs.
 */
export async function startAgents(options: AgentsOptions): Promise<Agents> {
  const { cluster, runId, clock, ref } = options;
  const run = runName(runId);
  const namespace = agentNamespace(run);
  const keys = makeOrderKeys();
  options.intend({ cluster: ref, namespace, run });
  const secrets = options.pullSecrets ?? [];
  const pullSecrets = secrets.map(({ metadata }) => metadata?.name ?? '');
  const bare = { cluster, namespace, run, image: options.image, pullSecrets, clock };
  await makeAgentNamespace(bare);
  const ended = new AbortController();
  const down = async () => {
    ended.abort();
    await removeAgents(cluster, { namespace, run, clock });
  };
  try {
    const { deadlineS } = options;
    const job = { name: agentNames.owner, labels: ownLabels(bare, 'agent'), deadlineS };
    const owner = await makeOwnerJob(cluster, { namespace, ...job });
    const own: AgentPods = { ...bare, owner };
    const lease = await makeLease(own, clock);
    const start = { leaseUid: lease.metadata?.uid ?? '', publicKey: keys.publicKey };
    await copyPullSecrets(own, secrets);
    await tryAgentPod(own, start);
    const nodes = await makeAgents(own, start);
    const book = leaseBook(own, { clock, keys, leaseUid: start.leaseUid });
    void keepUp(book, { clock, signal: ended.signal });
    await awaitOwnPods(own, 'agent', nodes.length);
    await awaitReady(own, { nodes, book });
    return agentsOf(own, { ref, book, down });
  } catch (error) {
    await settled(down());
    throw error;
  }
}

/** Resolves with the nodes that get an agent. */
async function makeAgents(own: AgentPods, start: AgentStart): Promise<string[]> {
  const { cluster, namespace } = own;
  const { items } = await cluster.core.listNode();
  const nodes = items.map(({ metadata }) => metadata?.name ?? '');
  const labels = ownLabels(own, 'agent');
  for (const node of nodes) {
    const metadata = { name: statusName(node), labels, ownerReferences: [own.owner] };
    await cluster.core.createNamespacedConfigMap({ namespace, body: { metadata, data: {} } });
  }
  await makeOwn(own, "the Role of squall's agent", () =>
    cluster.rbac.createNamespacedRole({ namespace, body: agentRole(own, nodes) }),
  );
  const metadata = { name: agentNames.account, labels, ownerReferences: [own.owner] };
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: agentNames.account };
  const subjects = [{ kind: 'ServiceAccount', name: agentNames.account, namespace }];
  await makeOwn(own, "the RoleBinding of squall's agent", () =>
    cluster.rbac.createNamespacedRoleBinding({ namespace, body: { metadata, roleRef, subjects } }),
  );
  await makeOwn(own, "the DaemonSet of squall's agent", () =>
    cluster.apps.createNamespacedDaemonSet({ namespace, body: agentSet(own, start) }),
  );
  return nodes;
}

async function keepUp(book: LeaseBook, by: { clock: Clock; signal: AbortSignal }): Promise<void> {
  while (!by.signal.aborted) {
    await by.clock.sleep(renewEveryMs, by.signal).catch(() => undefined); // ended: the loop ends
    // An API server that is away: agents undo what is not renewed in time, which is as it should be.
    if (!by.signal.aborted) await book.renew().catch(() => undefined);
  }
}

/** Every agent has seen the Lease renewed: orders would be followed. */
async function awaitReady(own: AgentPods, at: { nodes: readonly string[]; book: LeaseBook }): Promise<void> {
  let late = [...at.nodes];
  await waitFor(own.clock, { timeoutMs: readyMs, everyMs: 500 }, async () => {
    await at.book.renew();
    const states = await Promise.all(late.map((node) => readStatus(own, node)));
    late = late.filter((_, index) => states[index]?.ready !== true);
    return late.length === 0 ? true : undefined;
  });
  if (late.length === 0) return;
  throw new SquallError({
    code: 'SQ-PRECONDITION',
    what: `squall's agent on ${late.join(', ')} does not answer`,
    where: `context ${own.cluster.context}, namespace ${own.namespace}`,
    expected: `its word within ${readyMs / 1000} s`,
    next: `kubectl --context ${own.cluster.context} -n ${own.namespace} logs daemonset/agent`,
  });
}

function agentsOf(own: AgentPods, by: { ref: ClusterRef; book: LeaseBook; down(): Promise<void> }): Agents {
  const { clock, namespace } = own;
  const outcome = async (id: string, node: string) => (await readStatus(own, node))?.orders[id];
  return {
    plan: () => ({ cluster: by.ref, namespace, order: randomBytes(6).toString('hex') }),
    give: async (order) => {
      await by.book.add(order);
      const found = await waitFor(clock, { timeoutMs: answerMs, everyMs: lookEveryMs }, () =>
        outcome(order.id, order.node).catch(() => undefined),
      );
      if (found === undefined) throw new Error(`the agent on ${order.node} does not answer`);
      if (found.state === 'failed') throw new Error(found.detail);
      return found;
    },
    withdraw: async (id, node) => {
      const before = await outcome(id, node).catch(() => undefined);
      if (before !== undefined && before.state !== 'held') return before;
      await withdrawOrder(own, id);
      return waitFor(clock, { timeoutMs: answerMs, everyMs: lookEveryMs }, async () => {
        const found = await outcome(id, node).catch(() => undefined);
        return found?.state === 'held' ? undefined : found;
      });
    },
    outcome,
    lack: async (node, what) => (await readStatus(own, node))?.lacks[what],
    close: by.down,
  };
}

/** Pods get 20 s to undo what they hold. */
const goneWithinMs = 25_000;

/** Removes the namespace of a run's agents, with all in it. Gives whether there was one; rejects when it stays. */
export async function removeAgents(
  cluster: Cluster,
  options: { namespace: string; run: string; clock: Clock },
): Promise<boolean> {
  if (!(await hasAgents(cluster, options))) return false;
  const { namespace: name, clock } = options;
  // Their pods first: with some of them in it a namespace goes only after half of their grace.
  await orAbsent<unknown>(cluster.apps.deleteNamespacedDaemonSet({ namespace: name, name: agentNames.set }));
  await waitFor(clock, { timeoutMs: goneWithinMs, everyMs: 200 }, async () => {
    const { items } = await cluster.core.listNamespacedPod({ namespace: name });
    return items.length === 0 ? true : undefined;
  });
  await orAbsent<unknown>(cluster.core.deleteNamespace({ name }));
  const gone = await waitFor(clock, { timeoutMs: goneWithinMs, everyMs: 300 }, async () =>
    (await hasAgents(cluster, options)) ? undefined : true,
  );
  if (gone === undefined) throw new Error(`namespace/${name} is still there`);
  return true;
}

/** Whether the namespace is there and the run's, by its label. An account that may not look at it did not make it. */
export async function hasAgents(
  cluster: Cluster,
  { namespace, run }: { namespace: string; run: string },
): Promise<boolean> {
  const found = await orAbsent(cluster.core.readNamespace({ name: namespace })).catch((error: unknown) =>
    mayNot(cluster, error),
  );
  return found?.metadata?.labels?.[runLabel] === run;
}

/** The Leases of all runs that have agents in the cluster; none where the account may not list namespaces. */
export async function listAgents(
  cluster: Cluster,
  { run }: { run?: string },
): Promise<{ kind: 'lease'; name: string; run: string; renewed: string }[]> {
  const query = { labelSelector: run === undefined ? ofAgents : `${ofAgents},${runLabel}=${run}` };
  const { items } = await cluster.core.listNamespace(query).catch(async (error: unknown) => {
    await mayNot(cluster, error);
    return { items: [] };
  });
  return Promise.all(
    items.map(async ({ metadata }) => {
      const [namespace, name] = [metadata?.name ?? '', agentNames.lease];
      const lease = await orAbsent(cluster.coordination.readNamespacedLease({ namespace, name }));
      const renewed = String(lease?.spec?.renewTime ?? '');
      return { kind: 'lease' as const, name, run: metadata?.labels?.[runLabel] ?? '', renewed };
    }),
  );
}
