import { isMainThread, parentPort } from 'node:worker_threads';
import { openLink, type ProxyLink, type Upstream } from './proxy-link.ts';
import type { LinkEffect } from './target.ts';

export type ToProxy = { id: number } & (
  | { kind: 'listen'; link: string; upstream: Upstream }
  | { kind: 'set'; link: string; effect: LinkEffect | undefined }
  | { kind: 'proof'; link: string }
);

export interface FromProxy {
  id: number;
  address?: string;
  proof?: { affectedBytes: number; affectedConnections: number };
  failed?: string;
}

/** The proxy's own thread: a busy runner must not delay what passes through a link. */
function serve(port: NonNullable<typeof parentPort>): void {
  const links = new Map<string, ProxyLink>();
  const answer = async (message: ToProxy): Promise<Omit<FromProxy, 'id'>> => {
    if (message.kind === 'listen') {
      const link = await openLink(message.link, message.upstream);
      links.set(message.link, link);
      return { address: link.address };
    }
    const link = links.get(message.link);
    if (link === undefined) return { failed: `no link ${message.link}` };
    if (message.kind === 'set') link.set(message.effect);
    return { proof: link.proof() };
  };
  port.on('message', async (message: ToProxy) => {
    const reply = await answer(message).catch((error: unknown) => ({ failed: String(error) }));
    port.postMessage({ id: message.id, ...reply } satisfies FromProxy);
  });
}

if (!isMainThread && parentPort !== null) serve(parentPort);
