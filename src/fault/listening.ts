import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * The inodes of the sockets on which a process listens, sorted. A collector that takes up a new configuration closes
 * and opens its receivers, which gives new inodes: the one sign of a reload that needs neither its log nor its help.
 * Empty when the process is gone.
 */
export function listeningInodes(pid: number): number[] {
  const listening = new Set(['tcp', 'tcp6'].flatMap((table) => listenersOf(`/proc/${pid}/net/${table}`)));
  return socketsOf(pid)
    .filter((inode) => listening.has(inode))
    .sort((a, b) => a - b);
}

/** State 0A is LISTEN; the tenth column is the inode (proc_pid_net(5)). */
function listenersOf(file: string): number[] {
  const lines = readOr(() => readFileSync(file, 'utf8').split('\n'), []);
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[3] === '0A')
    .map((columns) => Number(columns[9]));
}

function socketsOf(pid: number): number[] {
  const dir = `/proc/${pid}/fd`;
  const names = readOr(() => readdirSync(dir), []);
  return names.flatMap((name) => {
    const link = readOr(() => readlinkSync(`${dir}/${name}`), '');
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    return inode === undefined ? [] : [Number(inode)];
  });
}

/** Entries of /proc vanish at any instant. */
function readOr<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
