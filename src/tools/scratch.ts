import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';

const prefix = 'scratch-';
/** No download or build takes this long: what is older was left by a killed set-up. */
const staleMs = 24 * 3600 * 1000;

/** Runs `use` with an empty folder in the cache, on the same file system as what it makes; removed in any case. */
export async function withScratch<T>(cacheDir: string, use: (dir: string) => Promise<T>): Promise<T> {
  await mkdir(cacheDir, { recursive: true });
  await removeStale(cacheDir);
  const dir = await mkdtemp(join(cacheDir, prefix));
  try {
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function removeStale(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(cacheDir, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: systemClock.wallMs() })); // another one was quicker
    if (systemClock.wallMs() - mtimeMs > staleMs) await rm(path, { recursive: true, force: true });
  }
}
