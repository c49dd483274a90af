import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { fakePrometheus } from '../fixtures/fake-prometheus.ts';
import { expectError, type HostilePlace, hostilePlace } from '../fixtures/hostile.ts';
import { startGrpcServer } from '../fixtures/load/grpc-server.ts';
import { grpcPath, openGrpc, postHttp } from '../fixtures/otlp-client.ts';
import { closedPort } from '../fixtures/servers.ts';
import { expectWhole, noParts, otelcol, readReportJson } from '../fixtures/squall.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const noMount = process.getuid?.() === 0 ? '' : ' (skipped: only root may mount a small disk)';

/** A disk of this size at DIR, gone after the test. */
function smallDisk(dir: string, sizeKiB: number): void {
  mkdirSync(dir, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKiB}k`, 'squall-test', dir]);
  closers.push(() => execFileSync('umount', ['-l', dir]));
}

describe.skipIf(noMount !== '')(`a full disk under the run${noMount}`, () => {
  test.each([16, 128, 1024])('of %i KiB: never a pass, all rolled back', async (sizeKiB) => {
    const place = hostilePlace();
    smallDisk(place.out, sizeKiB);
    // Enough requests that their records alone fill the disk.
    const load = {
      spans: { signal: 'traces', executor: 'constant-arrival-rate', rate: 4000, duration: '4s', batch: 1 },
    };
    const ended = await place.run(place.scenario({ load }));
    const text = `${ended.stderr}\nexit ${ended.code}`;
    expect([2, 4], text).toContain(ended.code);
    expect(text).toMatch(/SQ-OUT-UNWRITABLE|UNKNOWN/);
    expect(ended.stderr, text).toContain('in place none');
    expect(existsSync(join(place.out, 'report.json')) && ended.code === 0).toBe(false);
    closers.pop()?.();
    expect(await place.leftBehind()).toEqual([]);
  });
});

describe('an output folder that is in the way', () => {
  test('reports that cannot be written: closing lines and exit 4, with everything down', async () => {
    const place = hostilePlace();
    place.write('run/report.json/in-the-way', '');
    const ended = await place.run(place.scenario());
    expectError(ended, { code: 'SQ-OUT-UNWRITABLE', exit: 4, where: 'report.json' });
    for (const line of ['UNKNOWN', 'in place none', 'again    squall run'])
      expect(ended.stderr).toContain(line);
    expect(await place.leftBehind()).toEqual([]);
  });

  test('a folder that holds a run already is left as it is', async () => {
    const place = hostilePlace();
    const file = place.write('run/evidence/arrivals.bin', 'evidence');
    expectError(await place.run(place.scenario()), { code: 'SQ-OUT-UNWRITABLE', exit: 4, where: place.out });
    expect(readFileSync(file, 'utf8')).toBe('evidence');
    expect(await place.leftBehind()).toEqual([]);
  });
});

describe('a sink that strangers talk to', () => {
  test('garbage, half messages and bombs on both ports change no ledger', async () => {
    const place = hostilePlace();
    const grpc = `127.0.0.1:${await closedPort()}`;
    const http = `127.0.0.1:${await closedPort()}`;
    let going = true;
    const running = place
      .run(place.scenario({ target: { embedded: { sink: { grpc, http } } } }))
      .finally(() => {
        going = false;
      });
    let sent = 0;
    const flood = async () => {
      const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024));
      for (let round = 0; going; round++) {
        const half = Buffer.concat([Buffer.from([0x0a, 0xff, 0xff, 0x03]), randomBytes(200)]);
        await Promise.all([shout(grpc, randomBytes(3000)), shout(http, randomBytes(3000))]);
        await shout(http, 'POST /v1/traces HTTP/1.1\r\ncontent-length: x\r\n\r\n');
        await shout(grpc, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\x00\x00');
        await Promise.all([
          oneCall(grpc, half),
          postHttp({ address: http, path: '/v1/traces', body: half }).catch(() => undefined),
        ]);
        if (round % 10 === 5) {
          await oneCall(grpc, bomb, 'gzip');
          const encoding = 'gzip';
          await postHttp({ address: http, path: '/v1/traces', body: bomb, encoding }).catch(() => undefined);
        }
        sent++;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const [ended] = await Promise.all([running, flood()]);
    expect(sent).toBeGreaterThan(3);
    // The flood takes processor time from the generator; a run that does not count is unknown, never failed.
    expect([0, 2], ended.stderr).toContain(ended.code);
    const report = readReportJson(place.out);
    expectWhole(report, 1500);
    expect(report.ledger.traces).toMatchObject({ duplicated: 0, unexpected: 0, foreign: 0 });
    expect(await place.leftBehind()).toEqual([]);
  });
});

/** One value for each place that law 10 names; none may be found anywhere afterwards. */
const canaries = {
  env: 'canary-of-env-a1b2',
  header: 'canary-of-header-c3d4',
  file: 'canary-of-file-e5f6',
  url: 'canary-of-url-a7b8',
  config: 'canary-of-config-c9d0',
  variable: 'canary-of-variable-e1f2',
  set: 'canary-of-set-a3b4',
};

describe('secrets', () => {
  test.skipIf(otelcol === undefined)(`none of a local run reaches disk or terminal${noParts}`, async () => {
    const place = hostilePlace();
    const prometheus = await fakePrometheus(() => undefined);
    closers.push(() => prometheus.close());
    const config = place.write('collector.yaml', leakyConfig());
    const ended = await place.run(
      place.scenario({
        target: {
          local: {
            members: { collector: { config, env: { API_KEY: '${SECRET_ENV}' } } },
            prometheus: {
              url: prometheus.url.replace('//', `//squall:${canaries.url}@`),
              headers: { 'x-token': canaries.header },
              bearerTokenFile: place.write('token', `${canaries.file}\n`),
            },
          },
        },
        load: {
          spans: {
            signal: 'traces',
            executor: 'constant-arrival-rate',
            rate: 500,
            duration: '3s',
            batch: 50,
            resource: { owner: '${SECRET_ENV}' },
          },
        },
      }),
      {
        env: { SECRET_ENV: canaries.env, SECRET_VARIABLE: canaries.variable },
        args: ['--capture', '--set', `target.local.prometheus.headers.x-token=${canaries.set}`],
      },
    );
    expect([0, 2], ended.stderr).toContain(ended.code);
    expectWhole(readReportJson(place.out), 1500);
    expect(leaks(place, `${ended.stdout}${ended.stderr}`)).toEqual([]);
    const kept = readFileSync(join(place.out, 'evidence', 'config-collector.yaml'), 'utf8');
    expect(kept).toContain('authorization: "***"');
    expect(readFileSync(join(place.out, 'evidence', 'scenario.yaml'), 'utf8')).toContain('${SECRET_ENV}');
    // What the collector wrote is there, masked.
    const log = readFileSync(join(place.out, 'evidence', 'logs', 'collector-0.log'), 'utf8');
    expect(log).toContain('owner: Str(***)');
    expect(await place.leftBehind()).toEqual([]);
  });

  test('none of a run against an external target, refused or not', async () => {
    const server = await startGrpcServer();
    closers.push(() => server.close());
    for (const grpc of [server.address, `127.0.0.1:${await closedPort()}`]) {
      const place = hostilePlace();
      const otlp = {
        grpc: grpc === server.address ? grpc : `http://squall:${canaries.url}@${grpc}`,
        headers: { 'x-api-key': canaries.header, 'x-tenant': '${SECRET_ENV}' },
        bearerTokenFile: place.write('token', `${canaries.file}\n`),
      };
      const ended = await place.run(place.scenario({ target: { external: { otlp, sink: 'none' } } }), {
        env: { SECRET_ENV: canaries.env },
        args: ['--json', '--set', `target.external.otlp.headers.authorization=Bearer ${canaries.set}`],
      });
      expect([2, 4], ended.stderr).toContain(ended.code);
      expect(leaks(place, `${ended.stdout}${ended.stderr}`)).toEqual([]);
      expect(await place.leftBehind()).toEqual([]);
    }
  });
});

