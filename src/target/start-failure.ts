import { readFile } from 'node:fs/promises';
import { type Clock, waitFor } from '../base/clock.ts';
import { SquallError } from '../base/errors.ts';
import { settled } from '../base/settled.ts';
import type { ProcessPower } from './target.ts';

/** A collector serves within a second; a machine under load may take ten. */
const readyTimeoutMs = 30_000;

/** A member under its restart policy: for messages its name, and the log that has its last words. */
interface Started {
  name: string;
  logFile: string;
  clock: Clock;
  /** Leaves nothing of it. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Ready, or dead at the first try, and then stopped: a restart would only hide why. Gives what tells later that it died
 * after all.
 */
export async function awaitServing(
  process: ProcessPower,
  own: Started,
): Promise<Required<Pick<ProcessPower, 'whyEnded'>>> {
  try {
    await becomeReady(process, own);
  } catch (error) {
    await settled(own.stop(0));
    throw error;
  }
  return { whyEnded: (timeoutMs) => whyEnded(process, own, timeoutMs) };
}

async function becomeReady(process: ProcessPower, own: Started): Promise<void> {
  const outcome = await Promise.race([
    process.ready(readyTimeoutMs).then((atNs) => (atNs === undefined ? 'not ready' : 'ready')),
    whyEnded(process, own, readyTimeoutMs),
  ]);
  if (outcome === 'ready') return;
  const found = `not ready after ${readyTimeoutMs / 1000} s`;
  throw (await whyEnded(process, own, 0)) ?? (await explainStart({ ...own, found }));
}

/**
 * The error that tells why the first start is over, waiting `timeoutMs` for its end: one that could not open its last
 * port has listened on the others for a moment, and takes its time to go.
 */
async function whyEnded(
  process: Pick<ProcessPower, 'starts'>,
  own: Started,
  timeoutMs: number,
): Promise<SquallError | undefined> {
  const exit = await waitFor(own.clock, { timeoutMs, everyMs: 20 }, () => process.starts()[0]?.exit);
  return exit === undefined ? undefined : explainStart({ ...own, found: exitWords(exit) });
}

/** Lines of the log that the error carries. */
const shownLines = 5;

/** The error for a process that did not come up: SQ-PORT-IN-USE when its log says so, else SQ-TARGET-START. */
export async function explainStart(failure: {
  name: string;
  logFile: string;
  found: string;
}): Promise<SquallError> {
  const log = await readFile(failure.logFile, 'utf8').catch(() => ''); // no log, no explanation
  const port = portInUse(log);
  if (port !== undefined) {
    return new SquallError({
      code: 'SQ-PORT-IN-USE',
      what: `${failure.name} could not listen on ${port}`,
      where: failure.logFile,
      found: 'address already in use',
      next: `ss -ltnp 'sport = :${port.split(':').at(-1)}'`,
    });
  }
  return new SquallError({
    code: 'SQ-TARGET-START',
    what: `${failure.name} did not start`,
    where: failure.logFile,
    expected: 'a process that serves',
    found: [failure.found, ...explainingLines(log)].join('\n           '),
    next: `less ${failure.logFile}`,
  });
}

/** The address of the last bind that failed with EADDRINUSE, in Go's words. */
export function portInUse(log: string): string | undefined {
  return [...log.matchAll(/listen tcp (\S+): bind: address already in use/g)].at(-1)?.[1];
}

/** The last lines that speak of an error, else simply the last ones; warnings about unset variables are noise. */
export function explainingLines(log: string): string[] {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  const start = lines.findLastIndex((line) =>
    /^(Error:|collector server run finished|panic:|fatal error:)/.test(line),
  );
  const chosen = start >= 0 ? lines.slice(start, start + shownLines) : lines.slice(-shownLines);
  return chosen.map((line) => line.slice(0, 300));
}

function exitWords(exit: { code: number | null; signal: string | null }): string {
  return exit.signal === null ? `it ended with code ${exit.code}` : `it was ended by ${exit.signal}`;
}
