import { spawn } from 'node:child_process';

export interface CommandOptions {
  command: string;
  args: readonly string[];
  timeoutMs: number;
  env?: Readonly<Record<string, string | undefined>>;
  cwd?: string;
  /** Ends the program at once, as its time does. */
  signal?: AbortSignal;
}

export interface CommandAnswer {
  /** Null: not started, killed by a signal or out of time. */
  code: number | null;
  out: string;
  error: string;
  /** One line on why it failed; empty after code 0. */
  reason: string;
}

const keptCharsMax = 1_000_000;

/** Runs a program without a shell and gives what it printed (at most a megabyte of each stream); never rejects. */
export async function runCommand(options: CommandOptions): Promise<CommandAnswer> {
  const child = spawn(options.command, [...options.args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    timeout: options.timeoutMs,
    killSignal: 'SIGKILL',
  });
  const texts = { out: '', error: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    texts.out = (texts.out + text).slice(-keptCharsMax);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.error = (texts.error + text).slice(-keptCharsMax);
  });
  const done = Promise.withResolvers<{ code: number | null; failure: string }>();
  child.on('error', (error) => done.resolve({ code: null, failure: error.message }));
  child.on('close', (code, signal) => {
    const ending = signal === null ? `exit code ${code}` : `${signal} (limit ${options.timeoutMs / 1000} s)`;
    done.resolve({ code, failure: ending });
  });
  const { code, failure } = await done.promise;
  const last = texts.error.trim().split('\n').at(-1) ?? '';
  return { code, ...texts, reason: code === 0 ? '' : last === '' ? failure : `${failure}: ${last}` };
}
