import { resolve } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { SquallError } from '../base/errors.ts';
import type { People } from '../run/drill-types.ts';
import { runScenario } from '../run.ts';
import { type Console, type GlobalFlags, maskConsole } from './console.ts';
import { readScenario } from './read-scenario.ts';
import { runWatched } from './watched.ts';

/** `squall run`: exit codes as the contract has them. */
export function runCommand(console: Console, flags: GlobalFlags, args: string[]): Promise<number> {
  const demo = args[0] === undefined && flags.target === undefined;
  return runAs(console, flags, { path: args[0], again: repeatCommand('run', flags, args[0]), demo });
}

/** Runs a scenario from its file to its last words. `again` is the command that repeats it. */
export async function runAs(
  plain: Console,
  flags: GlobalFlags,
  { path, again, demo, people }: { path: string | undefined; again: string; demo: boolean; people?: People },
): Promise<number> {
  const { scenario, secrets, texts, runId, seed } = await readScenario(flags, path);
  checkDrilled(scenario.drill !== undefined, people, path ?? scenario.name);
  const console = maskConsole(plain, secrets);
  const dir = resolve(flags.out ?? `reports/${runId}`);
  return runWatched({ console, flags, secrets, runId, dir, again }, (watch) =>
    runScenario({
      scenario,
      demo,
      secrets,
      texts,
      runId,
      seed,
      dir,
      command: again,
      capture: flags.capture === true,
      ...(people === undefined ? {} : { people }),
      clock: systemClock,
      ...watch,
    }),
  );
}

/** Throws SQ-USAGE where the command and the scenario do not belong together. */
function checkDrilled(drilled: boolean, people: People | undefined, path: string): void {
  if (drilled === (people !== undefined)) return;
  throw new SquallError({
    code: 'SQ-USAGE',
    what: drilled ? 'a scenario with a drill is a game day' : 'the scenario has no drill to follow',
    where: path,
    expected: drilled ? 'squall gameday' : 'drill: [{suspend, deadline}, {fault: NAME}, {expect: …}]',
    next: drilled ? `squall gameday ${path}` : `squall run ${path}`,
  });
}

export function repeatCommand(verb: string, flags: GlobalFlags, path: string | undefined): string {
  const words = [commandName(), verb, ...(path === undefined ? [] : [path])];
  if (flags.target !== undefined) words.push('--target', flags.target);
  return [...words, ...repeatFlags(flags)].join(' ');
}

/** In a checkout there is no `squall` on the PATH; npm tells its script's name. */
export function commandName(): string {
  return process.env.npm_lifecycle_event === 'squall' ? 'npm run squall --' : 'squall';
}

/** --seed and --set, for a shell. */
export function repeatFlags({ seed, set = [] }: Pick<GlobalFlags, 'seed' | 'set'>): string[] {
  const seeded = seed !== undefined && seed !== '1' ? ['--seed', seed] : [];
  return [...seeded, ...set.flatMap((one) => ['--set', quoted(one)])];
}

/** One word for a shell, whatever is in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
