import { arch, cpus, type as osType, release, totalmem } from 'node:os';

/** The machine as a report states it: figures mean nothing without it. */
export function machineFacts(): Record<string, string | number> {
  const cores = cpus();
  return {
    os: `${osType()} ${release()}`,
    arch: arch(),
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    node: process.versions.node,
  };
}
