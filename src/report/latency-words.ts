import { formatNumber, formatPercent } from './format.ts';
import type { Distribution, Quantile } from './types.ts';

/** Each latency has two points; the words of them in tables. */
export const latencyPoints = {
  ack: 'acknowledged: due to final answer, per request',
  send: 'sent: first send to final answer, per request',
  delivery: 'delivered: due to sink, per item',
} as const;

export const distributionNames = ['due to answer, ms', 'first send to answer, ms', 'due to sink, ms'];

/** The whole distributions side by side: what share took at most how long; empty where one has no such place. */
export function distributionRows(of: Distribution): { at: string; values: string[] }[] {
  const byShare = (points: readonly Quantile[]) => new Map(points.map(([share, ms]) => [share, ms]));
  const maps = [of.ack, of.send, of.delivery].map(byShare);
  const shares = [...new Set(maps.flatMap((one) => [...one.keys()]))].sort((a, b) => a - b);
  return shares.map((share) => ({
    at: share === 1 ? 'all' : shareText(share),
    values: maps.map((one) => (one.has(share) ? formatNumber(one.get(share)) : '')),
  }));
}

function shareText(share: number): string {
  return share < 0.999 ? formatPercent(share) : `${formatNumber(share * 100, 7)} %`;
}
