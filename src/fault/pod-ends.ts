import type { PodSight } from '../target/pod-sight.ts';
import type { EndedPod } from './fault.ts';

/** The pods that were there at the first look. */
export function watchedPods(sights: readonly PodSight[]): EndedPod[] {
  return sights
    .filter(({ ending }) => !ending)
    .map(({ id, uid, node, items }) => ({ pod: id, uid, node, ...(items === undefined ? {} : { items }) }));
}

/** What a further look says of them: from when each was ending, when it was gone, what it had counted last. */
export function noteSights(
  pods: readonly EndedPod[],
  { sights, atNs }: { sights: readonly PodSight[]; atNs: number },
): void {
  for (const pod of pods) {
    if (pod.goneNs !== undefined) continue;
    const seen = sights.find(({ uid }) => uid === pod.uid);
    if (seen?.ending !== false) pod.endingNs ??= atNs;
    if (seen === undefined) {
      pod.goneNs = atNs;
      continue;
    }
    if (seen.ending && seen.graceS !== undefined) pod.graceS = seen.graceS;
    if (seen.items !== undefined) Object.assign(pod, { items: seen.items, itemsNs: atNs });
  }
}

/** All of them are gone. */
export function allGone(pods: readonly EndedPod[]): boolean {
  return pods.every(({ goneNs }) => goneNs !== undefined);
}
