import { closeSync, copyFileSync, fsyncSync, openSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder } from '../base/checked-lines.ts';
import type { Member } from '../target/target.ts';
import type { ReloadSignal, Undo } from './fault.ts';

/** Where the prior text of FILE lies while a fault of RUN has changed it: beside it, so that a rename puts it back. */
export function backupOf(file: string, tag: { runId: string; fault: string }): string {
  return `${file}.squall-${tag.runId}-${tag.fault}`;
}

/** What undoes a change of a member's FILE made after `backUp`: to be written down before either. */
export function undoOfChange(file: string, backup: string, member: Member): Undo[] {
  const signal = reloadOf(member);
  return [
    { kind: 'restore-file', path: file, from: backup, ...(signal === undefined ? {} : { signal }) },
    { kind: 'unlink', path: `${backup}.part` },
  ];
}

function reloadOf(member: Member): ReloadSignal | undefined {
  if (member.container !== undefined) return { ...member.container, signal: 'SIGHUP' };
  const host = member.process?.current()?.host;
  return host === undefined ? undefined : { ...host, signal: 'SIGHUP' };
}

/** Copies FILE to BACKUP, durably and never by halves: half a copy would be restored as the whole. */
export function backUp(file: string, backup: string): void {
  const part = `${backup}.part`;
  copyFileSync(file, part);
  const fd = openSync(part, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(part, backup);
  syncFolder(dirname(backup));
}

/** Puts new content in FILE's place by rename, with its mode. Call it after backUp. */
export function replaceContent(file: string, backup: string, content: string | Uint8Array): void {
  const part = `${backup}.part`;
  writeFileSync(part, content, { mode: statSync(file).mode });
  renameSync(part, file);
}
