import type { FaultRecord } from '../observe/evidence.ts';
import type { FaultResult } from '../report/types.ts';

/** What became of pods under a fault, as the report has it: seconds; nothing where no pod waited or ended. */
export function podResults({ waits, ended }: FaultRecord): Pick<FaultResult, 'waits' | 'ended'> {
  return {
    ...(waits === undefined ? {} : { waits: waits.map(waitResult) }),
    ...(ended === undefined ? {} : { ended: ended.map(endedResult) }),
  };
}

function waitResult({
  fromNs,
  toNs,
  ...wait
}: NonNullable<FaultRecord['waits']>[number]): NonNullable<FaultResult['waits']>[number] {
  return { ...wait, fromS: fromNs / 1e9, lengthS: toNs === undefined ? null : (toNs - fromNs) / 1e9 };
}

function endedResult({
  pod,
  node,
  items,
  ...at
}: NonNullable<FaultRecord['ended']>[number]): NonNullable<FaultResult['ended']>[number] {
  const inS = (ns: number | undefined) => (ns === undefined ? null : ns / 1e9);
  return {
    pod,
    node,
    endingS: inS(at.endingNs),
    graceS: at.graceS ?? null,
    goneS: inS(at.goneNs),
    held:
      items === undefined ? null : { items: Math.max(0, items.accepted - items.sent), atS: inS(at.itemsNs) },
  };
}
