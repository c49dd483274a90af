import { stringify } from 'yaml';
import { headroomOf } from './day.ts';
import { defaultRules } from './hpa.ts';

/** What the manifests are made from; replicas and CPU target follow from a confirmed capacity. */
export interface ManifestInput {
  workload: string;
  replicas: number;
  tolerateLoss: number;
  safetyFactor: number;
  /** CPU at capacity as a share of the request. */
  cpuAtCapacity: number;
  cpuMillis?: number;
  memoryBytes?: number;
}

/**
 * CPU target (whole per cent) at which the HPA acts while a pod still has the safety factor left:
 * target x (1 + tolerance) = CPU at capacity / safety.
 */
export function cpuTargetFor(input: {
  safetyFactor: number;
  cpuAtCapacity: number;
  tolerance?: number;
}): number {
  const { safetyFactor, cpuAtCapacity, tolerance = defaultRules.tolerance } = input;
  return Math.max(1, Math.floor((100 * cpuAtCapacity) / (safetyFactor * (1 + tolerance))));
}

/** HPA, PDB and the container's resources as YAML that applies to a cluster, each with why it is so. */
export function manifestsFor(input: ManifestInput): string {
  const { workload, replicas, tolerateLoss } = input;
  const targetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: workload };
  const utilization = cpuTargetFor(input);
  const left = headroomOf(
    { target: utilization / 100, tolerance: defaultRules.tolerance },
    input.cpuAtCapacity,
  );
  const hpa = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: workload },
    spec: {
      scaleTargetRef: targetRef,
      minReplicas: Math.max(2, Math.ceil(replicas / 3), 1 + tolerateLoss),
      maxReplicas: Math.ceil(1.25 * replicas),
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: utilization } },
        },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
    },
  };
  const pdb = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: workload },
    spec: { maxUnavailable: Math.max(1, tolerateLoss), selector: { matchLabels: { app: workload } } },
  };
  const why = `# Acts above ${Math.round(utilization * (1 + defaultRules.tolerance))} % CPU (target and tolerance): ${left.toFixed(2)} times the load is still carried then.\n`;
  return `${why}${stringify(hpa)}---\n# So many pods may go at a time: what is left carries the peak.\n${stringify(pdb)}${resourcesOf(input)}`;
}

function resourcesOf({ cpuMillis, memoryBytes, workload }: ManifestInput): string {
  if (cpuMillis === undefined && memoryBytes === undefined) return '';
  const amounts = {
    ...(cpuMillis === undefined ? {} : { cpu: `${cpuMillis}m` }),
    ...(memoryBytes === undefined ? {} : { memory: `${Math.round(memoryBytes / 2 ** 20)}Mi` }),
  };
  // Requests as limits: what was measured is what the pod gets, whatever else runs on the node.
  const patch = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: workload },
    spec: {
      template: {
        spec: { containers: [{ name: workload, resources: { requests: amounts, limits: amounts } }] },
      },
    },
  };
  return `---\n# A patch (kubectl patch --patch-file): the resources that the capacity was measured with.\n${stringify(patch)}`;
}
