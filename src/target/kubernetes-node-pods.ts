import type { V1Node, V1Pod } from '@kubernetes/client-node';
import { systemNamespaces } from '../base/kubernetes.ts';
import type { NodePod } from './cluster-powers.ts';
import { protectedBy } from './kubernetes-preflight.ts';
import { programLabel } from './kubernetes-record.ts';

/** In place of a pod that the kubelet runs from a file of its own: the API server cannot end it. */
const mirrorAnnotation = 'kubernetes.io/config.mirror';
const controlPlaneLabels = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

/** What a drain does with a pod, by the rules of kubectl drain, within the namespaces that a run may strike. Pure. */
export function drainedPod(pod: V1Pod, namespaces: readonly string[]): NodePod {
  const { namespace = '', name = '', uid = '', deletionTimestamp } = pod.metadata ?? {};
  const stays = whyItStays(pod, namespaces);
  const needs = whatItNeeds(pod);
  return {
    id: `${namespace}/${name}`,
    namespace,
    name,
    uid,
    ending: deletionTimestamp !== undefined,
    ...(stays === undefined ? {} : { stays }),
    ...(stays === undefined && needs !== undefined ? { needs } : {}),
  };
}

function whyItStays({ metadata, status }: V1Pod, namespaces: readonly string[]): string | undefined {
  const namespace = metadata?.namespace ?? '';
  if (['Succeeded', 'Failed'].includes(status?.phase ?? '')) return 'it has ended';
  if (metadata?.annotations?.[mirrorAnnotation] !== undefined) return 'the kubelet runs it by itself';
  if (metadata?.ownerReferences?.some(({ controller, kind }) => controller === true && kind === 'DaemonSet'))
    return 'a DaemonSet has a pod on every node';
  if (systemNamespaces.includes(namespace)) return 'it is of the system';
  const guarded = protectedBy(metadata?.labels ?? {});
  if (guarded !== undefined) return `it is ${guarded}`;
  return namespaces.includes(namespace) ? undefined : 'it is in no namespace of the scenario';
}

/** What would be gone for good with it, so that the scenario must say that it may. */
function whatItNeeds({ metadata, spec }: V1Pod): NodePod['needs'] {
  if (!(metadata?.ownerReferences ?? []).some(({ controller }) => controller === true)) return 'force';
  const scratch = spec?.volumes?.some(({ emptyDir }) => emptyDir !== undefined) === true;
  return scratch ? 'deleteEmptyDirData' : undefined;
}

/** What of squall's own way through the cluster a node carries, in words. `addresses`: of this machine. Pure. */
export function ownPathOn(options: {
  node: V1Node;
  pods: readonly V1Pod[];
  addresses: readonly string[];
}): string[] {
  const { node, pods, addresses } = options;
  const labels = node.metadata?.labels ?? {};
  const isControl =
    controlPlaneLabels.some((label) => labels[label] !== undefined) ||
    pods.some(({ metadata }) => metadata?.labels?.component === 'kube-apiserver');
  const own = pods.flatMap(({ metadata, spec, status }) => {
    const program = metadata?.labels?.[programLabel];
    // A guard that is evicted is made anew elsewhere.
    if (program !== undefined && program !== 'guard')
      return [`squall's own ${program} (pod ${metadata?.name})`];
    const isHere = spec?.hostNetwork !== true && addresses.includes(status?.podIP ?? '-');
    return isHere ? [`squall itself (pod ${metadata?.name})`] : [];
  });
  return [...(isControl ? ['the API server'] : []), ...own];
}
