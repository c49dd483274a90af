import type { PrometheusRecord } from '../observe/evidence.ts';
import type { FaultBounds } from './windows.ts';

/**
 * The first scrape after the fault's end at which no queue is longer than it ever was before the fault, ns; later than
 * the truth by up to a scrape. Undefined where no queue was scraped before and after, or one never came back.
 */
export function drainedNs(series: PrometheusRecord['series'], bounds: FaultBounds): number | undefined {
  const { injectedNs, recoveredNs } = bounds;
  if (injectedNs === undefined || recoveredNs === undefined) return undefined;
  const [fromS, endS] = [injectedNs / 1e9, recoveredNs / 1e9];
  let drainedS: number | undefined;
  for (const { name, points } of series) {
    if (!/^queue size\b/.test(name)) continue;
    const before = points.filter(([at]) => at < fromS);
    const after = points.filter(([at]) => at >= endS);
    if (before.length === 0 || after.length === 0) continue;
    const most = before.reduce((max, [, value]) => Math.max(max, value), 0);
    const back = after.find(([, value]) => value <= most);
    if (back === undefined) return undefined;
    drainedS = Math.max(drainedS ?? 0, back[0]);
  }
  return drainedS === undefined ? undefined : drainedS * 1e9;
}
