import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { runTag } from '../target/held-process.ts';
import { type ProcessId, signalExactly } from './process-table.ts';

/** Holds one process stopped. It alone sends SIGSTOP, so that nothing is stopped that it does not also let go. */
export interface DeadMan {
  /** Resolves when the process was sent SIGSTOP. */
  stop(): Promise<void>;
  /** Lets it go on, and ends. Idempotent. */
  letGo(): Promise<void>;
}

interface DeadManStart {
  victim: ProcessId;
  /** From its own start; then it lets go whatever the runner does. */
  deadlineMs: number;
}

/**
 * Starts a process of its own session that will send SIGCONT at the deadline, when told, or when this process is gone
 * (the pipe between them ends). Resolves when it watches; rejects when it did not start.
 */
export async function startDeadMan(start: DeadManStart & { runId: string }): Promise<DeadMan> {
  const { runId, ...rest } = start;
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), JSON.stringify(rest)], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    env: { ...process.env, [runTag]: runId },
  });
  child.unref();
  const { promise: exited, resolve: exit } = Promise.withResolvers<void>();
  child.once('exit', () => exit()).once('error', () => exit());
  // Writing to one that was killed raises EPIPE; the next word from it is then its end.
  child.stdin?.on('error', () => {});
  const pipe = child.stdio[3];
  if (!(pipe instanceof Readable)) throw new Error('the dead-man process has no pipe');
  const words = createInterface({ input: pipe })[Symbol.asyncIterator]();
  const hear = async (expected: string) => {
    const { value } = await words.next();
    if (value !== expected) throw new Error('the dead-man process that holds the pause ended');
  };
  await hear('ready');
  return {
    stop: async () => {
      child.stdin?.write('stop\n');
      await hear('stopped');
    },
    letGo: async () => {
      child.stdin?.end();
      await exited;
    },
  };
}

function main(): void {
  const { victim, deadlineMs } = JSON.parse(process.argv[2] ?? '') as DeadManStart;
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => {});
  const letGo = () => {
    signalExactly(victim, 'SIGCONT');
    process.exit(0);
  };
  setTimeout(letGo, deadlineMs);
  const lines = createInterface({ input: process.stdin });
  lines.on('close', letGo);
  lines.on('line', (line) => {
    if (line !== 'stop') return;
    signalExactly(victim, 'SIGSTOP');
    tell('stopped\n');
  });
  tell('ready\n');
}

function tell(word: string): void {
  try {
    writeSync(3, word);
  } catch {
    // The runner is gone: the end of stdin lets the victim go.
  }
}

if (import.meta.main) main();
