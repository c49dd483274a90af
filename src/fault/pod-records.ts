import type { FaultRecord } from '../observe/evidence.ts';
import type { EndedPod, PodWait } from './fault.ts';

/** What became of pods under a fault, as its record has it: ns from t = 0. Nothing where no pod waited or ended. */
export function podsOf(
  outcomes: readonly { waits: readonly PodWait[]; ended: readonly EndedPod[] }[],
  t0Ns: number,
): Pick<FaultRecord, 'waits' | 'ended'> {
  const since = <K extends string>(key: K, ns: number | undefined) =>
    (ns === undefined ? {} : { [key]: ns - t0Ns }) as { [P in K]?: number };
  const waits = outcomes.flatMap((outcome) => outcome.waits);
  const ended = outcomes.flatMap((outcome) => outcome.ended);
  const ofWait = ({ fromNs, toNs, ...wait }: PodWait) => ({
    ...wait,
    fromNs: fromNs - t0Ns,
    ...since('toNs', toNs),
  });
  const ofEnded = ({ uid: _, endingNs, goneNs, itemsNs, ...pod }: EndedPod) => ({
    ...pod,
    ...since('endingNs', endingNs),
    ...since('goneNs', goneNs),
    ...since('itemsNs', itemsNs),
  });
  return {
    ...(waits.length === 0 ? {} : { waits: waits.map(ofWait) }),
    ...(ended.length === 0 ? {} : { ended: ended.map(ofEnded) }),
  };
}
