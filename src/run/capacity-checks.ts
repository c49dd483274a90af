import { readFileSync } from 'node:fs';
import { SquallError } from '../base/errors.ts';
import { parseCurve } from '../capacity/day.ts';
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
