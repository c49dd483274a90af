import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Member } from '../target/target.ts';

/** Metrics pages of members that no address of this machine leads to, for a Prometheus beside this process. */
export interface PageRelay {
  /** HOST:PORT, on loopback; the list of who is there is at /members, as http_sd_configs take it. */
  address: string;
  close(): Promise<void>;
}

/** `members` as it is at each question: pods come and go. */
export async function startPageRelay(members: readonly Member[]): Promise<PageRelay> {
  const asked = new Map<string, Promise<string>>();
  /** One question at a time to each: an API server that hangs is not asked more and more. */
  const read = (member: Member): Promise<string> => {
    const known = asked.get(member.name);
    if (known !== undefined) return known;
    const page = readPage(member).finally(() => asked.delete(member.name));
    asked.set(member.name, page);
    return page;
  };
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (path === '/members') {
      answer(response, { status: 200, type: 'application/json', text: listOf(members, address()) });
      return;
    }
    const member = members.find(({ name }) => path === pagePath(name));
    if (member === undefined) {
      answer(response, { status: 404, type: 'text/plain', text: 'no such member' });
      return;
    }
    read(member).then(
      (text) => answer(response, { status: 200, type: 'text/plain; version=0.0.4', text }),
      (error: unknown) => answer(response, { status: 502, type: 'text/plain', text: String(error) }),
    );
  });
  const address = () => `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, resolve);
  });
  return {
    address: address(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** With the labels that members have elsewhere, and of a pod those that a Prometheus in its cluster gives it. */
function listOf(members: readonly Member[], address: string): string {
  const list = members
    .filter(({ readMetrics }) => readMetrics !== undefined)
    .map(({ name, group, pod }) => {
      const [namespace] = pod?.id.split('/') ?? [];
      const placed = pod?.place === undefined ? {} : { pod: pod.place.pod, node: pod.place.node };
      return {
        targets: [address],
        labels: {
          __metrics_path__: pagePath(name),
          instance: name,
          member: name,
          group,
          ...(namespace === undefined ? {} : { namespace }),
          ...placed,
        },
      };
    });
  return JSON.stringify(list);
}

function pagePath(name: string): string {
  return `/members/${encodeURIComponent(name)}`;
}

async function readPage({ readMetrics }: Member): Promise<string> {
  if (readMetrics === undefined) throw new Error('it shows no page');
  return readMetrics();
}

function answer(response: ServerResponse, of: { status: number; type: string; text: string }): void {
  response.writeHead(of.status, { 'content-type': of.type }).end(of.text);
}
