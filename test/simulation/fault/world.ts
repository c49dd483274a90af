import type { AppendFile } from '../../../src/base/checked-lines.ts';
import type { Random } from '../../../src/base/random.ts';
import type { Undo } from '../../../src/fault/fault.ts';
import type { UndoPower } from '../../../src/fault/replay.ts';
import type { Life } from './virtual-time.ts';

/** A disk file that loses what was not synced, or keeps any part of it: a torn tail. */
export class SimFile {
  durable = '';
  private pending = '';

  openFor(life: Life, options: { sync: boolean }): AppendFile {
    if (this.durable !== '' && !this.durable.endsWith('\n')) this.durable += '\n';
    return {
      write: (text) => {
        life.step();
        this.pending += text;
        life.step();
      },
      sync: () => {
        if (!options.sync) return;
        this.durable += this.pending;
        this.pending = '';
        life.step();
      },
      close: () => {},
    };
  }

  /** What other processes read: a write needs no sync for that. */
  visible(): string {
    return this.durable + this.pending;
  }

  /** The machine goes down with the process: the hardest end. */
  crash(random: Random): void {
    this.durable += this.pending.slice(0, random.below(this.pending.length + 1));
    this.pending = '';
  }
}

/** Processes and files as the faults and undos see them. */
export class World {
  readonly processes = new Map<string, { pid: number; stopped: boolean }>();
  readonly files = new Map<string, string>();
  /** In-process effects: they end with the runner. */
  readonly cut = new Set<string>();
  private nextPid = 100;
  private readonly random: Random;
  private readonly failed = new Set<string>();
  private readonly failRate: number;

  constructor(random: Random, members: readonly string[], failRate: number) {
    this.random = random;
    this.failRate = failRate;
    for (const member of members) {
      this.start(member);
      this.files.set(`/${member}/config`, `config of ${member}`);
    }
  }

  start(member: string): void {
    this.processes.set(member, { pid: this.nextPid, stopped: false });
    this.nextPid += 1;
  }

  byPid(pid: number) {
    return [...this.processes.values()].find((process) => process.pid === pid);
  }

  /** What must be again as it was; pids may differ, since a kill restarts. */
  snapshot(): string {
    const stopped = [...this.processes].filter(([, { stopped }]) => stopped).map(([name]) => name);
    const files = [...this.files].sort(([a], [b]) => (a < b ? -1 : 1));
    return JSON.stringify({ stopped, files, cut: [...this.cut] });
  }

  rename(from: string, to: string): void {
    this.files.set(to, this.files.get(from) ?? '');
    this.files.delete(from);
  }

  /** Undoing as one process does it; an undo may fail once. */
  powerOf(life: Life): UndoPower {
    return {
      execute: async (undo) => {
        life.step();
        const key = JSON.stringify(undo);
        if (!this.failed.has(key) && this.random.next() < this.failRate) {
          this.failed.add(key);
          return { done: false, reason: 'it failed this time' };
        }
        this.undo(undo);
        life.step();
        return { done: true, reason: 'done' };
      },
      remains: async (undo) => this.remains(undo),
    };
  }

  private undo(undo: Undo): void {
    if (undo.kind === 'signal') {
      const process = this.byPid(undo.pid);
      if (process !== undefined) process.stopped = false;
    } else if (undo.kind === 'unlink') {
      this.files.delete(undo.path);
    } else if (undo.kind === 'restore-file' && this.files.has(undo.from)) {
      this.rename(undo.from, undo.path);
    }
  }

  private remains(undo: Undo): string | undefined {
    if (undo.kind === 'signal') return this.byPid(undo.pid)?.stopped === true ? 'stopped' : undefined;
    if (undo.kind === 'unlink') return this.files.has(undo.path) ? 'there' : undefined;
    if (undo.kind === 'restore-file') return this.files.has(undo.from) ? 'not restored' : undefined;
    return undefined;
  }
}
