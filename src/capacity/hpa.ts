/**
 * The HorizontalPodAutoscaler of Kubernetes as its documentation describes it
 * (kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale, "Algorithm details" and "Configurable scaling
 * behavior"): desired = ceil(current x metric / target), no change within the tolerance, then stabilisation windows,
 * policies and bounds. Pure: metrics come with their time.
 */

export interface ScalingPolicy {
  type: 'Pods' | 'Percent';
  value: number;
  periodS: number;
}

export interface ScalingRules {
  stabilizationWindowS: number;
  selectPolicy: 'Max' | 'Min' | 'Disabled';
  /** None: as fast as it likes. */
  policies: readonly ScalingPolicy[];
}

export interface HpaSpec {
  minReplicas: number;
  maxReplicas: number;
  /** Wanted average of the metric per pod, in the metric's unit (for CPU: share of the request, 0.7). */
  target: number;
  tolerance: number;
  scaleUp: ScalingRules;
  scaleDown: ScalingRules;
}

/** What Kubernetes does when nothing is said. */
export const defaultRules = {
  tolerance: 0.1,
  scaleUp: {
    stabilizationWindowS: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Percent', value: 100, periodS: 15 },
      { type: 'Pods', value: 4, periodS: 15 },
    ],
  },
  scaleDown: {
    stabilizationWindowS: 300,
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, periodS: 15 }],
  },
} as const satisfies Pick<HpaSpec, 'tolerance' | 'scaleUp' | 'scaleDown'>;

export interface HpaState {
  /** Recommendations of the longer window, newest last. */
  recommended: readonly { atS: number; replicas: number }[];
  /** Changes made, newest last: policies count what happened within their period. */
  changes: readonly { atS: number; by: number }[];
}

export const freshHpa: HpaState = { recommended: [], changes: [] };

/** One turn of the controller: the replicas to set, and what it remembers. `metric` is the mean over ready pods. */
export function stepHpa(
  spec: HpaSpec,
  state: HpaState,
  look: { atS: number; replicas: number; metric: number; readyPods?: number },
): { replicas: number; state: HpaState } {
  const { atS, replicas } = look;
  const wanted = desiredReplicas(spec, look);
  const reachS = Math.max(spec.scaleUp.stabilizationWindowS, spec.scaleDown.stabilizationWindowS);
  const recommended = [
    ...state.recommended.filter((one) => one.atS > atS - reachS),
    { atS, replicas: wanted },
  ];
  const stable = stabilize(spec, recommended, { atS, replicas });
  const limited = limitRate(spec, state.changes, { atS, replicas, wanted: stable });
  const next = Math.min(spec.maxReplicas, Math.max(spec.minReplicas, limited));
  const changes = next === replicas ? state.changes : [...state.changes, { atS, by: next - replicas }];
  return { replicas: next, state: { recommended, changes } };
}

/** ceil(current x metric / target), and no change while the ratio is within the tolerance of 1. */
export function desiredReplicas(
  { target, tolerance }: Pick<HpaSpec, 'target' | 'tolerance'>,
  { replicas, metric, readyPods = replicas }: { replicas: number; metric: number; readyPods?: number },
): number {
  const ratio = metric / target;
  if (Math.abs(ratio - 1) <= tolerance + 1e-9) return replicas;
  // Binary fractions: 3 x 0.7 / 0.7 must not become 4.
  const desired = Math.ceil(readyPods * ratio - 1e-9);
  // Pods that are not ready yet are no reason to go the other way.
  return ratio > 1 ? Math.max(replicas, desired) : Math.min(replicas, desired);
}

/** Upwards the least of the window, downwards the greatest; within both, as it is. */
function stabilize(
  spec: HpaSpec,
  recommended: HpaState['recommended'],
  now: { atS: number; replicas: number },
): number {
  const within = (windowS: number) =>
    recommended
      .filter(({ atS }) => atS > now.atS - windowS || atS === now.atS)
      .map(({ replicas }) => replicas);
  const upTo = Math.min(...within(spec.scaleUp.stabilizationWindowS));
  const downTo = Math.max(...within(spec.scaleDown.stabilizationWindowS));
  return Math.min(downTo, Math.max(upTo, now.replicas));
}

/** The replicas that the policies allow, counted from those at the start of each policy's period. */
function limitRate(
  spec: HpaSpec,
  changes: HpaState['changes'],
  now: { atS: number; replicas: number; wanted: number },
): number {
  const { atS, replicas, wanted } = now;
  if (wanted === replicas) return replicas;
  const up = wanted > replicas;
  const { selectPolicy, policies } = up ? spec.scaleUp : spec.scaleDown;
  if (selectPolicy === 'Disabled') return replicas;
  if (policies.length === 0) return wanted;
  const limits = policies.map(({ type, value, periodS }) => {
    const recent = changes.filter((one) => one.atS > atS - periodS);
    const start = replicas - recent.reduce((sum, { by }) => sum + by, 0);
    if (type === 'Pods') return up ? start + value : start - value;
    return up ? Math.ceil(start * (1 + value / 100)) : Math.trunc(start * (1 - value / 100));
  });
  const most = (selectPolicy === 'Max') === up;
  const limit = most ? Math.max(...limits) : Math.min(...limits);
  // A limit that lies behind what is there already holds it where it is.
  return up ? Math.max(replicas, Math.min(wanted, limit)) : Math.min(replicas, Math.max(wanted, limit));
}
