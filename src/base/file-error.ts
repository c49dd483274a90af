import { type ErrorParts, SquallError } from './errors.ts';

/** A file or folder that the system would not have read or written: `found` is what the system said. */
export function fileError(parts: Omit<ErrorParts, 'found'>, cause: unknown): SquallError {
  const found = cause instanceof Error ? cause.message : String(cause);
  return new SquallError({ ...parts, found }, { cause });
}
