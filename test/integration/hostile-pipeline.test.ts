import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { makeExpired } from '../../src/fault/expired-certificate.ts';
import { expectError, hostilePlace } from '../fixtures/hostile.ts';
import { makeCertificates } from '../fixtures/load/certificates.ts';
import { answerStatus, startGrpcServer } from '../fixtures/load/grpc-server.ts';
import { closedPort, serveSilence, serveStatus, serveTls } from '../fixtures/servers.ts';
import { expectWhole, noParts, readReportJson } from '../fixtures/squall.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Closed after the test. */
async function open<T extends { close(): unknown }>(starting: Promise<T>): Promise<T> {
  const opened = await starting;
  closers.push(() => opened.close());
  return opened;
}

/** A run against this endpoint, which has to end before the load with this error. */
async function refused(
  otlp: Record<string, unknown>,
  wanted: { code: string; where: string },
  protocol = 'grpc',
): Promise<void> {
  const place = hostilePlace();
  const load = {
    spans: {
      signal: 'traces',
      executor: 'constant-arrival-rate',
      rate: 500,
      duration: '3s',
      batch: 50,
      protocol,
    },
  };
  const ended = await place.run(place.scenario({ target: { external: { otlp, sink: 'none' } }, load }));
  expectError(ended, { ...wanted, exit: 4 });
  expect(ended.stderr).toContain(`hop load -> external`);
  expect(await place.leftBehind()).toEqual([]);
}

describe('a target that refuses', () => {
  test.each([16, 7])('gRPC status %i: the credentials', async (code) => {
    const { address } = await open(startGrpcServer((stream) => answerStatus(stream, code)));
    const where = code === 16 ? 'UNAUTHENTICATED' : 'PERMISSION_DENIED';
    await refused({ grpc: address }, { code: 'SQ-TARGET-AUTH', where });
  });

  test.each([401, 403])('HTTP %i: the credentials', async (status) => {
    const { port } = await open(serveStatus(status));
    const wanted = { code: 'SQ-TARGET-AUTH', where: `HTTP ${status}` };
    await refused({ http: `127.0.0.1:${port}` }, wanted, 'http/protobuf');
  });

  test('a port that nobody listens on, and one that never answers', async () => {
    const port = await closedPort();
    const silent = await open(serveSilence());
    await Promise.all([
      refused({ grpc: `127.0.0.1:${port}` }, { code: 'SQ-TARGET-UNREACHABLE', where: 'ECONNREFUSED' }),
      refused(
        { grpc: `127.0.0.1:${silent.port}` },
        { code: 'SQ-TARGET-UNREACHABLE', where: 'no answer within' },
      ),
    ]);
  });

  test('plaintext to a TLS port, and TLS to a plaintext port', async () => {
    const place = hostilePlace();
    const { server, caFile } = makeCertificates(place.dir);
    const secure = await open(serveTls(server));
    await refused({ grpc: `127.0.0.1:${secure.port}` }, { code: 'SQ-TARGET-TLS', where: 'TLS' });
    await refused({ http: `127.0.0.1:${secure.port}` }, { code: 'SQ-TARGET-TLS', where: 'TLS' }, 'http/json');
    const plain = await open(startGrpcServer());
    const tls = { caFile };
    await refused({ grpc: `https://${plain.address}`, tls }, { code: 'SQ-TARGET-TLS', where: 'TLS' });
    const http = await open(serveStatus(200));
    const otlp = { http: `https://127.0.0.1:${http.port}`, tls };
    await refused(otlp, { code: 'SQ-TARGET-TLS', where: 'TLS' }, 'http/protobuf');
  });

  test('a certificate that expired, and one of an authority that is not trusted', async () => {
    const place = hostilePlace();
    const { server, caFile } = makeCertificates(place.dir);
    const file = (name: string) => join(place.dir, name);
    const cert = await makeExpired({
      certFile: file('server.crt'),
      keyFile: file('server.key'),
      authority: { certFile: file('ca.crt'), keyFile: file('ca.key') },
      notAfter: new Date(Date.now() - 3600_000),
      scratchDir: file('scratch'),
    });
    const expired = await open(serveTls({ cert, key: server.key }));
    const grpc = `https://127.0.0.1:${expired.port}`;
    await refused({ grpc, tls: { caFile } }, { code: 'SQ-TARGET-TLS', where: 'expired' });
    const valid = await open(serveTls(server));
    const otlp = { grpc: `https://127.0.0.1:${valid.port}` };
    await refused(otlp, { code: 'SQ-TARGET-TLS', where: 'certificate' });
  });
});