/** Exports with credentials, and prints every resource into its log. */
function leakyConfig(): string {
  return `receivers: {otlp: {protocols: {grpc: {endpoint: "\${env:SQUALL_OTLP_GRPC}"}}}}
exporters:
  debug: {verbosity: detailed, use_internal_logger: false}
  otlp_grpc:
    endpoint: "\${env:SQUALL_NEXT_GRPC}"
    tls: {insecure: true}
    headers:
      authorization: "Bearer ${canaries.config}"
      x-api-key: "\${env:SECRET_VARIABLE}"
      x-other-key: "\${env:API_KEY}"
service:
  telemetry: {metrics: {level: none}}
  pipelines: {traces: {receivers: [otlp], exporters: [otlp_grpc, debug]}}
`;
}

/** "PLACE: NAME" for each canary found in a file of the run, in the state folder or in the text, in any form. */
function leaks(place: HostilePlace, text: string): string[] {
  const places: [string, Buffer][] = [['output', Buffer.from(text)]];
  for (const folder of [place.out, join(place.dir, 'state')]) {
    for (const name of existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : []) {
      const file = join(folder, name);
      if (statSync(file).isFile()) places.push([name, readFileSync(file)]);
    }
  }
  return places.flatMap(([name, bytes]) =>
    Object.values(canaries).flatMap((secret) => {
      const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').slice(0, -4)];
      return forms.some((form) => bytes.includes(form)) ? [`${name}: ${secret}`] : [];
    }),
  );
}

/** Raw bytes over a connection of their own; whatever the server makes of them. */
function shout(address: string, bytes: Buffer | string): Promise<void> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host: host ?? '', port: Number(port) });
    socket.on('connect', () => socket.end(bytes));
    socket.on('data', () => undefined).on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.setTimeout(300, () => socket.destroy());
  });
}

async function oneCall(address: string, message: Buffer, encoding?: string): Promise<void> {
  const client = openGrpc(address);
  const call = { path: grpcPath('traces'), message, timeoutMs: 3000 };
  await client.call(encoding === undefined ? call : { ...call, encoding }).catch(() => undefined);
  client.close();
}
