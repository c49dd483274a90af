import { relative } from 'node:path';
import { type ErrorCode, formatError, SquallError } from '../base/errors.ts';
import { maskSecrets } from '../base/mask.ts';
import { sweepAbandoned } from '../fault/abandoned.ts';
import { closingLines } from '../report/closing.ts';
import { stableJson } from '../report/json.ts';
import { createLive, type Live } from '../report/live.ts';
import type { Report } from '../report/types.ts';
import { defect } from '../run/failure.ts';
import { type FoundTool, findTool, type ToolName } from '../tools/find.ts';
import { defaultCacheDir } from '../tools/present.ts';
import type { Console, GlobalFlags } from './console.ts';

export interface Watched {
  console: Console;
  flags: GlobalFlags;
  secrets: readonly string[];
  runId: string;
  dir: string;
  /** The command to repeat it. */
  again: string;
}

/** What a command that is watched has while it runs. */
export interface Watch {
  live: Live;
  signal: AbortSignal;
  find(name: ToolName, explicit?: string): Promise<FoundTool>;
}

/** Runs what ends in a report, with its live line, its end by signals and its last words; gives the exit code. */
export async function runWatched(
  watched: Watched,
  use: (watch: Watch) => Promise<{ report: Report; faultsLeft: string[] }>,
): Promise<number> {
  const { console, flags, secrets, runId, dir, again } = watched;
  const live = openLive(console, flags, secrets);
  const toDefect = (error: unknown) => defect(error, { dir, command: again, secrets });
  const stop = stopSignal(live.say, toDefect);
  const find: Watch['find'] = (name, explicit) =>
    findTool(name, {
      ...(explicit === undefined ? {} : { explicit }),
      env: process.env,
      cacheDir: defaultCacheDir(process.env),
      say: (line) => live.say(line),
    });
  try {
    for (const line of await sweepAbandoned()) console.say(line);
    const { report, faultsLeft } = await use({ live, signal: stop.signal, find });
    live.end();
    if (flags.json === true) console.print(stableJson(report));
    const paths = { report: relative(process.cwd(), `${dir}/report.html`), again, faultsLeft };
    for (const line of closingLines(report, paths, { color: console.color })) console.say(line);
    return report.exitCode;
  } catch (error) {
    live.end();
    const known = error instanceof SquallError ? error : toDefect(error);
    for (const line of endedEarly(known, again, runId)) console.say(line);
    return known.exitCode;
  } finally {
    live.end();
    stop.release();
  }
}

/** The line that says how far a run is, on stderr. */
function openLive(console: Console, flags: GlobalFlags, secrets: readonly string[]): Live {
  const stream = {
    write: (text: string) => process.stderr.write(maskSecrets(text, secrets)),
    get columns() {
      return process.stderr.columns; // the window may be resized
    },
  };
  return createLive(stream, {
    quiet: flags.quiet === true,
    tty: console.tty,
    color: console.color,
    everyMs: console.tty ? 200 : 10_000,
  });
}

/** The closing lines of a run that never got as far as a report. */
function endedEarly(error: SquallError, again: string, runId: string): string[] {
  const left =
    error.parts.code === 'SQ-RECOVERY-INCOMPLETE' ? `unknown (undo: squall recover --run ${runId})` : 'none';
  return [
    ...[error.parts, ...error.others].map(formatError),
    `? UNKNOWN  the run did not get as far as a verdict: ${error.parts.what}`,
    `fault of ${partyOf(error.parts.code)}`,
    `in place ${left}`,
    `again    ${again}`,
  ];
}

function partyOf(code: ErrorCode): string {
  if (/^SQ-(TARGET|SINK-UNREACHABLE)/.test(code)) return 'target: it could not be measured';
  if (code === 'SQ-PROMETHEUS-UNREACHABLE') return 'Prometheus: it could not be asked';
  if (code === 'SQ-INTERNAL') return 'squall: a defect of its own';
  return 'set-up: nothing was measured to the end';
}

/** Ctrl-C and SIGTERM stop the run, which then rolls back; further ones are answered, never obeyed half-way. */
function stopSignal(
  say: (line: string) => void,
  toError: (error: unknown) => SquallError,
): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const launcher = takeLauncher();
  const onSignal = (name: string) => {
    if (controller.signal.aborted) {
      say('already rolling back; squall recover --all would do it after a kill');
      return;
    }
    say(`stopping (${name}): faults are undone, then everything is taken down`);
    controller.abort(new Error(name));
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  // What nobody caught must not end the process before everything is rolled back.
  const onDefect = (error: unknown) => {
    if (!controller.signal.aborted) controller.abort(toError(error));
  };
  process.on('uncaughtException', onDefect);
  // The launcher may be killed without a word: then nobody waits for this run, and it stops too. Anyone else who
  // started it may end first: a run in the background outlives its shell.
  const orphaned = setInterval(() => {
    if (launcher !== undefined && process.ppid !== launcher)
      controller.abort(new Error('the launcher ended'));
  }, 1000);
  orphaned.unref();
  return {
    signal: controller.signal,
    release: () => {
      clearInterval(orphaned);
      for (const name of names) process.off(name, onSignal);
      process.off('uncaughtException', onDefect);
    },
  };
}

/** Pid of bin/squall.js if it re-executed itself; taken out of the environment, so that nothing else inherits it. */
function takeLauncher(): number | undefined {
  const { SQUALL_LAUNCHER: pid } = process.env;
  delete process.env.SQUALL_LAUNCHER;
  return pid === undefined ? undefined : Number(pid);
}
