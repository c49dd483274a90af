import { resolve } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { runScenario } from '../run.ts';
import { type Console, type GlobalFlags, maskConsole } from './console.ts';
import { readScenario } from './read-scenario.ts';
import { runWatched } from './watched.ts';

/** `squall run`: exit codes as the contract has them. */
export async function runCommand(plain: Console, flags: GlobalFlags, args: string[]): Promise<number> {
  const { scenario, secrets, texts, runId, seed } = await readScenario(flags, args[0]);
  const console = maskConsole(plain, secrets);
  const again = repeatCommand('run', flags, args[0]);
  const dir = resolve(flags.out ?? `reports/${runId}`);
  return runWatched({ console, flags, secrets, runId, dir, again }, (watch) =>
    runScenario({
      scenario,
      demo: args[0] === undefined && flags.target === undefined,
      secrets,
      texts,
      runId,
      seed,
      dir,
      command: again,
      capture: flags.capture === true,
      clock: systemClock,
      ...watch,
    }),
  );
}

export function repeatCommand(verb: string, flags: GlobalFlags, path: string | undefined): string {
  // In a checkout there is no `squall` on the PATH; npm tells its script's name.
  const squall = process.env.npm_lifecycle_event === 'squall' ? 'npm run squall --' : 'squall';
  const words = [squall, verb, ...(path === undefined ? [] : [path])];
  if (flags.target !== undefined) words.push('--target', flags.target);
  if (flags.seed !== undefined && flags.seed !== '1') words.push('--seed', flags.seed);
  for (const set of flags.set ?? []) words.push('--set', `'${set.replaceAll("'", "'\\''")}'`);
  return words.join(' ');
}
