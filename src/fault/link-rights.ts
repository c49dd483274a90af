import { networkChaos } from '../target/chaos-mesh.ts';
import type { FaultRights, RightsRule } from '../target/kubernetes-rights.ts';
import { agentRights } from './agent-rights.ts';

/** The Job without pods that owns what is made for a fault. */
const owner: RightsRule = { group: 'batch', resource: 'jobs', verbs: ['create', 'list', 'delete'] };
const { group, version, plural } = networkChaos;

const byAgent = agentRights.map((way): FaultRights => ({ when: { via: 'agent' }, ...way }));
const byPolicy: FaultRights = {
  when: { via: 'policy' },
  class: 'role',
  rules: [
    { group: 'networking.k8s.io', resource: 'networkpolicies', verbs: ['create', 'list', 'delete'] },
    { group: '', resource: 'pods', verbs: ['get', 'patch'] },
    owner,
  ],
};
const byChaosMesh: FaultRights = {
  when: { via: 'chaos-mesh' },
  class: 'role',
  rules: [{ group, version, resource: plural, verbs: ['create', 'get', 'list', 'delete'] }, owner],
};

/** What a fault on a link asks for, by who does it. */
export const linkRights: readonly FaultRights[] = [...byAgent, byChaosMesh];
export const partitionRights: readonly FaultRights[] = [...byAgent, byPolicy, byChaosMesh];
