import type {
  CoreV1Event,
  V1ContainerStatus,
  V1Pod,
  V2HorizontalPodAutoscaler,
} from '@kubernetes/client-node';

/** What a change of a pod says, in the order in which it happens. `oom`: a container was killed for its memory. */
export interface Change {
  what: string;
  oom?: true;
}

/** From one state of a pod to the next; undefined: it was not there, or is not any more. Pure. */
export function podChanges(before: V1Pod | undefined, after: V1Pod | undefined): Change[] {
  const name = `pod ${(after ?? before)?.metadata?.name ?? ''}`;
  if (after === undefined) return [{ what: `${name} is gone` }];
  const changes: Change[] = [];
  const say = (what: string) => changes.push({ what: `${name} ${what}` });
  if (before === undefined) say('is there');
  const { metadata, spec, status } = after;
  if (spec?.nodeName !== undefined && before?.spec?.nodeName === undefined)
    say(`goes to node ${spec.nodeName}`);
  if (metadata?.deletionTimestamp !== undefined && before?.metadata?.deletionTimestamp === undefined)
    say('is asked to end');
  for (const container of containersOf(after)) {
    const last = containersOf(before).find(({ name: own }) => own === container.name);
    changes.push(...containerChanges(name, last, container));
  }
  if (isReady(before) !== isReady(after)) say(isReady(after) ? 'is ready' : 'is not ready any more');
  const { phase, reason } = status ?? {};
  if (phase === 'Failed' && before?.status?.phase !== 'Failed')
    say(`failed${reason === undefined ? '' : `: ${reason}`}`);
  return changes;
}

/** Sidecars are init containers that go on. */
function containersOf(pod: V1Pod | undefined): V1ContainerStatus[] {
  const { initContainerStatuses = [], containerStatuses = [] } = pod?.status ?? {};
  return [...initContainerStatuses, ...containerStatuses];
}

/** By reason, never by exit code: that is 0 where only a child of the first process was killed. */
function containerChanges(
  pod: string,
  last: V1ContainerStatus | undefined,
  now: V1ContainerStatus,
): Change[] {
  const changes: Change[] = [];
  const ended = endOf(now);
  if (ended !== undefined && ended.id !== endOf(last)?.id) {
    const { reason = 'no reason', exitCode } = ended.state;
    const when = ended.at === '' ? '' : ` at ${ended.at}`;
    const what = `${pod}: container ${now.name} ended${when}, ${reason}, exit code ${exitCode}`;
    changes.push(reason === 'OOMKilled' ? { what, oom: true } : { what });
  }
  if (now.restartCount > (last?.restartCount ?? 0))
    changes.push({
      what: `${pod}: container ${now.name} starts again, for the ${ordinal(now.restartCount)} time`,
    });
  const waits = now.state?.waiting?.reason;
  if (waits !== undefined && waits !== last?.state?.waiting?.reason && waits !== 'ContainerCreating')
    changes.push({ what: `${pod}: container ${now.name} waits, ${waits}` });
  return changes;
}

/** Its latest end, in whichever state the kubelet tells it; by the clock of its node, to the second. */
function endOf(status: V1ContainerStatus | undefined) {
  const state = status?.state?.terminated ?? status?.lastState?.terminated;
  if (state === undefined) return undefined;
  const { finishedAt, containerID } = state;
  const at = finishedAt === undefined ? '' : new Date(finishedAt).toISOString().slice(0, 19);
  return { id: containerID ?? at, state, at: at === '' ? '' : `${at.slice(11)}Z` };
}

function ordinal(count: number): string {
  return ['0th', '1st', '2nd', '3rd'][count] ?? `${count}th`;
}

function isReady(pod: V1Pod | undefined): boolean {
  return pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

/** Pods that an autoscaler wants. Pure. */
export function wantedPods(scaler: V2HorizontalPodAutoscaler | undefined): number {
  return scaler?.status?.desiredReplicas ?? 0;
}

/** A new number of pods that an autoscaler wants, and by which measure. Pure. */
export function scaleChange(
  before: V2HorizontalPodAutoscaler | undefined,
  after: V2HorizontalPodAutoscaler,
): string | undefined {
  const [was, wanted] = [before?.status?.desiredReplicas, after.status?.desiredReplicas];
  if (wanted === undefined || wanted === was) return undefined;
  const measures = (after.status?.currentMetrics ?? []).flatMap(({ resource }) => {
    const percent = resource?.current.averageUtilization;
    return percent === undefined ? [] : [`${resource?.name} at ${percent} %`];
  });
  const by = measures.length === 0 ? '' : ` (${measures.join(', ')})`;
  return `autoscaler ${after.metadata?.name ?? ''} wants ${wanted} pods${was === undefined ? '' : `, from ${was}`}${by}`;
}

/** What a component of the cluster said about an object. Pure. */
export function eventSentence(event: CoreV1Event): string {
  const { reason = '', message = '', involvedObject } = event;
  const { kind = '', name = '' } = involvedObject;
  const count = timesOf(event);
  const times = count > 1 ? ` (${count} times)` : '';
  return `${kind.toLowerCase()} ${name}: ${reason}, ${message}${times}`;
}

/** Said anew, or at least twice as often as when it was last a power of two: a probe that fails says so for ever. */
export function isWorthTelling(before: CoreV1Event | undefined, after: CoreV1Event): boolean {
  return (
    before === undefined || Math.floor(Math.log2(timesOf(after))) > Math.floor(Math.log2(timesOf(before)))
  );
}

function timesOf({ count, series }: CoreV1Event): number {
  return Math.max(1, series?.count ?? count ?? 1);
}
