import { resolve } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { SquallError } from '../base/errors.ts';
import type { Pace } from '../capacity/settings.ts';
import { runCapacity } from '../run/capacity.ts';
import { readSearch } from '../run/capacity-record.ts';
import { type Console, type GlobalFlags, maskConsole } from './console.ts';
import { readScenario } from './read-scenario.ts';
import { repeatCommand } from './run.ts';
import { runWatched } from './watched.ts';

/** `squall capacity`: exit 0 with a confirmed capacity, 1 where the lowest rate fails, 2 with bounds at most. */
export async function capacityCommand(plain: Console, flags: GlobalFlags, args: string[]): Promise<number> {
  const pace = paceOf(flags);
  const resumed = flags.resume === undefined ? undefined : resolve(flags.resume);
  const search = resumed === undefined ? undefined : readSearch(resumed).head;
  if (search !== undefined && args[0] === undefined)
    throw withoutScenario(search.command, flags.resume ?? '');
  const runId = search === undefined ? flags.runId : search.runId;
  const choice = await readScenario({ ...flags, ...(runId === undefined ? {} : { runId }) }, args[0]);
  const { secrets } = choice;
  const console = maskConsole(plain, secrets);
  const dir = resumed ?? resolve(flags.out ?? `reports/${choice.runId}`);
  const words = pace === 'standard' ? [] : [`--${pace}`];
  const again = [repeatCommand('capacity', flags, args[0]), ...words].join(' ');
  return runWatched({ console, flags, secrets, runId: choice.runId, dir, again }, async (watch) => ({
    report: await runCapacity({
      ...choice,
      dir,
      pace,
      resume: resumed !== undefined,
      reread: (sets) =>
        readScenario({ ...flags, runId: choice.runId, set: [...(flags.set ?? []), ...sets] }, args[0]),
      command: again,
      clock: systemClock,
      ...watch,
    }),
    faultsLeft: [],
  }));
}

/** Any other than its own would be refused too, with less to go by. */
function withoutScenario(command: string, dir: string): SquallError {
  return new SquallError({
    code: 'SQ-USAGE',
    what: 'a search that goes on needs the scenario that it began with',
    where: dir,
    next: `${command} --resume ${dir}`,
  });
}

function paceOf({ quick, thorough }: GlobalFlags): Pace {
  if (quick === true && thorough === true) {
    throw new SquallError({
      code: 'SQ-USAGE',
      what: 'a search is either quick or thorough',
      where: 'squall capacity',
      expected: 'one of --quick, --thorough, or neither',
      found: 'both',
      next: 'squall capacity SCENARIO --quick',
    });
  }
  return quick === true ? 'quick' : thorough === true ? 'thorough' : 'standard';
}
