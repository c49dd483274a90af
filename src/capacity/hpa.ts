/**
 * The HorizontalPodAutoscaler of Kubernetes as its documentation describes it
 * (kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale, "Algorithm details" and "Configurable scaling
 * behavior"): desired = ceil(current x metric / target), no change within the tolerance, then stabilisation windows,
 * policies and bounds. Pure: metrics come with their time. test/fixtures/hpa holds what real ones did.
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
  /**
   * The object has no behavior block at all: then its controller takes the most that was recommended within the window
   * downwards, and goes up to 4 or doubles at each turn, where a block without rules gets the documented ones.
   */
  withoutBehavior?: boolean;
}

/** What Kubernetes does where a behavior block says nothing. */
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

/** What one turn of the controller sees. */
export interface HpaLook {
  /** Of the workload, as set. */
  replicas: number;
  /** Mean over the pods that count. */
  metric: number;
  /** Pods that count: ready, and a whole window of the metric old since; default all. */
  readyPods?: number;
  /** Pods that run and have no metric yet; the rest, neither ready nor missing, are not yet ready. */
  missingPods?: number;
}

/** One turn of the controller: the replicas to set, and what it remembers. */
export function stepHpa(
  spec: HpaSpec,
  state: HpaState,
  look: HpaLook & { atS: number },
): { replicas: number; state: HpaState } {
  const { atS, replicas } = look;
  const wanted = desiredReplicas(spec, look);
  const reachS = Math.max(spec.scaleUp.stabilizationWindowS, spec.scaleDown.stabilizationWindowS);
  // What it finds at its first look counts as recommended then: a new HPA takes nothing away for a whole window.
  const earlier = state.recommended.length === 0 ? [{ atS, replicas }] : state.recommended;
  const recommended = [...earlier.filter((one) => one.atS > atS - reachS), { atS, replicas: wanted }];
  const { upTo, downTo } = windowsOf(spec, earlier, { atS, wanted });
  const stable = Math.min(downTo, Math.max(upTo, replicas));
  const limited =
    spec.withoutBehavior === true
      ? Math.min(downTo, Math.max(2 * replicas, 4))
      : limitRate(spec, state.changes, { atS, replicas, wanted: stable });
  const next = Math.min(spec.maxReplicas, Math.max(spec.minReplicas, limited));
  const changes = next === replicas ? state.changes : [...state.changes, { atS, by: next - replicas }];
  return { replicas: next, state: { recommended, changes } };
}

/** As the HPA reads a share of a request: in whole per cent, rounded down. */
export function wholePercent(share: number): number {
  return Math.floor(100 * share + 1e-9) / 100;
}

/**
 * ceil(pods x metric / target), and no change while the ratio is within the tolerance of 1. Pods that do not count are
 * no reason to go the other way, nor all of the way: upwards they are taken to use nothing; downwards those without a
 * metric all of their request, or of the target where that is more. If it then turns around, or is within the
 * tolerance, nothing is changed.
 */
export function desiredReplicas(
  { target, tolerance }: Pick<HpaSpec, 'target' | 'tolerance'>,
  { replicas, metric, readyPods = replicas, missingPods = 0 }: HpaLook,
): number {
  if (readyPods === 0) return replicas;
  const within = (ratio: number) => Math.abs(ratio - 1) <= tolerance + 1e-9;
  const ratio = metric / target;
  const up = ratio > 1;
  const unreadyPods = up ? Math.max(0, replicas - readyPods - missingPods) : 0;
  const pods = readyPods + missingPods + unreadyPods;
  const missing = up ? 0 : missingPods * Math.max(1, 1 / target);
  const damped = (ratio * readyPods + missing) / pods;
  if (within(damped) || damped > 1 !== up) return replicas;
  // Binary fractions: 3 x 0.7 / 0.7 must not become 4.
  const desired = Math.ceil(damped * pods - 1e-9);
  return up ? Math.max(replicas, desired) : Math.min(replicas, desired);
}

/** Upwards the least of the window, downwards the greatest; within both it stays as it is. */
function windowsOf(
  spec: HpaSpec,
  earlier: HpaState['recommended'],
  now: { atS: number; wanted: number },
): { upTo: number; downTo: number } {
  const within = (windowS: number) => [
    now.wanted,
    ...earlier.filter(({ atS }) => atS > now.atS - windowS).map(({ replicas }) => replicas),
  ];
  return {
    upTo: Math.min(...within(spec.scaleUp.stabilizationWindowS)),
    downTo: Math.max(...within(spec.scaleDown.stabilizationWindowS)),
  };
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
