import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock, waitFor } from '../../../src/base/clock.ts';
import { helloBody as body, createGrpcPlace, inMs, patienceMs } from '../../fixtures/load/grpc-place.ts';
import { answerStatus } from '../../fixtures/load/grpc-server.ts';

const place = createGrpcPlace();
afterEach(() => place.clear());
const { serve, exporterTo } = place;

describe('connections', () => {
  test('nobody listens: refused at once', async () => {
    const address = await freeAddress();
    const outcome = await exporterTo([address]).send(body, inMs(patienceMs));
    expect(outcome).toMatchObject({ kind: 'refused', retryable: true, status: -1 });
    expect(outcome.message).toContain('ECONNREFUSED');
  });

  test('a dead endpoint stalls nobody, and its share goes to the others', async () => {
    const server = await serve();
    const exporter = exporterTo([await freeAddress(), server.address], { connections: 4 });
    await exporter.ready();
    for (let i = 0; i < 6; i++) {
      expect(await exporter.send(body, inMs(patienceMs))).toMatchObject({ kind: 'acknowledged' });
    }
  });

  test('requests are dealt to the endpoints in turn', async () => {
    const servers = [await serve(), await serve()];
    const exporter = exporterTo(
      servers.map((server) => server.address),
      { connections: 4 },
    );
    await exporter.ready();
    for (let i = 0; i < 8; i++) await exporter.send(body, inMs(patienceMs));
    expect(servers.map((server) => server.calls.length)).toEqual([4, 4]);
    expect(servers.map((server) => server.sessions.size)).toEqual([2, 2]);
  });

  test('after a broken connection it connects again by itself', async () => {
    let breaks = 1;
    const server = await serve((stream) => {
      if (breaks-- > 0) stream.session?.destroy();
      else answerStatus(stream, 0);
    });
    const exporter = exporterTo([server.address]);
    expect(await exporter.send(body, inMs(patienceMs))).toMatchObject({ kind: 'unknown' });
    const again = await waitFor(systemClock, { timeoutMs: patienceMs, everyMs: 20 }, async () => {
      const outcome = await exporter.send(body, inMs(patienceMs));
      return outcome.kind === 'acknowledged' ? outcome : undefined;
    });
    expect(again?.kind).toBe('acknowledged');
  });
});

test('a GOAWAY to a connection that served is followed by a new one at once', async () => {
  const server = await serve();
  const exporter = exporterTo([server.address]);
  await exporter.ready();
  const openedNs = systemClock.nowNs();
  await waitFor(systemClock, { timeoutMs: patienceMs, everyMs: 50 }, () =>
    systemClock.nowNs() - openedNs > 1.1e9 ? true : undefined,
  );
  const kinds: string[] = [];
  for (let i = 0; i < 200; i++) {
    if (i === 20) for (const session of server.sessions) session.close();
    kinds.push((await exporter.send(body, inMs(patienceMs))).kind);
  }
  // The one request that was under way when it came may be above its last stream.
  expect(kinds.filter((kind) => kind !== 'acknowledged').length).toBeLessThanOrEqual(1);
});

test('a request over 64 MiB is not sent', async () => {
  const server = await serve();
  const outcome = await exporterTo([server.address]).send(
    Buffer.alloc(64 * 1024 * 1024 + 1),
    inMs(patienceMs),
  );
  expect(outcome).toMatchObject({ kind: 'refused', retryable: false, status: -1 });
  expect(server.calls).toHaveLength(0);
});

test('a token file that cannot be read is named', async () => {
  const server = await serve();
  const exporter = exporterTo([server.address], {}, { bearerTokenFile: '/nowhere/token' });
  const outcome = await exporter.send(body, inMs(patienceMs));
  expect(outcome).toMatchObject({ kind: 'refused' });
  expect(outcome.message).toContain('/nowhere/token');
});

async function freeAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

/** Speaks HTTP/2's preface and then does not read while `frozen`. */
