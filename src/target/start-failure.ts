import { readFile } from 'node:fs/promises';
import { SquallError } from '../base/errors.ts';

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
