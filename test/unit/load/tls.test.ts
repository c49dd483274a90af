import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { createExporter } from '../../../src/load/exporter.ts';
import { frameMessage } from '../../../src/otlp/template.ts';
import type { OtlpSpec, TlsSpec } from '../../../src/scenario/types.ts';
import { type Certificates, makeCertificates } from '../../fixtures/load/certificates.ts';
import { answerStatus } from '../../fixtures/load/grpc-server.ts';

const openssl = hasOpenssl();
const reason = openssl ? '' : ' (skipped: no openssl on PATH)';

let dir = '';
let certificates: Certificates;
const closers: (() => unknown)[] = [];
const tokens: (string | undefined)[] = [];

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'squall-tls-'));
  if (openssl) certificates = makeCertificates(dir);
});
afterAll(() => rmSync(dir, { recursive: true }));
afterEach(async () => {
  tokens.length = 0;
  for (const close of closers.splice(0)) await close();
});

async function serve(protocol: 'grpc' | 'http/protobuf', mutual: boolean): Promise<string> {
  const options = { ...certificates.server, requestCert: mutual, rejectUnauthorized: mutual };
  if (protocol === 'grpc') {
    const server = createSecureServer(options);
    server.on('session', (session) => {
      session.on('error', () => {});
      closers.push(() => session.destroy());
    });
    server.on('stream', (stream, headers) => {
      tokens.push(headers.authorization);
      stream.on('error', () => {});
      stream.resume().on('end', () => answerStatus(stream, 0));
    });
    closers.push(() => server.close());
    return await new Promise((resolve) =>
      server.listen(0, '127.0.0.1', () =>
        resolve(`https://127.0.0.1:${(server.address() as AddressInfo).port}`),
      ),
    );
  }
  const server = createServer(options, (request, response) => {
    tokens.push(request.headers.authorization);
    request.resume().on('end', () => response.end());
  });
  closers.push(() => server.close());
  closers.push(() => server.closeAllConnections());
  return await new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () =>
      resolve(`https://127.0.0.1:${(server.address() as AddressInfo).port}`),
    ),
  );
}

async function send(protocol: 'grpc' | 'http/protobuf', address: string, otlp: Partial<OtlpSpec>) {
  const exporter = createExporter({
    signal: 'traces',
    protocol,
    compression: 'none',
    endpoints: [{ member: 'm', otlp: { grpc: address, http: address, headers: {}, ...otlp } }],
    connections: 1,
    maxInFlight: 2,
  });
  closers.push(() => exporter.close());
  return exporter.send(frameMessage(Buffer.from('hello')), systemClock.nowNs() + 3e9);
}

const tls = (changes: Partial<TlsSpec> = {}): TlsSpec => ({
  caFile: certificates.caFile,
  insecureSkipVerify: false,
  ...changes,
});

describe.skipIf(!openssl).each(['grpc', 'http/protobuf'] as const)(`TLS over %s${reason}`, (protocol) => {
  test('a certificate of a known authority is accepted', async () => {
    expect(await send(protocol, await serve(protocol, false), { tls: tls() })).toMatchObject({
      kind: 'acknowledged',
    });
  });

  test('one of an unknown authority is refused, unless verification is off', async () => {
    const address = await serve(protocol, false);
    const outcome = await send(protocol, address, {});
    expect(outcome).toMatchObject({ kind: 'refused', status: -1 });
    expect(outcome.message).toMatch(/certificate/);
    expect(await send(protocol, address, { tls: { insecureSkipVerify: true } })).toMatchObject({
      kind: 'acknowledged',
    });
  });

  test('serverName is the name that is checked', async () => {
    const address = await serve(protocol, false);
    const right = await send(protocol, address, { tls: tls({ serverName: 'collector.test' }) });
    expect(right).toMatchObject({ kind: 'acknowledged' });
    const wrong = await send(protocol, address, { tls: tls({ serverName: 'other.test' }) });
    expect(wrong).toMatchObject({ kind: 'refused' });
  });

  test('mutual TLS: acknowledged with a client certificate, refused without', async () => {
    const address = await serve(protocol, true);
    const { certFile, keyFile } = certificates;
    expect(await send(protocol, address, { tls: tls({ certFile, keyFile }) })).toMatchObject({
      kind: 'acknowledged',
    });
    expect(await send(protocol, address, { tls: tls() })).toMatchObject({ kind: 'refused', status: -1 });
  });

  test('plaintext to a TLS port is refused or unknown, never acknowledged', async () => {
    const address = (await serve(protocol, false)).replace('https://', '');
    const outcome = await send(protocol, address, {});
    expect(['refused', 'unknown']).toContain(outcome.kind);
  });

  test('the bearer token comes from its file', async () => {
    const bearerTokenFile = join(dir, 'token');
    writeFileSync(bearerTokenFile, 's3cret\n');
    await send(protocol, await serve(protocol, false), { tls: tls(), bearerTokenFile });
    expect(tokens).toEqual(['Bearer s3cret']);
  });
});

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}
