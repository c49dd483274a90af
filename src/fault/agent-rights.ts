import { agentRules } from '../target/agent-manifests.ts';
import type { FaultRights } from '../target/kubernetes-rights.ts';

/** What a fault asks for that is done by an agent on the node. */
export const agentRights: readonly FaultRights[] = [{ class: 'agent', rules: agentRules }];
