import { relative, resolve } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { formatError, SquallError } from '../base/errors.ts';
import { closingLines } from '../report/closing.ts';
import { stableJson } from '../report/json.ts';
import { createLive } from '../report/live.ts';
import { runScenario } from '../run.ts';
import { findTool } from '../tools/find.ts';
import { defaultCacheDir } from '../tools/present.ts';
import type { Console, GlobalFlags } from './console.ts';
import { readScenario } from './read-scenario.ts';

/** `squall run`: exit codes as the contract has them. */
export async function runCommand(console: Console, flags: GlobalFlags, args: string[]): Promise<number> {
  const { scenario, secrets, runId, seed } = await readScenario(flags, args[0]);
  const stop = stopSignal(console);
  const live = createLive(process.stderr, {
    tty: console.tty,
    color: console.color,
    everyMs: console.tty ? 200 : 10_000,
  });
  const dir = resolve(flags.out ?? `reports/${runId}`);
  const again = repeatCommand(flags, args[0]);
  try {
    const outcome = await runScenario({
      scenario,
      secrets,
      runId,
      seed,
      dir,
      command: again,
      capture: flags.capture === true,
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
    if (flags.json === true) console.print(stableJson(outcome.report));
    const paths = {
      report: relative(process.cwd(), `${dir}/report.html`),
      again,
      faultsLeft: outcome.faultsLeft,
    };
    for (const line of closingLines(outcome.report, paths, { color: console.color })) console.say(line);
    return outcome.report.exitCode;
  } catch (error) {
    live.end();
    if (!(error instanceof SquallError)) throw error;
    for (const line of endedEarly(error, again, runId)) console.say(line);
    return error.exitCode;
  } finally {
    live.end();
    stop.release();
  }
}

/** The closing lines of a run that never got as far as a report. */
function endedEarly(error: SquallError, again: string, runId: string): string[] {
  const left =
    error.parts.code === 'SQ-RECOVERY-INCOMPLETE' ? `unknown (undo: squall recover --run ${runId})` : 'none';
  return [
    ...[error.parts, ...error.others].map(formatError),
    `? UNKNOWN  the run did not get as far as a verdict: ${error.parts.what}`,
    'fault of set-up: nothing was measured',
    `in place ${left}`,
    `again    ${again}`,
  ];
}

/** Ctrl-C and SIGTERM stop the run, which then rolls back; further ones are answered, never obeyed half-way. */
function stopSignal(console: Console): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const launcher = process.ppid;
  const onSignal = (name: string) => {
    if (controller.signal.aborted)
      console.say('already rolling back; squall recover --all would do it after a kill');
    else controller.abort(new Error(name));
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  // The launcher of an older Node may be killed without a word: then this process is nobody's and stops too.
  const orphaned = setInterval(() => {
    if (process.ppid !== launcher) controller.abort(new Error('the launcher ended'));
  }, 1000);
  orphaned.unref();
  return {
    signal: controller.signal,
    release: () => {
      clearInterval(orphaned);
      for (const name of names) process.off(name, onSignal);
    },
  };
}

function repeatCommand(flags: GlobalFlags, path: string | undefined): string {
  const words = ['squall', 'run', ...(path === undefined ? [] : [path])];
  if (flags.target !== undefined) words.push('--target', flags.target);
  if (flags.seed !== undefined && flags.seed !== '1') words.push('--seed', flags.seed);
  for (const set of flags.set ?? []) words.push('--set', `'${set.replaceAll("'", "'\\''")}'`);
  return words.join(' ');
}
