import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nowNs } from '../../../src/base/clock.ts';
import { startLoad } from '../../../src/load/engine.ts';
import { requestClass } from '../../../src/observe/evidence.ts';
import type { OtlpSpec } from '../../../src/scenario/types.ts';
import { freePorts } from '../../../src/target/ports.ts';
import { goodBody } from '../../fixtures/fuzzed-sink.ts';
import { closedEntry, loadPlan } from '../../fixtures/load/plan.ts';
import { readRows } from '../../fixtures/load/records.ts';
import { grpcPath, openGrpc } from '../../fixtures/otlp-client.ts';
import { type RealCollector, startRealCollector } from '../../fixtures/real-collector.ts';

const otelcol = process.env.SQUALL_OTELCOL;
const why = otelcol === undefined ? ' (skipped: SQUALL_OTELCOL is not set)' : '';

/** Each on a receiver of its own: two ports, gRPC and HTTP. */
const receivers = ['auth', 'small', 'full', 'memory'] as const;
type Receiver = (typeof receivers)[number];

/**
 * What a real collector answers, and how a request that is sent to it ends. A collector says 400 over HTTP where the
 * specification has 413, and UNAVAILABLE without RetryInfo where it is full.
 */
const table: [Receiver, 'grpc' | 'http/protobuf', string, string, number][] = [
  ['auth', 'grpc', 'no token', 'refused once', 16],
  ['auth', 'http/protobuf', 'no token', 'refused once', 401],
  ['auth', 'grpc', 'token', 'acknowledged once', 0],
  ['auth', 'http/protobuf', 'token', 'acknowledged once', 200],
  ['small', 'grpc', '2 MB where 1 MiB is the limit', 'refused once', 8],
  ['small', 'http/protobuf', '2 MB where 100 kB is the limit', 'refused once', 400],
  ['small', 'grpc', 'what fits', 'acknowledged once', 0],
  ['full', 'grpc', 'queue full', 'refused again and again', 14],
  ['full', 'http/protobuf', 'queue full', 'refused again and again', 503],
  ['memory', 'grpc', 'memory_limiter', 'refused again and again', 14],
  ['memory', 'http/protobuf', 'memory_limiter', 'refused again and again', 503],
];

let dir = '';
let ports: number[] = [];
let collector: RealCollector | undefined;
const portOf = (name: Receiver, protocol: 'grpc' | 'http') =>
  ports[2 * receivers.indexOf(name) + (protocol === 'grpc' ? 0 : 1)] ?? 0;

function config(): string {
  const limits = ['max_recv_msg_size_mib: 1', 'max_request_body_size: 100000'];
  const auth = 'auth: {authenticator: bearertokenauth}';
  const receiver = (name: Receiver) => {
    const own = (i: number) => [...(name === 'auth' ? [auth] : []), ...(name === 'small' ? [limits[i]] : [])];
    const grpc = [`endpoint: '127.0.0.1:${portOf(name, 'grpc')}'`, ...own(0)].join(', ');
    const http = [`endpoint: '127.0.0.1:${portOf(name, 'http')}'`, ...own(1)].join(', ');
    return `  otlp/${name}: {protocols: {grpc: {${grpc}}, http: {${http}}}}`;
  };
  return `extensions:
  bearertokenauth: {token: s3cret}
receivers:
${receivers.map(receiver).join('\n')}
processors:
  memory_limiter: {check_interval: 10ms, limit_mib: 1}
exporters:
  debug: {}
  otlp_grpc/dead:
    endpoint: '127.0.0.1:1'
    tls: {insecure: true}
    sending_queue: {queue_size: 1, num_consumers: 1}
    retry_on_failure: {initial_interval: 60s, max_interval: 60s}
service:
  extensions: [bearertokenauth]
  telemetry: {metrics: {level: none}}
  pipelines:
    traces/auth: {receivers: [otlp/auth], exporters: [debug]}
    traces/small: {receivers: [otlp/small], exporters: [debug]}
    traces/full: {receivers: [otlp/full], exporters: [otlp_grpc/dead]}
    traces/memory: {receivers: [otlp/memory], processors: [memory_limiter], exporters: [debug]}
`;
}

beforeAll(async () => {
  if (otelcol === undefined) return;
  dir = mkdtempSync(join(tmpdir(), 'squall-provoked-'));
  ports = await freePorts(2 * receivers.length);
  writeFileSync(join(dir, 'token'), 's3cret\n');
  collector = await startRealCollector({ binary: otelcol, dir, config: config(), ports });
  const filler = openGrpc(`127.0.0.1:${portOf('full', 'grpc')}`);
  for (let code = 0, tries = 0; code === 0 && tries < 10; tries++) {
    code = (await filler.call({ path: grpcPath('traces'), message: goodBody('traces', 'grpc') })).grpc;
  }
  filler.close();
});
afterAll(async () => {
  await collector?.stop();
  if (dir !== '') rmSync(dir, { recursive: true });
});

async function endOf([name, protocol, what]: (typeof table)[number]): Promise<[string, number]> {
  const entry = closedEntry({
    items: 10,
    durationMs: 60_000,
    spec: {
      protocol,
      batch: 10,
      connections: 1,
      timeoutMs: 30_000,
      retry: { initialMs: 10, maxMs: 20, maxElapsedMs: 200 },
      shape: {
        itemBytes: what.startsWith('2 MB') ? 200_000 : 263,
        services: 1,
        series: 1,
        metricTypes: ['gauge'],
      },
    },
  });
  const evidenceDir = join(dir, `${name}-${protocol.slice(0, 4)}-${what.slice(0, 2)}`);
  mkdirSync(evidenceDir);
  const otlp: OtlpSpec = {
    grpc: `127.0.0.1:${portOf(name, 'grpc')}`,
    http: `127.0.0.1:${portOf(name, 'http')}`,
    headers: {},
    ...(what === 'token' ? { bearerTokenFile: join(dir, 'token') } : {}),
  };
  const load = await startLoad({ plan: loadPlan([entry]), endpoints: [{ member: 'c', otlp }], evidenceDir });
  load.go(nowNs());
  await load.done.finally(() => load.close());
  const [row] = readRows(evidenceDir);
  const ends = Object.entries(requestClass).find(([, number]) => number === row?.class)?.[0];
  return [`${ends} ${(row?.attempts ?? 0) > 1 ? 'again and again' : 'once'}`, row?.status ?? Number.NaN];
}

describe.skipIf(otelcol === undefined)(`a real collector that refuses${why}`, () => {
  test.each(table)('%s over %s: %s -> %s, %i', async (...row) => {
    expect(await endOf(row)).toEqual([row[3], row[4]]);
  });
});
