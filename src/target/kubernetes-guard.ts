import type { V1PodTemplateSpec } from '@kubernetes/client-node';
import { type Clock, waitFor } from '../base/clock.ts';
import type { TargetSpec } from '../scenario/types.ts';
import type { ClusterPlace } from './cluster-place.ts';
import { guardAnnotation, guardEnv, heardWord } from './guard-word.ts';
import { guardName } from './guarded-run.ts';
import { strikable } from './kubernetes-backend.ts';
import { orAbsent, reasonOf } from './kubernetes-client.ts';
import { awaitOwnPods, type OwnPods, ownLabels, ownTemplate } from './kubernetes-own-pods.ts';
import { programLabel, runLabel } from './kubernetes-record.ts';
import { type Need, neededRights, type Right } from './kubernetes-rights.ts';
import { accountFolder } from './pod-account.ts';
import type { Target } from './target.ts';

/** An administrator makes it, with what it may do: k8s/squall/guard.yaml. */
export const guardAccount = 'squall-guard';

type KubernetesSpec = TargetSpec & { kind: 'kubernetes' };

/** Of a run whose faults change what is not its own. */
export interface GuardWish {
  image: string;
  /** What the changes ask of an account. */
  needs: readonly Need[];
}

const wordWithinMs = 30_000;
const silent = `it has said nothing for ${wordWithinMs / 1000} s: is the Role ${guardAccount} bound to its account?`;
/** To see a last renewal, or to end an undo. */
const graceS = 20;

/** What must be done without a guard that has all rights, by hand. */
export function recoverCommand({ context, namespace }: { context: string; namespace: string }): string {
  return `squall recover --all --context ${context} --namespace ${namespace}`;
}

/** Starts the guard of a run, where some fault of its plan needs one; gives what people should know of it. */
export async function guardNotes(
  place: ClusterPlace,
  { guard, spec, clock }: { guard?: GuardWish; spec: KubernetesSpec; clock: Clock },
): Promise<Target['notes']> {
  if (guard === undefined) return [];
  const pullSecrets = spec.imagePullSecrets ?? [];
  const { cluster, namespace: home } = place;
  const rights = guardRights({ members: strikable(spec), home, needs: guard.needs });
  const why = await startGuard({ ...place, image: guard.image, pullSecrets, clock }, rights);
  if (why === undefined) return [];
  return [
    {
      code: 'SQ-NOTE-TARGET',
      severity: 'info',
      sentence: `no guard in the cluster watches over all that the faults change (${why}): should this machine be lost, it stays until squall recover`,
      next: `kubectl -n ${home} apply -f k8s/squall/guard.yaml; after such a loss: ${recoverCommand({ ...cluster, namespace: home })}`,
    },
  ];
}

/** What undoing takes of the guard's account: what changed the objects, and the run's Lease. */
export function guardRights(options: {
  members: Parameters<typeof neededRights>[0]['members'];
  home: string;
  needs: readonly Need[];
}): Right[] {
  const lease = { namespace: options.home, group: 'coordination.k8s.io', resource: 'leases' };
  const changes = neededRights(options).filter(({ verb }) => verb === 'patch');
  return [...['get', 'update'].map((verb) => ({ ...lease, verb })), ...changes];
}

/**
 * Puts a guard of the run into the cluster, which undoes its faults when the runner and the guards of its machine are all
 * gone. Gives why it does not watch over everything, or undefined. Never rejects: a run goes on without it.
 */
async function startGuard(own: OwnPods, rights: readonly Right[]): Promise<string | undefined> {
  const { cluster, namespace, run } = own;
  const labels = ownLabels(own, 'guard');
  const template = guardTemplate(own, rights);
  const { metadata, spec } = template;
  const name = guardName(run);
  try {
    // Says whether there is the account, and what every admission says to such a pod.
    await cluster.core.createNamespacedPod({
      namespace,
      body: { metadata: { ...metadata, name }, ...(spec === undefined ? {} : { spec }) },
      dryRun: 'All',
    });
  } catch (error) {
    const why = reasonOf(error);
    const lacks = `there is no ServiceAccount ${guardAccount} in ${namespace}`;
    return why.includes(`serviceaccount "${guardAccount}" not found`) ? lacks : why;
  }
  try {
    await cluster.batch.createNamespacedJob({
      namespace,
      body: {
        metadata: { name, labels, ownerReferences: [own.owner] },
        // However often it is killed: a pod of a drained node is made anew elsewhere.
        spec: { backoffLimit: 1000, template },
      },
    });
    await awaitOwnPods(own, 'guard', 1);
    const lacks = await awaitWord(own);
    if (lacks === undefined) throw new Error(silent);
    return lacks.length === 0 ? undefined : `its account may not ${lacks.join(', ')}`;
  } catch (error) {
    // One that comes up later would make the report untrue.
    const propagationPolicy = 'Background';
    await orAbsent<unknown>(cluster.batch.deleteNamespacedJob({ namespace, name, propagationPolicy })).catch(
      () => undefined, // it goes with the record
    );
    return reasonOf(error);
  }
}

/** What its account may not do. */
async function awaitWord({ cluster, namespace, run, clock }: OwnPods): Promise<string[] | undefined> {
  const labelSelector = `${runLabel}=${run},${programLabel}=guard`;
  return waitFor(clock, { timeoutMs: wordWithinMs, everyMs: 200 }, async () => {
    const { items } = await cluster.core.listNamespacedPod({ namespace, labelSelector });
    const words = items.map(({ metadata }) => heardWord(metadata?.annotations?.[guardAnnotation]));
    return words.find((word) => word !== undefined)?.lacks;
  });
}

function guardTemplate(own: OwnPods, rights: readonly Right[]): V1PodTemplateSpec {
  const { metadata, spec } = ownTemplate(own, 'guard', { cpuMillis: 10 });
  const env = [
    ...guardEnv({ ...own, rights: [...rights] }),
    { name: 'NODE_EXTRA_CA_CERTS', value: `${accountFolder}/ca.crt` },
  ];
  return {
    metadata: { ...metadata, annotations: { [guardAnnotation]: '' } },
    spec: {
      ...spec,
      restartPolicy: 'OnFailure',
      serviceAccountName: guardAccount,
      automountServiceAccountToken: true,
      terminationGracePeriodSeconds: graceS,
      containers: (spec?.containers ?? []).map((container) => ({ ...container, env })),
    },
  };
}
