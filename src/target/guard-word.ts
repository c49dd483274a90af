import type { V1EnvVar } from '@kubernetes/client-node';
import type { BareCluster } from './bare-cluster.ts';
import { pointerPart } from './kubernetes-object.ts';
import { missingRights, type Right, rightText } from './kubernetes-rights.ts';

/** What a run's guard in the cluster is told, in its pod's environment. */
export interface GuardTask {
  namespace: string;
  /** Name of the run in labels. */
  run: string;
  /** Its own. */
  pod: string;
  /** What undoing the run's faults takes of its account. */
  rights: Right[];
}

/** On its pod: its word to the runner, which has no other way to it. Empty at first. */
export const guardAnnotation = 'squall.dev/guard';

/** `pod` is filled in by the kubelet. */
export function guardEnv({ namespace, run, rights }: Omit<GuardTask, 'pod'>): V1EnvVar[] {
  return [
    { name: 'SQUALL_GUARD_NAMESPACE', value: namespace },
    { name: 'SQUALL_GUARD_RUN', value: run },
    { name: 'SQUALL_GUARD_RIGHTS', value: JSON.stringify(rights) },
    { name: 'SQUALL_GUARD_POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  ];
}

/** Throws where a word is missing. */
export function guardTask(env: NodeJS.ProcessEnv): GuardTask {
  const told = (name: string) => {
    const value = env[`SQUALL_GUARD_${name}`];
    if (value === undefined || value === '') throw new Error(`SQUALL_GUARD_${name} is not set`);
    return value;
  };
  const rights = JSON.parse(told('RIGHTS')) as Right[]; // written by guardEnv
  return { namespace: told('NAMESPACE'), run: told('RUN'), pod: told('POD'), rights };
}

/** Says on its own pod what its account may not do. Rejects when the API server did not take it. */
export async function sayWord(cluster: BareCluster, task: GuardTask): Promise<void> {
  const lacks = await missingRights(cluster, task.rights);
  const path = `/metadata/annotations/${pointerPart(guardAnnotation)}`;
  const word = JSON.stringify({ lacks: lacks.map(rightText) });
  const { namespace, pod: name } = task;
  await cluster.core.patchNamespacedPod({ namespace, name, body: [{ op: 'add', path, value: word }] });
}

/** Its word, or undefined before it has said one. */
export function heardWord(text: string | undefined): { lacks: string[] } | undefined {
  return text === undefined || text === '' ? undefined : (JSON.parse(text) as { lacks: string[] });
}
