import type { ResourceLimits } from './limit-power.ts';

/** The kernel's default period of CPU quotas, µs. */
const periodUs = 100_000;

/** Stands for no limit: Docker takes none off that was set once (below 6 MB is an error, -1 too). */
const endlessBytes = 2 ** 52;

/**
 * As a quota: `docker update --cpus 0` takes no limit away, and a container with --cpus takes no quota. As `docker
 * update` and a new container take them; swap is never more than memory.
 */
export function updateOf(limits: ResourceLimits): {
  CpuPeriod: number;
  CpuQuota: number;
  Memory: number;
  MemorySwap: number;
} {
  const { cpuMillis, memoryBytes } = limits;
  return {
    CpuPeriod: periodUs,
    CpuQuota: cpuMillis === null ? -1 : Math.round((cpuMillis * periodUs) / 1000),
    Memory: memoryBytes ?? endlessBytes,
    // Memory and swap together.
    MemorySwap: memoryBytes ?? 2 * endlessBytes,
  };
}

/** Read back from an inspection; 0, -1 and more than any machine has stand for no limit. */
export function limitsOf(host: {
  CpuQuota?: number | undefined;
  CpuPeriod?: number | undefined;
  Memory?: number | undefined;
}): ResourceLimits {
  const { CpuQuota = 0, CpuPeriod = 0, Memory = 0 } = host;
  return {
    cpuMillis: CpuQuota <= 0 ? null : Math.round((CpuQuota * 1000) / (CpuPeriod || periodUs)),
    memoryBytes: Memory <= 0 || Memory >= endlessBytes ? null : Memory,
  };
}
