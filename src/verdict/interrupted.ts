import type { RunRecord } from '../observe/evidence.ts';

/** "interrupted", by a signal or by halt; in a drill also by people's word, or because there was none. */
export function howInterrupted({ ended }: Pick<RunRecord, 'ended'>): string {
  const why = ended.kind === 'interrupted' ? ended.why : undefined;
  return why === undefined ? 'interrupted' : `interrupted (${why})`;
}
