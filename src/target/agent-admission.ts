import { type AgentPods, type AgentStart, agentTemplate } from './agent-manifests.ts';
import { makeOwn, ownLabels } from './kubernetes-own-pods.ts';
import { agentNames } from './node-order.ts';

/** What to do about an admission that refuses agents. */
export const admitted =
  'let the cluster take privileged pods in namespaces squall-*, or leave out what agents do';

/** A namespace of the run's own for its agents. Throws SQ-PRECONDITION when the cluster does not take it. */
export async function makeAgentNamespace(own: Omit<AgentPods, 'owner'>): Promise<void> {
  const { cluster, namespace } = own;
  const labels = { ...ownLabels(own, 'agent'), 'pod-security.kubernetes.io/enforce': 'privileged' };
  const make = () => cluster.core.createNamespace({ body: { metadata: { name: namespace, labels } } });
  await makeOwn(own, `the namespace ${namespace} for squall's agents`, make, admitted);
}

/** Pod Security and every other admission say here what they would say to each of the agents' pods. */
export async function tryAgentPod(own: AgentPods, start: AgentStart): Promise<void> {
  const { cluster, namespace } = own;
  await cluster.core.createNamespacedServiceAccount({
    namespace,
    body: { metadata: { name: agentNames.account, ownerReferences: [own.owner] } },
  });
  const { metadata, spec } = agentTemplate(own, start);
  const body = { metadata: { ...metadata, name: 'try' }, ...(spec === undefined ? {} : { spec }) };
  const make = () => cluster.core.createNamespacedPod({ namespace, body, dryRun: 'All' });
  await makeOwn(own, "the pod of squall's agent", make, admitted);
}
