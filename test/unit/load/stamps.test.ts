import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import type { Exporter, Outcome } from '../../../src/load/exporter.ts';
import { Flow } from '../../../src/load/flow.ts';
import type { RequestRecord } from '../../../src/load/records.ts';
import { Tally } from '../../../src/load/tally.ts';
import { createPacer } from '../../../src/plan/pace.ts';
import { createGrpcPlace, helloBody, inMs, patienceMs } from '../../fixtures/load/grpc-place.ts';
import { answerStatus } from '../../fixtures/load/grpc-server.ts';
import { openEntry } from '../../fixtures/load/plan.ts';

/** When a request left and when its answer was read, so that what the generator does meanwhile is nobody's latency. */
const place = createGrpcPlace();
afterEach(() => place.clear());

const spunMs = 30;

function spin(): void {
  const untilNs = inMs(spunMs);
  while (systemClock.nowNs() < untilNs);
}

const send = (exporter: Exporter) => exporter.send(helloBody, inMs(patienceMs));

async function startHttp(): Promise<string> {
  const server = createServer((request, response) => request.resume().on('end', () => response.end()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  place.onClear(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function newExporter(protocol: 'grpc' | 'http/protobuf'): Promise<Exporter> {
  const address = protocol === 'grpc' ? (await place.serve()).address : await startHttp();
  return place.exporterTo([address], { protocol }, { http: address });
}

async function openExporter(protocol: 'grpc' | 'http/protobuf'): Promise<Exporter> {
  const exporter = await newExporter(protocol);
  await exporter.ready();
  expect(await send(exporter)).toMatchObject({ kind: 'acknowledged' });
  return exporter;
}

describe.each(['grpc', 'http/protobuf'] as const)('%s', (protocol) => {
  test('a request has left when its bytes go to the socket, not when it was handed over', async () => {
    const exporter = await openExporter(protocol);
    const handedNs = systemClock.nowNs();
    const outcome = send(exporter);
    spin(); // nothing leaves within a turn
    const { leftNs = Number.NaN, readNs = Number.NaN } = await outcome;
    expect(leftNs - handedNs).toBeGreaterThanOrEqual(spunMs * 1e6);
    expect(readNs).toBeGreaterThan(leftNs);
    expect(readNs).toBeLessThanOrEqual(systemClock.nowNs());
  });

  test('one that has to wait for its connection has no time of its own: that wait is not the generator', async () => {
    const outcome = await send(await newExporter(protocol));
    expect(outcome).toMatchObject({ kind: 'acknowledged' });
    expect(outcome.leftNs).toBeUndefined();
  });
});

test('gRPC: answers that arrive together were read at one time, whichever is handled first', async () => {
  const held: (() => void)[] = [];
  const server = await place.serve((stream, _call, number) => {
    held.push(() => stream.respond({ ':status': 200, 'grpc-status': '8' }, { endStream: true }));
    if (number < 10) return;
    for (const answer of held) answer();
  });
  const exporter = place.exporterTo([server.address]);
  await exporter.ready();
  const outcomes = await Promise.all(Array.from({ length: 11 }, () => send(exporter)));
  expect(new Set(outcomes.map(({ readNs }) => readNs)).size).toBe(1);
  expect(outcomes[0]).toMatchObject({ status: 8, readNs: expect.any(Number) });
});

test('gRPC: each left in its own turn, though both were answered in the end', async () => {
  const held: (() => void)[] = [];
  const server = await place.serve((stream, _call, number) => {
    held.push(() => answerStatus(stream, 0));
    if (number > 0) for (const answer of held) answer();
  });
  const exporter = place.exporterTo([server.address]);
  await exporter.ready();
  const first = send(exporter);
  await new Promise(setImmediate);
  const betweenNs = systemClock.nowNs();
  const second = send(exporter);
  expect((await first).leftNs).toBeLessThan(betweenNs);
  expect((await second).leftNs).toBeGreaterThan(betweenNs);
});

test('gRPC: one that has to wait for a stream has no time of its own either', async () => {
  const held: (() => void)[] = [];
  const server = await place.serve((stream, _call, number) => {
    if (number === 0) return answerStatus(stream, 0);
    held.push(() => answerStatus(stream, 0));
    if (held.length === 1) setImmediate(() => held[0]?.());
    else held.at(-1)?.();
  });
  const exporter = place.exporterTo([server.address]);
  await exporter.ready();
  await send(exporter);
  for (const session of server.sessions) session.settings({ maxConcurrentStreams: 1 });
  await expect.poll(() => [...server.sessions][0]?.pendingSettingsAck).toBe(false);
  const [first, second] = await Promise.all([send(exporter), send(exporter)]);
  expect(first.leftNs).toBeDefined();
  expect(second).toMatchObject({ kind: 'acknowledged' });
  expect(second.leftNs).toBeUndefined();
});

test('a record has when its first attempt left and when the last answer was read', async () => {
  const entry = openEntry({
    spec: { batch: 10, retry: { initialMs: 1, maxMs: 1, maxElapsedMs: 1000 } },
    itemsPerS: 10,
    durationMs: 1000,
  });
  const refused = { kind: 'refused', retryable: true, status: 14, message: '' } as const;
  const outcomes: Outcome[] = [
    { ...refused, leftNs: 1020, readNs: 1030 },
    { kind: 'acknowledged', status: 0, message: '', leftNs: 1040, readNs: 1050 },
  ];
  const ended = Promise.withResolvers<RequestRecord>();
  let atNs = 1000;
  const flow = new Flow({
    ...{
      entry,
      pacer: createPacer(entry.pace),
      worker: 0,
      workers: 1,
      seed: 1,
      bound: 1,
      tally: new Tally(),
    },
    clock: { nowNs: () => atNs },
    bodies: { prepare() {}, make: () => ({ bytes: Buffer.alloc(0), giveBack() {} }) },
    exporter: {
      ready: async () => {},
      close() {},
      send: async () => outcomes.shift() ?? refused,
    },
    record: ended.resolve,
  });
  flow.go(1000);
  atNs = 1000 + flow.nextDueNs;
  flow.drain();
  expect(await ended.promise).toMatchObject({ attempts: 2, sendNs: 20, finalNs: 50 });
});
