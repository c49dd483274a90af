import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';

/** The file under a journal: text is durable only after sync(). */
export interface AppendFile {
  write(text: string): void;
  sync(): void;
  close(): void;
}

/** Opens FILE for appending, shared by several processes. A torn tail is closed off by a line break. */
export function openAppendFile(file: string): AppendFile {
  const fresh = !existsSync(file);
  const fd = openSync(file, 'a', 0o600);
  if (fresh) syncFolder(dirname(file));
  else if (!endsWithBreak(file)) writeSync(fd, '\n');
  return {
    write: (text) => {
      const bytes = Buffer.from(text);
      // O_APPEND makes one write one line, also with several writers; a short write means a full disk.
      if (writeSync(fd, bytes) < bytes.length) throw new Error(`no room to write ${file}`);
    },
    sync: () => fsyncSync(fd),
    close: () => closeSync(fd),
  };
}

/** One line: {"sum":"crc32 of what follows","atNs":...}. The checksum is over the text as it stands. */
export function encodeLine(entry: object): string {
  const rest = JSON.stringify(entry).slice(1);
  return `{"sum":"${checksum(rest)}",${rest}\n`;
}

const headLength = '{"sum":"00000000",'.length;

/** Whole lines of a journal's text, each an object. A torn or damaged line is skipped: its effect was never begun. */
export function decodeLines(text: string): unknown[] {
  const entries: unknown[] = [];
  for (const line of text.split('\n')) {
    const sum = line.slice('{"sum":"'.length, headLength - 2);
    const rest = line.slice(headLength);
    if (line.length <= headLength || checksum(rest) !== sum) continue;
    entries.push(JSON.parse(`{${rest}`));
  }
  return entries;
}

/** A new file's name is durable only once its folder is synced. */
export function syncFolder(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

function endsWithBreak(file: string): boolean {
  const text = readFileSync(file);
  return text.length === 0 || text.at(-1) === 0x0a;
}
