import { readFileSync } from 'node:fs';
import type { JournalPlace } from './journal-files.ts';

/** What the programs of an agent's pod are told by their environment. Throws where a word is missing. */
export function told(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}

/** `prefix`: each program has names of its own. */
export function journalPlace(prefix: string): JournalPlace {
  return {
    namespace: told(`${prefix}_NAMESPACE`),
    node: told(`${prefix}_NODE`),
    folder: told(`${prefix}_JOURNAL`),
  };
}

/** Of the machine: another one after each boot. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
