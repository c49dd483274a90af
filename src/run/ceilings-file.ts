import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { systemClock } from '../base/clock.ts';
import { protocols } from '../base/signal.ts';
import type { Ceiling } from '../plan/ceiling.ts';
import type { PlanningMachine } from '../plan/workers.ts';
import type { TargetSpec } from '../scenario/types.ts';
import { defaultCacheDir } from '../tools/present.ts';
import { machineFacts } from './machine-facts.ts';

const stored = z.object({
  machine: z.record(z.string(), z.union([z.string(), z.number()])),
  measuredAt: z.string(),
  ceilings: z.array(z.object({ protocol: z.enum(protocols), batch: z.number(), itemsPerS: z.number() })),
});

/** What a plan takes the number of load workers from: this machine, or the pods that the load runs in. */
export async function planningMachine(
  target: TargetSpec,
): Promise<{ workers: number; machine?: PlanningMachine }> {
  if (target.kind === 'kubernetes' && target.load !== undefined) return { workers: target.load.pods };
  const ceilings = await readCeilings(defaultCacheDir(process.env));
  return { workers: 1, machine: { cores: availableParallelism(), ceilings } };
}

/** Keeps the figures with the machine that they hold for. */
export async function storeCeilings(cacheDir: string, ceilings: readonly Ceiling[]): Promise<string> {
  const file = ceilingsFile(cacheDir);
  await mkdir(dirname(file), { recursive: true });
  const measuredAt = new Date(systemClock.wallMs()).toISOString();
  await writeFile(file, `${JSON.stringify({ machine: machineFacts(), measuredAt, ceilings }, null, 2)}\n`);
  return file;
}

/** Empty when nothing was measured, or on another machine or Node version, or the file cannot be read. */
export async function readCeilings(cacheDir: string): Promise<Ceiling[]> {
  try {
    const found = stored.parse(JSON.parse(await readFile(ceilingsFile(cacheDir), 'utf8')));
    const here = machineFacts();
    return Object.keys(here).every((fact) => found.machine[fact] === here[fact]) ? found.ceilings : [];
  } catch {
    return []; // not measured yet: the plan says nothing about it
  }
}

function ceilingsFile(cacheDir: string): string {
  return join(cacheDir, 'ceilings.json');
}
