import { formatDuration } from '../base/units.ts';
import { type Draft, type DraftSlo, entryEndMs, stageName } from './draft.ts';
import { findMeasure, parseMeasure } from './measures.ts';
import type { Mistake } from './mistakes.ts';

/** A stretch of the timeline, ms from t = 0, and what would give it room. */
interface Stretch {
  fromMs: number;
  toMs: number;
  next: string;
}

/**
 * A window that holds nothing by the plan would be unknown for ever: before:F of a fault that strikes when the warmup
 * ends, after:F of one that lasts as long as the load, an entry that is over with the warmup. Counts of the ledger
 * reach back into the warmup.
 */
export function checkEmptyWindow(draft: Draft, slo: DraftSlo, window: string): Mistake[] {
  const ends = draft.load.map(({ spec }) => (spec === undefined ? undefined : entryEndMs(spec)));
  const known = ends.filter((end) => end !== undefined);
  if (known.length === 0 || known.length < ends.length) return [];
  const endMs = Math.max(...known);
  // A warmup that is as long as the load is a mistake of its own.
  if (draft.warmupMs >= endMs) return [];
  const stretch = stretchOf(draft, window, endMs);
  if (stretch === undefined) return [];
  const startMs = reachesBack(slo) ? 0 : draft.warmupMs;
  if (Math.min(stretch.toMs, endMs) > Math.max(stretch.fromMs, startMs)) return [];
  return [
    {
      path: [...slo.path, 'window'],
      what: `the window ${window} holds nothing by the plan`,
      expected: `a stretch between ${formatDuration(startMs)}${startMs > 0 ? ', the end of the warmup,' : ''} and ${formatDuration(endMs)}, the end of the load`,
      found: `${formatDuration(stretch.fromMs)} to ${formatDuration(stretch.toMs)}`,
      next: stretch.next,
    },
  ];
}

function reachesBack({ measure }: DraftSlo): boolean {
  const parsed = measure === undefined ? undefined : parseMeasure(measure);
  return parsed !== undefined && findMeasure(parsed.name)?.source === 'ledger';
}

function stretchOf(draft: Draft, window: string, endMs: number): Stretch | undefined {
  const [when, name] = window.split(':');
  const fault = draft.faults.find((one) => name !== undefined && one.name === name)?.spec;
  if (fault !== undefined) {
    const { atMs } = fault;
    const overMs = atMs + (fault.durationMs ?? 0);
    const earlier = `let ${name} begin earlier, or lengthen the load`;
    if (when === 'before')
      return { fromMs: 0, toMs: atMs, next: `let ${name} begin after the warmup, or shorten warmup` };
    if (when === 'after') return { fromMs: overMs, toMs: endMs, next: earlier };
    // A kill lasts until the first item is accepted again.
    const toMs = fault.durationMs === undefined ? endMs : overMs;
    return { fromMs: atMs, toMs, next: toMs <= draft.warmupMs ? 'shorten warmup' : earlier };
  }
  return stretchOfLoad(draft, window);
}

function stretchOfLoad(draft: Draft, window: string): Stretch | undefined {
  const next = 'shorten warmup, or let more of it be after the warmup';
  for (const { name, spec } of draft.load) {
    if (spec === undefined) continue;
    if (window === name) return { fromMs: spec.startMs, toMs: entryEndMs(spec), next };
    if (spec.executor.kind !== 'ramping-arrival-rate') continue;
    let fromMs = spec.startMs;
    for (const [index, stage] of spec.executor.stages.entries()) {
      const toMs = fromMs + stage.durationMs;
      if (window === `${name}/${stageName(stage, index)}`) return { fromMs, toMs, next };
      fromMs = toMs;
    }
  }
  return undefined;
}
