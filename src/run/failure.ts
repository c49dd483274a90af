import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SquallError } from '../base/errors.ts';
import { maskSecrets } from '../base/mask.ts';
import type { DownFailure } from './tasks.ts';

export interface FailedRun {
  dir: string;
  runId: string;
  command: string;
  signal: AbortSignal;
  secrets: readonly string[];
  /** What clean-up could not take away, as sentences. */
  left: readonly string[];
}

/** Taken down behind the guard, which therefore knows nothing of it. */
const behindGuard = 'logs';

/**
 * What of a run may still be there, as sentences. A step of clean-up that failed, as its API server was away, leaves
 * nothing if the guard, which looks last and tries on, has read back that all of the run is gone.
 */
export function leftAfter(failures: readonly DownFailure[], shownClean: boolean): string[] {
  return failures
    .filter(({ title }) => !shownClean || title === behindGuard)
    .map(({ title, message }) => `${title}: ${message}`);
}

/** Why the run could not be judged, as an error of the table. */
export function toRunError(error: unknown, run: FailedRun): SquallError {
  if (run.left.length > 0) {
    return new SquallError(
      {
        code: 'SQ-RECOVERY-INCOMPLETE',
        what: 'clean-up did not finish',
        where: run.dir,
        found: run.left.join('; '),
        next: `squall recover --run ${run.runId}`,
      },
      error instanceof SquallError
        ? { cause: error, others: [error.parts, ...error.others] }
        : { cause: error },
    );
  }
  if (run.signal.reason instanceof SquallError) return run.signal.reason;
  if (run.signal.aborted) {
    return new SquallError(
      {
        code: 'SQ-INTERRUPTED',
        what: 'stopped before there was anything to judge; everything was rolled back',
        where: run.dir,
        ...(error === run.signal.reason
          ? {}
          : { found: error instanceof Error ? error.message : String(error) }),
        next: run.command,
      },
      { cause: error },
    );
  }
  if (error instanceof SquallError) return error;
  return isDiskError(error) ? diskError(error, run) : defect(error, run);
}

const diskCodes = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'EMFILE']);

function isDiskError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && diskCodes.has(String(error.code));
}

function diskError(error: NodeJS.ErrnoException, run: FailedRun): SquallError {
  return new SquallError(
    {
      code: 'SQ-OUT-UNWRITABLE',
      what: 'the output folder cannot be written',
      where: error.path ?? run.dir,
      found: error.message,
      next: `df -h ${run.dir}, or choose another folder with --out`,
    },
    { cause: error },
  );
}

/** Name of the file in the run's folder that keeps the stack of a defect. */
const defectFile = 'defect.txt';

/** A defect of squall: the message in the error, the stack in the run's folder. */
export function defect(error: unknown, run: Pick<FailedRun, 'dir' | 'command' | 'secrets'>): SquallError {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const file = join(run.dir, defectFile);
  let where = file;
  try {
    writeFileSync(file, `${maskSecrets(stack, run.secrets)}\n`);
  } catch {
    where = run.dir; // the message has to do
  }
  return new SquallError(
    {
      code: 'SQ-INTERNAL',
      what: 'a defect in squall ended the run; everything was rolled back',
      where,
      found: (error instanceof Error ? error.message : stack).split('\n')[0] ?? '',
      next: run.command,
    },
    { cause: error },
  );
}
