import { readFileSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { SquallError } from '../base/errors.ts';
import { parseCurve } from '../capacity/day.ts';
import { sampleOtherWork } from '../observe/other-work.ts';
import { formatCount } from '../report/format.ts';
import type { LoadSpec } from '../scenario/types.ts';
import { measureCeiling } from './calibrate.ts';

/** The text of a load curve that has at least one point. */
export function readCurve(file: string): string {
  const text = readFileSync(file, 'utf8');
  if (parseCurve(text) !== undefined) return text;
  throw new SquallError({
    code: 'SQ-SCENARIO-INVALID',
    what: 'the load curve holds no point',
    where: file,
    expected: 'lines of seconds,items/s',
    found: JSON.stringify(text.slice(0, 60)),
    next: 'write a line such as 43200,50000',
  });
}

/** What the generator reaches without a target; measured again, twice at most, while it is too little to begin with. */
export async function checkGenerator(entry: LoadSpec | undefined, minPerS: number): Promise<number> {
  let reached = 0;
  for (let attempt = 0; attempt < 3; attempt++) {
    reached = await measureCeiling(entry?.protocol ?? 'grpc', entry?.batch ?? 100);
    if (reached > 2 * minPerS) return reached;
  }
  throw new SquallError({
    code: 'SQ-PRECONDITION',
    what: 'this machine cannot generate enough to find a capacity',
    expected: `over ${formatCount(2 * minPerS)} items/s into the sink with nothing between, for capacity.rate.min`,
    found: `${formatCount(Math.round(reached))} items/s`,
    next: 'end other work on this machine, or lower capacity.rate.min',
  });
}

/**
 * Part of the machine that may go to others in a trial that counts: from 0.1 of two cores on, like trials were seen to
 * need 10 to 20 % more CPU time per item, as caches and cores are shared.
 */
export const otherShareMax = 0.05;
/** Who waits longer is told by the trial what is in the way. */
const quietWithinMs = 60_000;
const lookMs = 2000;

/** Waits for a quiet machine before a trial is spent on a busy one; says so where it has to wait. */
export async function waitForQuiet(
  clock: Clock,
  { signal, say }: { signal: AbortSignal; say(line: string): void },
): Promise<void> {
  const untilNs = clock.nowNs() + quietWithinMs * 1e6;
  for (let told = false; clock.nowNs() < untilNs && !signal.aborted; told = true) {
    const seen = await sampleOtherWork(clock, { ms: lookMs, signal }).catch(() => undefined); // aborted
    if (seen === undefined || seen.otherCores + seen.stolenCores <= otherShareMax * seen.cores) return;
    if (!told)
      say(
        `waiting for a quiet machine: other work has ${seen.otherCores.toFixed(1)} of its ${seen.cores} cores, ` +
          `at most ${quietWithinMs / 1000} s`,
      );
  }
}
