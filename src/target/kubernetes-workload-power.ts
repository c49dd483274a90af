import type { Clock } from '../base/clock.ts';
import type { KubernetesMemberSpec } from '../scenario/types.ts';
import { changedLabel, objectPower, templateMark } from './kubernetes-change.ts';
import type { Cluster, ClusterRef } from './kubernetes-client.ts';
import { sharedLook } from './kubernetes-look.ts';
import { pointerPart } from './kubernetes-object.ts';
import type { RunRecord } from './kubernetes-record.ts';
import { rolloutPower } from './kubernetes-rollout.ts';
import { isServing, listPods, mountedConfig, type Workload } from './kubernetes-workload.ts';
import type { Member, WorkloadPower } from './target.ts';

/** What every change of a run in a cluster goes through. */
export interface ClusterAccess {
  cluster: Cluster;
  ref: ClusterRef;
  record: RunRecord;
  /** As its label has it. */
  run: string;
  clock: Clock;
}

/** A workload as a member of its own, for faults that strike it as a whole. */
export function workloadMember(
  access: ClusterAccess,
  one: { group: string; spec: KubernetesMemberSpec; workload: Workload },
): Member {
  const { group } = one;
  return { name: group, group, otlp: { headers: {} }, version: '', workload: workloadPower(access, one) };
}

function workloadPower(
  access: ClusterAccess,
  { spec, workload }: { spec: KubernetesMemberSpec; workload: Workload },
): WorkloadPower {
  const { namespace } = spec;
  const { kind, name } = spec.workload;
  const { uid, selector } = workload;
  const object = { kind, namespace, name, uid };
  return {
    kind,
    object: objectPower({ ...access, object }),
    mark: { path: templateMark, value: access.run },
    config: async () => {
      const found = mountedConfig(workload.template);
      if (found === undefined) return undefined;
      const at = { namespace, name: found.name };
      const { metadata } = await access.cluster.core.readNamespacedConfigMap(at);
      const map = { kind: 'configmap' as const, ...at, uid: metadata?.uid ?? '' };
      return {
        object: objectPower({ ...access, object: map }),
        path: `/data/${pointerPart(found.key)}`,
      };
    },
    rollout: rolloutPower(access, { spec, workload }),
    look: sharedLook(access.clock, async () => {
      const pods = await listPods(access.cluster, { namespace, selector });
      const marked = pods.filter(({ metadata }) => metadata?.labels?.[changedLabel] === access.run);
      return { running: pods.length, serving: pods.filter(isServing).length, marked: marked.length };
    }),
  };
}
