import type { NodePod } from '../target/cluster-powers.ts';
import type { Member } from '../target/target.ts';
import type { FaultContext } from './fault.ts';
import { isCordoned, nodeOf } from './node-fields.ts';
import { noteSights } from './pod-ends.ts';

/** Between two looks at what is left on the node, and between two requests to evict one pod. */
const lookEveryMs = 250;
const askEveryMs = 1000;

/** A drain under way. Times are monotonic ns. */
export interface Drain {
  startNs: number;
  lookNs: number;
  /** When each pod may be asked for again, by uid. */
  askNs: Map<string, number>;
  /** Pods that were let go, by uid. */
  evicted: Map<string, string>;
  /** Still to go at the last look. */
  left: NodePod[];
  staying: NodePod[];
  /** It takes pods again though the fault lasts. */
  opened?: true;
  /** When nothing was left. */
  endNs?: number;
}

export interface DrainOrder {
  gracePeriodS?: number;
  timeoutMs?: number;
}

export function beginDrain({ clock }: FaultContext): Drain {
  const startNs = clock.nowNs();
  return { startNs, lookNs: startNs, askNs: new Map(), evicted: new Map(), left: [], staying: [] };
}

/**
 * One step: asks the API server to end each pod that is left, and notes which of them a disruption budget keeps, from
 * the first refusal until it lets go. Does nothing when it is over or not yet time.
 */
export async function stepDrain(
  drain: Drain,
  at: { member: Member; order: DrainOrder; context: FaultContext },
): Promise<void> {
  const { member, order, context } = at;
  const { clock, memory } = context;
  if (drain.endNs !== undefined || memory.get('givenUp') === true || clock.nowNs() < drain.lookNs) return;
  drain.lookNs = clock.nowNs() + lookEveryMs * 1e6;
  // Somebody opened it, as recover does for a run that it takes for dead: nothing more is done to it.
  if (!(await isCordoned(member))) {
    drain.opened = true;
    memory.set('givenUp', true);
    return;
  }
  const pods = await nodeOf(member).pods();
  drain.staying = pods.filter(({ stays }) => stays !== undefined);
  drain.left = pods.filter(({ stays }) => stays === undefined);
  closeWaits(context, (pod) => !drain.left.some(({ id, ending }) => id === pod && !ending), true);
  if (context.ended !== undefined)
    noteSights(context.ended, { sights: await nodeOf(member).sights(), atNs: clock.nowNs() });
  for (const pod of drain.left) await askFor(drain, pod, at);
  if (drain.left.length === 0) drain.endNs = clock.nowNs();
  else if (order.timeoutMs !== undefined && clock.nowNs() - drain.startNs > order.timeoutMs * 1e6)
    memory.set('givenUp', true);
}

async function askFor(
  drain: Drain,
  pod: NodePod,
  { member, order, context }: { member: Member; order: DrainOrder; context: FaultContext },
): Promise<void> {
  const { clock, fault, waits = [] } = context;
  const first = !drain.askNs.has(pod.uid);
  if (pod.ending || clock.nowNs() < (drain.askNs.get(pod.uid) ?? 0)) return;
  if (first) await nodeOf(member).intend(pod, fault);
  drain.askNs.set(pod.uid, clock.nowNs() + askEveryMs * 1e6);
  const { gracePeriodS } = order;
  const refusal = await nodeOf(member).evict(pod, gracePeriodS === undefined ? {} : { gracePeriodS });
  if (refusal === undefined) {
    drain.evicted.set(pod.uid, pod.id);
    const seen = context.ended?.find(({ uid }) => uid === pod.uid);
    if (seen !== undefined) seen.endingNs ??= clock.nowNs();
    context.journal('evicted', { pod: pod.id, uid: pod.uid });
    closeWaits(context, (id) => id === pod.id, true);
    return;
  }
  if (waits.some((wait) => wait.pod === pod.id && wait.toNs === undefined)) return;
  waits.push({ pod: pod.id, ...refusal, fromNs: clock.nowNs(), evicted: false });
  context.journal('kept', { pod: pod.id, ...refusal });
}

/** Ends the waits for these pods now. */
export function closeWaits(
  { waits = [], clock }: Pick<FaultContext, 'waits' | 'clock'>,
  isOver: (pod: string) => boolean,
  evicted: boolean,
): void {
  for (const wait of waits)
    if (wait.toNs === undefined && isOver(wait.pod)) {
      wait.toNs = clock.nowNs();
      wait.evicted = evicted;
    }
}

/** What was evicted, how long it took, and what stays for which reason. */
export function drainWords({ startNs, endNs, evicted, staying }: Drain): string {
  const took = endNs === undefined ? '' : ` in ${seconds(endNs - startNs)}`;
  const reasons = Map.groupBy(staying, ({ stays }) => stays ?? '');
  const stay = [...reasons].map(([reason, pods]) => `${pods.length} as ${reason}`);
  return [
    `evicted ${[...evicted.values()].join(', ') || 'no pod'}${took}`,
    ...(stay.length === 0 ? [] : [`left where they are: ${stay.join(', ')}`]),
  ].join('; ');
}

/** Which pods are left and what keeps them. */
export function leftWords({ left, opened }: Drain, { waits = [], clock }: FaultContext): string {
  const words = left.map(({ id, ending }) => {
    const wait = waits.findLast(({ pod, evicted }) => pod === id && !evicted);
    if (ending) return `${id} is on its way out`;
    if (wait === undefined) return `${id} was not let go`;
    const kept = seconds((wait.toNs ?? clock.nowNs()) - wait.fromNs);
    return `${id} is kept by the disruption budget ${wait.budget}, for ${kept} (${wait.why})`;
  });
  return [...(opened === true ? ['it was opened by somebody else'] : []), ...words].join('; ');
}

function seconds(ns: number): string {
  return `${(ns / 1e9).toFixed(1)} s`;
}
