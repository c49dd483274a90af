import type { Signal } from '../base/signal.ts';
import { type CanaryItem, type CanaryRun, canaryItem } from './canary.ts';
import { findCanaries, findJsonCanaries, type SeenItem } from './canary-seen.ts';

/** A canary that arrived, and in words what on the way altered; empty when it is as it was sent. */
export interface CheckedCanary {
  canary: string;
  altered: string[];
}

/** Compares the canaries of a request with what this run sent. Other resources are passed over. */
export function checkCanary(
  run: CanaryRun,
  request: { signal: Signal; encoding: 'protobuf' | 'json'; body: Uint8Array },
): CheckedCanary[] {
  const { signal, encoding } = request;
  const body = Buffer.from(request.body.buffer, request.body.byteOffset, request.body.byteLength);
  const seen = encoding === 'json' ? findJsonCanaries(signal, body) : findCanaries(signal, body);
  return seen.map(({ canary, items }) => {
    const sent = canaryItem(run, Number(canary));
    const [item] = items;
    if (item === undefined) return { canary, altered: ['the item is gone or of another kind'] };
    const altered = signal === 'metrics' ? alteredPoint(sent, item) : alteredIds(signal, sent, item);
    if (items.length > 1) altered.push(`one item became ${items.length}`);
    return { canary, altered };
  });
}

function alteredIds(signal: 'traces' | 'logs', sent: CanaryItem, item: SeenItem): string[] {
  const altered: string[] = [];
  if (item.traceId !== sent.traceId) altered.push('trace id rewritten');
  if (item.spanId !== sent.spanId) altered.push('span id rewritten');
  altered.push(...alteredTime('time', sent.timeNs, item.timeNs));
  if (signal === 'traces') altered.push(...alteredTime('start time', sent.startNs, item.startNs));
  return altered;
}

function alteredPoint(sent: CanaryItem, item: SeenItem): string[] {
  const altered = alteredTime('time', sent.timeNs, item.timeNs);
  if (item.seriesId !== sent.seriesId) {
    altered.push(
      item.seriesId === undefined ? 'attribute series.id removed' : 'attribute series.id rewritten',
    );
  }
  if (item.value !== sent.value) altered.push('value changed');
  return altered;
}

function alteredTime(name: string, sentNs: bigint, seenNs: bigint | undefined): string[] {
  if (seenNs === sentNs) return [];
  if (seenNs === undefined || seenNs === 0n) return [`${name} removed`];
  for (const [unit, ns] of [
    ['microseconds', 1_000n],
    ['milliseconds', 1_000_000n],
    ['seconds', 1_000_000_000n],
  ] as const) {
    if (seenNs === sentNs - (sentNs % ns)) return [`${name} truncated to ${unit}`];
  }
  return [`${name} rewritten`];
}
