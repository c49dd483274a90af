import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { systemClock, waitFor } from '../../src/base/clock.ts';
import { linkPower, startProxy } from '../../src/target/link.ts';

const open: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

// Tried by breaking the code: with the directions exchanged, with new connections let through a partition, and with a
// reset passed on at once, the tests named after these fail.

/** An echo server behind a proxied link, and clients of it. */
async function start(memberIs: 'upstream' | 'client' = 'upstream') {
  const peers = new Set<Socket>();
  const server = createServer((socket) => {
    peers.add(socket);
    socket.on('error', () => {}).on('data', (data) => socket.write(data));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(() => server.close());
  const proxy = await startProxy();
  open.push(() => proxy.close());
  const { port } = server.address() as AddressInfo;
  const { address, link } = await proxy.listen({ host: '127.0.0.1', port, memberIs });
  const dial = () => {
    const socket = connect({ host: '127.0.0.1', port: Number(address.split(':')[1]) });
    const got: { bytes: number; error?: string; closed: boolean } = { bytes: 0, closed: false };
    socket.on('data', (data) => {
      got.bytes += data.length;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      got.error = error.code ?? '';
    });
    socket.on('close', () => {
      got.closed = true;
    });
    open.push(() => socket.destroy());
    return { socket, got };
  };
  return { server, peers, link, power: linkPower(new Map([['load', [link]]])), dial };
}

const until = async (what: () => boolean, timeoutMs = 30_000) => {
  const seen = await waitFor(systemClock, { timeoutMs, everyMs: 5 }, () => (what() ? true : undefined));
  expect(seen).toBe(true);
};

test('bytes pass untouched, also many, with back-pressure', async () => {
  const { dial, power } = await start();
  const { socket, got } = dial();
  const chunk = Buffer.alloc(1024 * 1024, 3);
  for (let i = 0; i < 16; i++) if (!socket.write(chunk)) await once(socket, 'drain');
  await until(() => got.bytes === 16 * chunk.length);
  expect(await power.proof('load')).toEqual({ affectedBytes: 0, affectedConnections: 0 });
});

test('partition: silence on open connections and new ones, no close; all of it arrives after the heal', async () => {
  const { dial, power, peers } = await start();
  const old = dial();
  old.socket.write('hello');
  await until(() => old.got.bytes === 5);
  await power.set('load', { kind: 'partition', direction: 'both' });
  const young = dial();
  old.socket.write('held');
  young.socket.write('new');
  await until(() => young.socket.readyState === 'open');
  const proof = await waitFor(systemClock, { timeoutMs: 30_000, everyMs: 5 }, async () => {
    const now = await power.proof('load');
    return now.affectedBytes >= 7 ? now : undefined;
  });
  expect(proof).toEqual({ affectedBytes: 7, affectedConnections: 2 });
  expect([old.got.bytes, old.got.closed, young.got.bytes, peers.size]).toEqual([5, false, 0, 1]);
  await power.set('load', undefined);
  expect(await power.proof('load')).toEqual({ affectedBytes: 0, affectedConnections: 0 });
  await until(() => old.got.bytes === 9 && young.got.bytes === 3);
});

test('a reset behind a partition is heard of only after the heal', async () => {
  const { dial, power, peers } = await start();
  const { socket, got } = dial();
  socket.write('hello');
  await until(() => got.bytes === 5);
  await power.set('load', { kind: 'partition', direction: 'both' });
  const [peer] = peers;
  peer?.resetAndDestroy();
  await until(() => peer?.destroyed === true);
  const second = dial();
  second.socket.write('x');
  await until(() => second.socket.readyState === 'open');
  expect(got.closed).toBe(false);
  await power.set('load', undefined);
  await until(() => got.closed);
  expect(got.error).toBe('ECONNRESET');
});

test.each([
  ['upstream', 'to', 'answers'],
  ['upstream', 'from', 'questions'],
  ['client', 'to', 'questions'],
  ['client', 'from', 'answers'],
] as const)('with the member as %s, direction %s stops the %s', async (memberIs, direction, stopped) => {
  const { dial, power, peers } = await start(memberIs);
  const { socket, got } = dial();
  socket.write('a');
  await until(() => got.bytes === 1);
  await power.set('load', { kind: 'partition', direction });
  let heard = 0;
  for (const peer of peers) peer.on('data', (data) => (heard += data.length));
  socket.write('bc');
  await waitFor(systemClock, { timeoutMs: 30_000, everyMs: 5 }, async () => {
    const { affectedBytes } = await power.proof('load');
    return affectedBytes === 2 ? true : undefined;
  });
  expect([heard, got.bytes]).toEqual([stopped === 'answers' ? 2 : 0, 1]);
});

test('delay adds its latency to each direction', async () => {
  const { dial, power } = await start();
  const { socket, got } = dial();
  socket.write('a');
  await until(() => got.bytes === 1);
  await power.set('load', { kind: 'delay', direction: 'both', latencyMs: 100, jitterMs: 0 });
  const fromNs = systemClock.nowNs();
  socket.write('b');
  await until(() => got.bytes === 2);
  const tookMs = (systemClock.nowNs() - fromNs) / 1e6;
  expect(tookMs).toBeGreaterThan(199);
});

test('bandwidth: a megabyte at a megabyte per second takes a second, and the sender feels it', async () => {
  const { dial, power } = await start();
  const { socket, got } = dial();
  socket.write('a');
  await until(() => got.bytes === 1);
  await power.set('load', { kind: 'bandwidth', direction: 'from', bytesPerS: 1_000_000 });
  const fromNs = systemClock.nowNs();
  socket.write(Buffer.alloc(1_000_000));
  await until(() => got.bytes === 1_000_001);
  const tookMs = (systemClock.nowNs() - fromNs) / 1e6;
  expect(tookMs).toBeGreaterThan(900);
  // A busy machine adds to it, but not in the way that a tenth of the rate would.
  expect(tookMs).toBeLessThan(9_000);
});

test('reset: both ends of every open connection get a RST; a new one is let through', async () => {
  const { dial, power, peers } = await start();
  const clients = [dial(), dial()];
  for (const { socket, got } of clients) {
    socket.write('a');
    await until(() => got.bytes === 1);
  }
  const errors: string[] = [];
  for (const peer of peers) peer.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? ''));
  await power.set('load', { kind: 'reset' });
  expect(await power.proof('load')).toEqual({ affectedBytes: 0, affectedConnections: 2 });
  await until(() => clients.every(({ got }) => got.closed) && errors.length === 2);
  expect([...clients.map(({ got }) => got.error), ...errors]).toEqual(Array(4).fill('ECONNRESET'));
  const { socket, got } = dial();
  socket.write('b');
  await until(() => got.bytes === 1);
});

test('an upstream that refuses resets the client', async () => {
  const { dial, server } = await start();
  server.close();
  const { socket, got } = dial();
  socket.write('a');
  await until(() => got.closed);
  expect(got.error).toBe('ECONNRESET');
});
