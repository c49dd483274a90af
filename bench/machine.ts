import { type ChildProcess, fork } from 'node:child_process';
import { machineFacts } from '../src/run/machine-facts.ts';

/** First line of every benchmark: figures mean nothing without the machine that they were taken on. */
export function printHeader(what: string): void {
  const { cpu, cores, memoryGiB, node } = machineFacts();
  console.log(
    `${what}\n${cpu}, ${cores} cores, ${memoryGiB} GiB, Node ${node}, ${new Date().toISOString()}\n`,
  );
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/** The p-th percentile, nearest rank, of values in ascending order. */
export function percentileOf(sorted: Float64Array, p: number): number {
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN;
}

export function millions(value: number): string {
  return `${(value / 1e6).toFixed(2)} M`;
}

/** Prints cells right-aligned under their titles; the first column is left-aligned. */
export function printRow(cells: readonly (string | number)[], widths: readonly number[]): void {
  const text = cells.map((cell, i) =>
    i === 0 ? String(cell).padEnd(widths[i] ?? 0) : String(cell).padStart(widths[i] ?? 0),
  );
  console.log(text.join('  '));
}

/** CPU seconds, user and system, of this process with all of its threads since `from`. */
export function cpuSecondsSince(from: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6;
}

/** Starts a program of this folder; on one core only where that is given (by taskset, of util-linux). */
export function forkProgram(file: string, core?: number): ChildProcess {
  const place =
    core === undefined
      ? { execArgv: [] }
      : { execPath: 'taskset', execArgv: ['-c', String(core), process.execPath] };
  return fork(new URL(file, import.meta.url), place);
}

/** What a program says next. */
export function nextMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve) => child.once('message', (message) => resolve(message as T)));
}

/** Runs a program of this folder in a process of its own, hands it `start`, and gives the one message it answers. */
export function runProgram<T>(file: string, start: object, core?: number): Promise<T> {
  const child = forkProgram(file, core);
  child.send(start);
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as T));
    child.once('exit', (code) => reject(new Error(`${file} ended with code ${code}`)));
  });
}

export interface Receiver {
  grpc: string;
  http: string;
  /** Items seen since the last call, and the bytes of their bodies; only of a receiver that counts. */
  takeCount(): Promise<{ items: number; bytes: number }>;
  close(): void;
}

/** A receiver that keeps nothing, in a process of its own. `counts`: it decodes, so that it knows what was delivered. */
export async function startReceiver(options: { counts: boolean; tlsDir?: string }): Promise<Receiver> {
  const args = [
    ...(options.counts ? ['--count'] : []),
    ...(options.tlsDir === undefined ? [] : ['--tls', options.tlsDir]),
  ];
  const child = fork(new URL('receiver.ts', import.meta.url), args, { execArgv: [] });
  const { grpc, http } = await nextMessage<{ grpc: string; http: string }>(child);
  return {
    grpc,
    http,
    takeCount() {
      const answer = nextMessage<{ items: number; bytes: number }>(child);
      child.send('count');
      return answer;
    },
    close: () => child.disconnect(),
  };
}