describe('a Prometheus that is not there', () => {
  test('one that accepts and never answers, and a closed port', async () => {
    const silent = await open(serveSilence());
    const ports = [silent.port, await closedPort()];
    await Promise.all(
      ports.map(async (port) => {
        const place = hostilePlace();
        const url = `http://127.0.0.1:${port}`;
        const ended = await place.run(place.scenario({ target: { embedded: { prometheus: url } } }));
        expectError(ended, { code: 'SQ-PROMETHEUS-UNREACHABLE', exit: 4, where: url });
        expect(await place.leftBehind()).toEqual([]);
      }),
    );
  });
});

describe.skipIf(noParts !== '')(`a real collector${noParts}`, () => {
  test('requests over its size limit are refused, counted and not lost', async () => {
    const place = hostilePlace();
    // 4 MiB is the limit of the collector's gRPC server; the canary is far below it.
    const load = {
      spans: {
        signal: 'traces',
        executor: 'constant-arrival-rate',
        rate: 10_000,
        duration: '3s',
        batch: 5000,
        shape: { itemBytes: 1000 },
      },
    };
    const slos = [
      { measure: 'items_lost', thresholds: ['count==0'] },
      { measure: 'items_refused', thresholds: ['count==0'] },
    ];
    const ended = await place.run(
      place.scenario({ target: { local: { members: { collector: {} } } }, load, slos }),
    );
    // Bodies of 5 MB may leave late, or never, on a small machine: then the run does not count, and nothing passes either.
    expect([1, 2], ended.stderr).toContain(ended.code);
    const { ledger, slos: judged } = readReportJson(place.out);
    const sent = 30_000 - (ledger.traces?.missed ?? Number.NaN);
    const counts = { due: 30_000, offered: sent, refused: sent, acknowledged: 0, lost: 0 };
    expect(ledger.traces).toMatchObject(counts);
    expect(sent).toBeGreaterThan(0);
    expect(judged[0]?.verdict).toBe('unknown');
    expect(judged[1]?.verdict).toBe(ended.code === 1 ? 'fail' : 'unknown');
    expect(await place.leftBehind()).toEqual([]);
  });

  test('a Prometheus that dies in the middle: its SLO is unknown, the others are judged', async () => {
    const place = hostilePlace();
    const slos = [
      { measure: 'items_lost', thresholds: ['count==0'] },
      {
        name: 'queue',
        promql: 'max(otelcol_exporter_queue_size)',
        unit: 'batches',
        thresholds: ['value<1000'],
      },
    ];
    const file = place.scenario({ target: { local: { members: { collector: {} } } }, slos });
    const running = place.run(file);
    await place.killWhenUp(
      'prometheus',
      () => readFileSync(join(place.out, 'evidence', 'requests-0.bin')).length > 0,
    );
    const ended = await running;
    expect(ended.code, ended.stderr).toBe(2);
    const report = readReportJson(place.out);
    // A busy machine may make the run not count; the ledger stands all the same.
    expect(report.slos[0]?.verdict).toBe(report.validity.valid ? 'pass' : 'unknown');
    expect(report.slos[1]?.verdict).toBe('unknown');
    expectWhole(report, 1500);
    expect(await place.leftBehind()).toEqual([]);
  });
});
