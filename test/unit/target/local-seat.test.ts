import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SquallError } from '../../../src/base/errors.ts';
import {
  lacksOf,
  listensOn,
  readConfig,
  readinessOf,
  replicaEnv,
  uses,
} from '../../../src/target/local-seat.ts';
import { stockGateway } from '../../../src/target/stock-gateway.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'squall-seat-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const seat = {
  name: 'a-0',
  group: 'a',
  otlp: { grpc: '127.0.0.1:1', http: '127.0.0.1:2' },
  health: '127.0.0.1:3',
  metricsPort: 4,
};

async function failureOf(text: string | undefined): Promise<SquallError> {
  const config = join(dir, 'config.yaml');
  rmSync(config, { force: true });
  if (text !== undefined) writeFileSync(config, text);
  const member = { config, replicas: 1, restart: 'always', env: {} } as const;
  const tool = { path: '', version: '', exporters: [] };
  const failure = await readConfig(member, tool).catch((error: unknown) => error);
  if (!(failure instanceof SquallError)) throw new Error('expected a SquallError');
  return failure;
}

test.each([
  ['is absent', undefined, /cannot be read/],
  ['is not YAML', 'a: [', /is not YAML/],
  [
    'listens elsewhere',
    'receivers: {otlp: {protocols: {grpc: {endpoint: "0.0.0.0:4317"}}}}',
    /does not listen/,
  ],
  ['names the variable in a comment only', 'receivers: {} # ${env:SQUALL_OTLP_GRPC}', /does not listen/],
])('a configuration that %s is told before anything starts', async (_, text, what) => {
  const failure = await failureOf(text);
  expect(failure.parts.code).toBe('SQ-TARGET-START');
  expect(failure.parts.what).toMatch(what);
});

test('both ways to write a variable are understood', () => {
  expect(uses('a: "${env:SQUALL_HEALTH}"', 'SQUALL_HEALTH')).toBe(true);
  expect(uses('a: ${SQUALL_HEALTH}', 'SQUALL_HEALTH')).toBe(true);
  expect(uses('a: ${env:SQUALL_HEALTHY}', 'SQUALL_HEALTH')).toBe(false);
});

test('a stock gateway lacks nothing; without exporter and metrics both are told', () => {
  expect(lacksOf(stockGateway())).toEqual([]);
  expect(lacksOf('receivers: {}')).toHaveLength(2);
});

test('ready is the health endpoint, else the first OTLP port that the configuration opens', () => {
  expect(readinessOf(stockGateway(), seat)).toEqual({ kind: 'health', url: 'http://127.0.0.1:3/' });
  expect(readinessOf('a: "${env:SQUALL_OTLP_HTTP}"', seat)).toEqual({
    kind: 'port',
    host: '127.0.0.1',
    port: 2,
  });
});

test('a receiver with a certificate is reached by https, and its own file is trusted without ours', () => {
  const tls = 'tls: {cert_file: cert.pem, key_file: key.pem}';
  const text = `receivers: {otlp: {protocols: {grpc: {endpoint: "\${env:SQUALL_OTLP_GRPC}", ${tls}}}}}`;
  const otlp = { headers: {}, grpc: 'https://127.0.0.1:1' };
  const tlsOf = (caFile: string) => ({ tls: { caFile, insecureSkipVerify: false } });
  expect(listensOn(text, seat.otlp, { baseDir: '/etc/c' })).toEqual({ ...otlp, ...tlsOf('/etc/c/cert.pem') });
  expect(listensOn(text, seat.otlp, { baseDir: '/etc/c', caFile: '/ca' })).toEqual({
    ...otlp,
    ...tlsOf('/ca'),
  });
});

test("the contract's variables win over everything inherited", () => {
  const env = replicaEnv({
    seat,
    next: { grpc: '127.0.0.1:5', http: '127.0.0.1:6' },
    env: { SQUALL_HEALTH: 'old', KEPT: 'yes', ABSENT: undefined },
    own: { OWN: '1', SQUALL_DATA: 'mine' },
    dataDir: '/d',
  });
  expect(env).toEqual({
    KEPT: 'yes',
    OWN: '1',
    SQUALL_OTLP_GRPC: '127.0.0.1:1',
    SQUALL_OTLP_HTTP: '127.0.0.1:2',
    SQUALL_NEXT_GRPC: '127.0.0.1:5',
    SQUALL_NEXT_HTTP: 'http://127.0.0.1:6',
    SQUALL_METRICS_HOST: '127.0.0.1',
    SQUALL_METRICS_PORT: '4',
    SQUALL_HEALTH: '127.0.0.1:3',
    SQUALL_DATA: '/d',
  });
});
