import { nowNs } from '../base/clock.ts';

/** t = 0 in this process's monotonic clock, and how late it is heard of: negative while it is still to come. */
export function goAt(t0WallNs: string, wallAtBootNs: bigint): { t0Ns: number; lateMs: number } {
  const t0Ns = Number(BigInt(t0WallNs) - wallAtBootNs);
  return { t0Ns, lateMs: (nowNs() - t0Ns) / 1e6 };
}
