import { Worker } from 'node:worker_threads';
import type { Upstream } from './proxy-link.ts';
import type { FromProxy, ToProxy } from './proxy-thread.ts';
import type { LinkEffect, LinkPower } from './target.ts';

/** One proxied address. */
export interface LinkHandle {
  set(effect: LinkEffect | undefined): Promise<void>;
  /** Under the present effect; all zero without one. */
  proof(): Promise<{ affectedBytes: number; affectedConnections: number }>;
}

/** TCP proxies of ours, there only where the plan has a fault. They end with this process, and with it every effect. */
export interface Proxy {
  /** Opens HOST:PORT on loopback in front of `upstream`. */
  listen(upstream: Upstream): Promise<{ address: string; link: LinkHandle }>;
  close(): Promise<void>;
}

export type StartProxy = () => Promise<Proxy>;

export async function startProxy(): Promise<Proxy> {
  const file = import.meta.url.endsWith('.ts') ? './proxy-thread.ts' : './proxy-thread.js';
  const worker = new Worker(new URL(file, import.meta.url), { name: 'proxy' });
  const waiting = new Map<number, { resolve(answer: FromProxy): void; reject(error: Error): void }>();
  let last = 0;
  let links = 0;
  worker.on('message', (answer: FromProxy) => {
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.failed === undefined) asked?.resolve(answer);
    else asked?.reject(new Error(answer.failed));
  });
  const fail = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on('error', fail);
  worker.on('exit', () => fail(new Error('the proxy thread has ended')));
  const ask = (message: DistributiveOmit<ToProxy, 'id'>): Promise<FromProxy> => {
    const { promise, resolve, reject } = Promise.withResolvers<FromProxy>();
    last += 1;
    waiting.set(last, { resolve, reject });
    worker.postMessage({ ...message, id: last });
    return promise;
  };
  const listen = async (upstream: Upstream) => {
    links += 1;
    const link = `${links}`;
    const { address } = await ask({ kind: 'listen', link, upstream });
    const handle: LinkHandle = {
      set: async (effect) => void (await ask({ kind: 'set', link, effect })),
      proof: async () =>
        (await ask({ kind: 'proof', link })).proof ?? { affectedBytes: 0, affectedConnections: 0 },
    };
    return { address: address ?? '', link: handle };
  };
  return { listen, close: async () => void (await worker.terminate()) };
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** A member's power over its links; a peer may have one link per protocol, which share every effect. */
export function linkPower(links: ReadonlyMap<string, readonly LinkHandle[]>): LinkPower {
  const of = (peer: string) => links.get(peer) ?? [];
  return {
    peers: () => [...links.keys()],
    set: async (peer, effect) => void (await Promise.all(of(peer).map((link) => link.set(effect)))),
    proof: async (peer) => {
      const proofs = await Promise.all(of(peer).map((link) => link.proof()));
      return {
        affectedBytes: proofs.reduce((sum, proof) => sum + proof.affectedBytes, 0),
        affectedConnections: proofs.reduce((sum, proof) => sum + proof.affectedConnections, 0),
      };
    },
  };
}
