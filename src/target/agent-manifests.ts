import type {
  V1DaemonSet,
  V1EnvVar,
  V1OwnerReference,
  V1PodTemplateSpec,
  V1Role,
} from '@kubernetes/client-node';
import { type OwnPods, ownLabels, ownTemplate } from './kubernetes-own-pods.ts';
import type { RightsRule } from './kubernetes-rights.ts';
import { agentNames, statusName } from './node-order.ts';
import { accountFolder } from './pod-account.ts';

/** Where agents keep their journals on a node: gone after a reboot, as all is that they could have left. */
const journalFolder = '/run/squall';

/**
 * What putting agents on the nodes takes. Of the whole cluster, as their namespace is made for each run; whoever makes a
 * Role must have all that it gives.
 */
export const agentRules: readonly RightsRule[] = [
  { group: '', resource: 'namespaces', verbs: ['create', 'get', 'list', 'delete'] },
  { group: '', resource: 'nodes', verbs: ['list'] },
  { group: '', resource: 'pods', verbs: ['create', 'list'] },
  { group: '', resource: 'configmaps', verbs: ['create', 'get', 'list', 'patch'] },
  { group: '', resource: 'serviceaccounts', verbs: ['create'] },
  { group: 'apps', resource: 'daemonsets', verbs: ['create', 'delete'] },
  { group: 'batch', resource: 'jobs', verbs: ['create'] },
  { group: 'coordination.k8s.io', resource: 'leases', verbs: ['create', 'get', 'update'] },
  { group: 'rbac.authorization.k8s.io', resource: 'roles', verbs: ['create'] },
  { group: 'rbac.authorization.k8s.io', resource: 'rolebindings', verbs: ['create'] },
].map((rule) => ({ ...rule, scope: 'cluster' as const }));

/** Where agents stand, and the object that owns all of theirs. */
export interface AgentPods extends OwnPods {
  owner: V1OwnerReference;
}

/** What an agent is started with. */
export interface AgentStart {
  leaseUid: string;
  publicKey: string;
}

/**
 * The pod of an agent: it sees the node's processes, enters the networks of pods and signals processes, and so has to be
 * privileged. It gets no Secret, listens to nothing, and its account can do nothing but what agentRole says. The second
 * container ends the pauses of an agent that is not there to do so.
 */
export function agentTemplate(own: OwnPods, { leaseUid, publicKey }: AgentStart): V1PodTemplateSpec {
  const { metadata, spec } = ownTemplate(own, 'agent');
  const [container] = spec?.containers ?? [];
  const securityContext = { privileged: true, readOnlyRootFilesystem: true };
  const journal = { name: 'journal', mountPath: journalFolder };
  return {
    ...(metadata === undefined ? {} : { metadata }),
    spec: {
      ...spec,
      restartPolicy: 'Always',
      serviceAccountName: agentNames.account,
      automountServiceAccountToken: true,
      hostPID: true,
      // To undo what it holds.
      terminationGracePeriodSeconds: 20,
      priorityClassName: 'system-node-critical',
      tolerations: [{ operator: 'Exists' }],
      securityContext: { runAsUser: 0, runAsNonRoot: false },
      containers: [
        {
          ...container,
          name: 'agent',
          env: [
            ...placeIn('SQUALL_AGENT', own),
            { name: 'SQUALL_AGENT_LEASE', value: leaseUid },
            { name: 'SQUALL_AGENT_KEY', value: publicKey },
            { name: 'NODE_EXTRA_CA_CERTS', value: `${accountFolder}/ca.crt` },
          ],
          securityContext,
          volumeMounts: [journal, { name: 'locks', mountPath: '/run/lock' }],
        },
        {
          ...container,
          name: 'dead-man',
          args: ['dead-man'],
          env: placeIn('SQUALL_DEAD_MAN', own),
          securityContext,
          resources: { requests: { cpu: '10m', memory: '48Mi' } },
          volumeMounts: [{ ...journal, readOnly: true }],
        },
      ],
      volumes: [
        { name: 'journal', hostPath: { path: journalFolder, type: 'DirectoryOrCreate' } },
        { name: 'locks', emptyDir: { medium: 'Memory' } },
      ],
    },
  };
}

function placeIn(prefix: string, { namespace }: OwnPods): V1EnvVar[] {
  return [
    { name: `${prefix}_NAMESPACE`, value: namespace },
    { name: `${prefix}_JOURNAL`, value: journalFolder },
    { name: `${prefix}_NODE`, valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
  ];
}

export function agentSet(own: AgentPods, start: AgentStart): V1DaemonSet {
  const labels = ownLabels(own, 'agent');
  return {
    metadata: { name: agentNames.set, labels, ownerReferences: [own.owner] },
    spec: { selector: { matchLabels: labels }, template: agentTemplate(own, start) },
  };
}

/** It reads the run's Lease, tells what it does, and removes its own namespace when the run is dead. */
export function agentRole(own: AgentPods, nodes: readonly string[]): V1Role {
  return {
    metadata: { name: agentNames.account, labels: ownLabels(own, 'agent'), ownerReferences: [own.owner] },
    rules: [
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        resourceNames: [agentNames.lease],
        verbs: ['get'],
      },
      { apiGroups: [''], resources: ['configmaps'], resourceNames: nodes.map(statusName), verbs: ['patch'] },
      { apiGroups: [''], resources: ['namespaces'], resourceNames: [own.namespace], verbs: ['delete'] },
    ],
  };
}
