import type { PeerRecord } from '../observe/evidence.ts';

/** More than one worker ever meets; worker w numbers its peers from w times this. */
const peersMax = 65_536;

/** Where one worker's connections ended: every pair of endpoint and address once, as request records name it. */
export class PeerList {
  readonly #first: number;
  readonly #known = new Map<string, PeerRecord>();

  constructor(worker: number) {
    this.#first = worker * peersMax;
  }

  /** The number of this place; -1 for a socket that is closed already, and beyond the bound. */
  idOf(member: string, address: string | undefined): number {
    if (address === undefined) return -1;
    const key = `${member} ${address}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known.id;
    if (this.#known.size === peersMax) return -1;
    const id = this.#first + this.#known.size;
    this.#known.set(key, { id, member, address });
    return id;
  }

  list(): PeerRecord[] {
    return [...this.#known.values()];
  }
}
