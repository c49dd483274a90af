import { relative, resolve } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { SquallError } from '../base/errors.ts';
import type { Pace } from '../capacity/settings.ts';
import { closingLines } from '../report/closing.ts';
import { stableJson } from '../report/json.ts';
import { runCapacity } from '../run/capacity.ts';
import { readSearch } from '../run/capacity-record.ts';
import { defect } from '../run/failure.ts';
import { findTool } from '../tools/find.ts';
import { defaultCacheDir } from '../tools/present.ts';
import { type Console, type GlobalFlags, maskConsole } from './console.ts';
import { readScenario } from './read-scenario.ts';
import { endedEarly, openLive, repeatCommand, stopSignal } from './run.ts';

/** `squall capacity`: exit 0 with a confirmed capacity, 1 where the lowest rate fails, 2 with bounds at most. */
export async function capacityCommand(plain: Console, flags: GlobalFlags, args: string[]): Promise<number> {
  const pace = paceOf(flags);
  const resumed = flags.resume === undefined ? undefined : resolve(flags.resume);
  const runId = resumed === undefined ? flags.runId : readSearch(resumed).head.runId;
  const choice = await readScenario({ ...flags, ...(runId === undefined ? {} : { runId }) }, args[0]);
  const { secrets } = choice;
  const console = maskConsole(plain, secrets);
  const dir = resumed ?? resolve(flags.out ?? `reports/${choice.runId}`);
  const words = pace === 'standard' ? [] : [`--${pace}`];
  const again = [repeatCommand('capacity', flags, args[0]), ...words].join(' ');
  const live = openLive(console, flags, secrets);
  const stop = stopSignal(live.say, (error) => defect(error, { dir, command: again, secrets }));
  try {
    const report = await runCapacity({
      ...choice,
      dir,
      pace,
      resume: resumed !== undefined,
      command: again,
      clock: systemClock,
      signal: stop.signal,
      live,
      find: (name, explicit) =>
        findTool(name, {
          ...(explicit === undefined ? {} : { explicit }),
          env: process.env,
          cacheDir: defaultCacheDir(process.env),
          say: (line) => live.say(line),
        }),
    });
    live.end();
    if (flags.json === true) console.print(stableJson(report));
    const page = relative(process.cwd(), `${dir}/report.html`);
    for (const line of closingLines(
      report,
      { report: page, again, faultsLeft: [] },
      { color: console.color },
    ))
      console.say(line);
    return report.exitCode;
  } catch (error) {
    live.end();
    const known = error instanceof SquallError ? error : defect(error, { dir, command: again, secrets });
    for (const line of endedEarly(known, again, choice.runId)) console.say(line);
    return known.exitCode;
  } finally {
    live.end();
    stop.release();
  }
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
