import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { createExporter, type Outcome } from '../../../src/load/exporter.ts';
import { PeerList } from '../../../src/load/peers.ts';
import { frameMessage } from '../../../src/otlp/template.ts';
import { createGrpcPlace } from '../../fixtures/load/grpc-place.ts';
import { answerStatus } from '../../fixtures/load/grpc-server.ts';

/** Tried by breaking the code: a peer named before the connection is open, and one remembered from the stream before. */
const place = createGrpcPlace();
afterEach(() => place.clear());

const body = frameMessage(Buffer.from('hello'));
const inMs = (ms: number) => systemClock.nowNs() + ms * 1e6;

/** "member address" of each outcome; undefined where no connection carried it. */
function named(peers: PeerList, outcomes: Outcome[]): (string | undefined)[] {
  const known = new Map(peers.list().map(({ id, member, address }) => [id, `${member} ${address}`]));
  return outcomes.map(({ peer }) => (peer === undefined ? undefined : known.get(peer)));
}

/** A port on which nothing listens. */
async function closedPort(): Promise<string> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

describe('gRPC', () => {
  test('each outcome names the member and address of its connection, also when it is refused', async () => {
    const taking = await place.serve();
    const refusing = await place.serve((stream) => answerStatus(stream, 14));
    const peers = new PeerList(2);
    const exporter = place.exporterTo([taking.address, refusing.address], { peers });
    await exporter.ready();
    const outcomes = [];
    for (let i = 0; i < 4; i++) outcomes.push(await exporter.send(body, inMs(20_000)));
    const [first, second] = [`m0 ${taking.address}`, `m1 ${refusing.address}`];
    expect(named(peers, outcomes)).toEqual([first, second, first, second]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['acknowledged', 'refused', 'acknowledged', 'refused']);
    expect(peers.list().map(({ id }) => id)).toEqual([2 * 65_536, 2 * 65_536 + 1]);
  });

  test('one that waits in vain for its answer is named, one that no connection took is not', async () => {
    const silent = await place.serve(() => undefined);
    const peers = new PeerList(0);
    const waiting = place.exporterTo([silent.address], { peers });
    await waiting.ready();
    const nowhere = place.exporterTo([await closedPort()], { peers });
    await nowhere.ready();
    const outcomes = [await waiting.send(body, inMs(200)), await nowhere.send(body, inMs(20_000))];
    expect(outcomes.map(({ kind }) => kind)).toEqual(['unknown', 'refused']);
    expect(named(peers, outcomes)).toEqual([`m0 ${silent.address}`, undefined]);
  });
});

describe('HTTP', () => {
  async function serve(status: number): Promise<string> {
    const server: Server = createServer((request, response) => {
      request.resume().on('end', () => response.writeHead(status).end());
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    place.onClear(() => {
      server.closeAllConnections();
      server.close();
    });
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test('an answer names its server; a connect that is refused names none', async () => {
    const addresses = [await serve(200), await serve(503), await closedPort()];
    const peers = new PeerList(0);
    const exporter = createExporter({
      signal: 'traces',
      protocol: 'http/protobuf',
      compression: 'none',
      endpoints: addresses.map((http, i) => ({ member: `m${i}`, otlp: { http, headers: {} } })),
      connections: 1,
      maxInFlight: 8,
      peers,
    });
    place.onClear(() => exporter.close());
    const outcomes = [];
    for (let i = 0; i < 3; i++) outcomes.push(await exporter.send(body, inMs(20_000)));
    expect(named(peers, outcomes)).toEqual([`m0 ${addresses[0]}`, `m1 ${addresses[1]}`, undefined]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['acknowledged', 'refused', 'refused']);
  });
});
