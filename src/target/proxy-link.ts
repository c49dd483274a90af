import { connect, createServer, type Server, type Socket } from 'node:net';
import { nowNs } from '../base/clock.ts';
import { random } from '../base/random.ts';
import { createLane, type Lane, type Shape } from './lane.ts';
import type { LinkEffect } from './target.ts';

export interface Upstream {
  host: string;
  port: number;
  /** Which end of the proxied connection the member is; default upstream (the peer dials the member). */
  memberIs?: 'upstream' | 'client';
  /** Address of this machine to listen on; default loopback. */
  listen?: string;
}

interface Half {
  from: Socket;
  to: Socket | undefined;
  lane: Lane;
  shape: Shape;
  timer: NodeJS.Timeout | undefined;
}

interface Connection {
  client: Socket;
  server: Socket | undefined;
  up: Half;
  down: Half;
  /** One end was reset. */
  broken: boolean;
  gone(): void;
}

/** One listener, its connections and the effect in place on them. */
export interface ProxyLink {
  address: string;
  set(effect: LinkEffect | undefined): void;
  proof(): { affectedBytes: number; affectedConnections: number };
  close(): void;
}

export async function openLink(name: string, upstream: Upstream): Promise<ProxyLink> {
  const generator = random('link', name);
  const newShape = (): Shape => ({ effect: undefined, freeNs: 0, random: generator.next, affectedBytes: 0 });
  const shapes = { up: newShape(), down: newShape() };
  const connections = new Set<Connection>();
  const struck = new Set<Connection>();
  let effect: LinkEffect | undefined;
  let cutConnections = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const connection = newConnection(client, shapes, () => {
      connections.delete(connection);
    });
    connections.add(connection);
    if (effect !== undefined && effect.kind !== 'reset') struck.add(connection);
    // A handshake needs both directions, so a new connection hangs in a partition of either.
    if (effect?.kind !== 'partition') dial(connection, upstream);
  });
  const set = (next: LinkEffect | undefined) => {
    effect = next;
    struck.clear();
    cutConnections = 0;
    const direction = next === undefined || next.kind === 'reset' ? 'both' : next.direction;
    // `to` is what the member sends: upwards if it is the client, downwards if it is the upstream.
    const memberSends = upstream.memberIs === 'client' ? 'up' : 'down';
    for (const way of ['up', 'down'] as const) {
      const meant = direction === 'both' || (direction === 'to') === (way === memberSends);
      shapes[way].effect = meant ? next : undefined;
      shapes[way].freeNs = 0;
      shapes[way].affectedBytes = 0;
    }
    if (next?.kind === 'reset') cutConnections = resetAll(connections);
    for (const connection of connections) {
      if (next !== undefined) struck.add(connection);
      connection.up.lane.rechain(nowNs());
      connection.down.lane.rechain(nowNs());
      if (next?.kind !== 'partition') dial(connection, upstream);
      flow(connection.up);
      flow(connection.down);
      passReset(connection);
    }
  };
  await listen(server, upstream.listen ?? '127.0.0.1');
  return {
    address: addressOf(server),
    set,
    proof: () => {
      const affectedBytes = shapes.up.affectedBytes + shapes.down.affectedBytes;
      // Open connections are struck once something of theirs was: an idle one proves nothing.
      return { affectedBytes, affectedConnections: cutConnections + (affectedBytes > 0 ? struck.size : 0) };
    },
    close: () => {
      server.close();
      resetAll(connections);
    },
  };
}

function newConnection(client: Socket, shapes: { up: Shape; down: Shape }, gone: () => void): Connection {
  const half = (from: Socket, shape: Shape): Half => ({
    from,
    to: undefined,
    lane: createLane(shape),
    shape,
    timer: undefined,
  });
  const connection: Connection = {
    client,
    server: undefined,
    up: half(client, shapes.up),
    down: half(client, shapes.down),
    broken: false,
    gone,
  };
  read(connection.up);
  watch(connection, client);
  return connection;
}

/** A reset passes on as a reset; while the link is cut the other end hears of it only at the heal. */
function watch(connection: Connection, socket: Socket): void {
  socket.on('error', () => {
    connection.broken = true;
    passReset(connection);
  });
  socket.on('close', () => {
    if (connection.client.destroyed && connection.server?.destroyed !== false) connection.gone();
  });
}

function passReset(connection: Connection): void {
  const { broken, up, down } = connection;
  const cut = [up, down].some(({ shape }) => shape.effect?.kind === 'partition');
  if (broken && !cut) reset(connection);
}

function reset({ client, server, up, down, gone }: Connection): void {
  clearTimeout(up.timer);
  clearTimeout(down.timer);
  client.resetAndDestroy();
  server?.resetAndDestroy();
  gone();
}

/** Opens the way to the upstream, once. */
function dial(connection: Connection, upstream: Upstream): void {
  if (connection.server !== undefined || connection.client.destroyed) return;
  const server = connect({ host: upstream.host, port: upstream.port, allowHalfOpen: true, noDelay: true });
  connection.server = server;
  connection.up.to = server;
  connection.down.from = server;
  connection.down.to = connection.client;
  read(connection.down);
  // Refused, or reset: the client hears of it in the one way a connected socket can.
  watch(connection, server);
  flow(connection.up);
}

/** Bytes of the source go into the lane, and from there on as it lets them. */
function read(half: Half): void {
  half.from.on('data', (chunk: Buffer) => {
    half.lane.accept(chunk, nowNs());
    flow(half);
  });
  half.from.on('end', () => {
    half.lane.end(nowNs());
    flow(half);
  });
}

/** Writes what is due, sets the timer for the rest, and lets the source go on only where there is room. */
function flow(half: Half): void {
  clearTimeout(half.timer);
  const { lane, from, to } = half;
  if (to === undefined) {
    // No way on yet: one chunk is held, the rest stays with the sender.
    if (lane.heldBytes() > 0) from.pause();
    return;
  }
  if (to.destroyed) return;
  const waiting = to.writableNeedDrain;
  if (!waiting) {
    const { bytes, ended } = lane.take(nowNs());
    for (const chunk of bytes) to.write(chunk);
    if (ended) to.end();
  }
  if (to.writableNeedDrain) {
    if (!waiting) to.once('drain', () => flow(half));
    from.pause();
    return;
  }
  const nextNs = lane.nextNs();
  if (nextNs !== undefined) half.timer = setTimeout(() => flow(half), Math.max(0, (nextNs - nowNs()) / 1e6));
  if (lane.full()) from.pause();
  else from.resume();
}

function resetAll(connections: Set<Connection>): number {
  const all = [...connections];
  for (const connection of all) reset(connection);
  return all.length;
}

async function listen(server: Server, host: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen({ host, port: 0 }, () => resolve());
  await promise;
}

function addressOf(server: Server): string {
  const address = server.address();
  return typeof address === 'object' && address !== null ? `${address.address}:${address.port}` : '';
}
