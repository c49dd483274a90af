import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/**
 * Free loopback ports, kept for the whole run. They lie below the kernel's ephemeral range where there is room: a
 * port inside it can be taken by any outgoing connection while its owner is dead, even by the client that reconnects
 * to it (TCP simultaneous open with itself), and the restart would then fail.
 */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  for (let tries = 0; found.size < count && tries < count * 50; tries++) {
    const wanted = tries < count * 40 ? candidate(ephemeralStart()) : 0;
    const port = await tryPort(wanted);
    if (port !== undefined) found.add(port);
  }
  if (found.size < count) throw new Error(`found ${found.size} of ${count} free loopback ports`);
  return [...found];
}

const lowest = 10_240;

function candidate(end: number): number {
  return end <= lowest + 1000 ? 0 : lowest + Math.floor(Math.random() * (end - lowest));
}

/** 32768 is the default of Linux; macOS starts at 49152. */
function ephemeralStart(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/)[0]);
  } catch {
    return 32_768; // no /proc: the lower of the two known defaults is right for both
  }
}

/** The port when it can be bound (0 lets the kernel choose), else undefined. */
async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : undefined;
  } catch {
    return undefined; // taken: another one will do
  } finally {
    server.close();
  }
}
