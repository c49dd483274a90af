import type { KubernetesMemberSpec } from '../scenario/types.ts';
import type { RolloutPower } from './cluster-powers.ts';
import { reasonOf } from './kubernetes-client.ts';
import { type PatchStep, patchObject, pointerPart, readObject, valueAt } from './kubernetes-object.ts';
import { type Sighted, sightPods } from './kubernetes-sight.ts';
import { metricsPortOf, type Workload } from './kubernetes-workload.ts';
import type { ClusterAccess } from './kubernetes-workload-power.ts';

/** As kubectl rollout restart has it. */
const annotations = '/spec/template/metadata/annotations';
const restartedAt = `${annotations}/${pointerPart('kubectl.kubernetes.io/restartedAt')}`;

/** The rolling restart of a workload by its own strategy. */
export function rolloutPower(
  access: ClusterAccess,
  { spec, workload }: { spec: KubernetesMemberSpec; workload: Workload },
): RolloutPower {
  const { cluster, record, clock } = access;
  const { namespace } = spec;
  const { kind, name } = spec.workload;
  const object = { kind, namespace, name, uid: workload.uid };
  const sighted: Sighted = {
    namespace,
    selector: workload.selector,
    metricsPort: metricsPortOf(workload.template),
  };
  const present = async () => {
    const found = await readObject(cluster, object);
    if (found === undefined) throw new Error(`${kind}/${name} is gone`);
    return found;
  };
  const restart = async (options: { dryRun: boolean }) => {
    const found = await present();
    const steps = restartSteps(found, new Date(clock.wallMs()));
    await patchObject(cluster, object, { steps, ...options });
  };
  return {
    refusal: async () => {
      try {
        const why = whyNoRollout(await present());
        if (why === undefined) await restart({ dryRun: true });
        return why;
      } catch (error) {
        return reasonOf(error);
      }
    },
    restart: async (fault) => {
      await record.write({ fault, restart: `${kind}/${name}`, wallMs: clock.wallMs() });
      await restart({ dryRun: false });
    },
    isComplete: async () => isRolledOut(await present()),
    pods: () => sightPods(cluster, sighted),
  };
}

function restartSteps(found: unknown, now: Date): PatchStep[] {
  const bare = valueAt(found, annotations) === undefined;
  return [
    ...(bare ? [{ op: 'add' as const, path: annotations, value: {} }] : []),
    { op: 'add', path: restartedAt, value: `${now.toISOString().slice(0, 19)}Z` },
  ];
}

/** What makes a changed template wait for somebody, or undefined. Pure. */
export function whyNoRollout(workload: unknown): string | undefined {
  if (valueAt(workload, '/spec/paused') === true) return 'its rollout is paused';
  const strategy = valueAt(workload, '/spec/updateStrategy/type');
  if (strategy === 'OnDelete') return 'its pods are replaced only when somebody deletes them (OnDelete)';
  const partition = Number(valueAt(workload, '/spec/updateStrategy/rollingUpdate/partition') ?? 0);
  return partition > 0 ? `its pods below ${partition} are kept from updates (partition)` : undefined;
}

/** Its controller has seen the latest template, and all pods are of it and available. Pure. */
export function isRolledOut(workload: unknown): boolean {
  const number = (path: string) => Number(valueAt(workload, path) ?? 0);
  if (number('/status/observedGeneration') < number('/metadata/generation')) return false;
  const desired = valueAt(workload, '/status/desiredNumberScheduled');
  if (desired !== undefined)
    return (
      number('/status/updatedNumberScheduled') >= Number(desired) &&
      number('/status/numberAvailable') >= Number(desired)
    );
  const wanted = Number(valueAt(workload, '/spec/replicas') ?? 1);
  return (
    number('/status/updatedReplicas') >= wanted &&
    number('/status/replicas') === number('/status/updatedReplicas') &&
    number('/status/availableReplicas') >= wanted
  );
}
