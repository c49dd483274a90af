import { rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Folder of one process of the run for what is of no use afterwards: configuration, queue, time series. */
export function workFolder(runDir: string, name: string): string {
  return join(runDir, 'work', name);
}

/** Removes it, and the common folder above it with the last one. */
export async function removeWorkFolder(runDir: string, name: string): Promise<void> {
  await rm(workFolder(runDir, name), { recursive: true, force: true });
  await rmdir(join(runDir, 'work')).catch(() => undefined); // others still have theirs in it
}
