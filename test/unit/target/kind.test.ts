import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { SquallError } from '../../../src/base/errors.ts';
import { remainsOf } from '../../../src/fault/undo.ts';
import { createKindCluster, removeKindCluster } from '../../../src/target/kind-cluster.ts';
import { kindClusterName, kindVersion } from '../../../src/target/kind-command.ts';
import { memberObjects } from '../../../src/target/kind-manifests.ts';
import { stockGateway } from '../../../src/target/stock-gateway.ts';
import { standInForKind } from '../../fixtures/kind.ts';

const member = {
  name: 'gateway',
  labels: { 'squall.dev/run': 'one' },
  spec: { replicas: 2, restart: 'always' as const, env: { OWN: 'x' }, resources: { cpuMillis: 500 } },
  image: 'collector:1',
  configText: stockGateway(),
  next: { grpc: 'next:4317', http: 'next:4318' },
  entry: true,
  env: { HOME: '/root', SQUALL_NEXT_GRPC: 'not this one' },
};

describe('a member as a cluster has it', () => {
  test('its pods find configuration, addresses and limits, and serve when its health endpoint does', () => {
    const { config, deployment, service } = memberObjects(member);
    const { replicas, template } = deployment.spec ?? {};
    const container = template?.spec?.containers[0];
    expect(config.data).toEqual({ 'config.yaml': member.configText });
    expect(replicas).toBe(2);
    expect(container).toMatchObject({
      image: 'collector:1',
      args: ['--config=/etc/squall/config.yaml'],
      resources: { limits: { cpu: '500m' } },
      readinessProbe: { httpGet: { port: 13_133 } },
    });
    const env = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
    expect(env).toMatchObject({
      OWN: 'x',
      SQUALL_OTLP_GRPC: '0.0.0.0:4317',
      SQUALL_NEXT_GRPC: 'next:4317',
      SQUALL_NEXT_HTTP: 'http://next:4318',
      SQUALL_DATA: '/var/lib/squall',
    });
    expect(env.HOME).toBeUndefined();
    expect(service.spec?.type).toBe('NodePort');
    expect(service.spec?.selector).toEqual(deployment.spec?.selector.matchLabels);
  });

  test('an inner one has no way in from outside; without a health endpoint its port tells', () => {
    const config = { receivers: { otlp: { protocols: { http: { endpoint: '${env:SQUALL_OTLP_HTTP}' } } } } };
    const { deployment, service } = memberObjects({ ...member, entry: false, configText: stringify(config) });
    expect(service.spec?.type).toBe('ClusterIP');
    expect(deployment.spec?.template.spec?.containers[0]?.readinessProbe?.tcpSocket?.port).toBe(4318);
  });
});

describe('the program kind', () => {
  const before = { ...process.env };
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'squall-kind-'));
    Object.assign(process.env, standInForKind(dir).env);
  });
  afterEach(() => {
    process.env.PATH = before.PATH;
  });

  test('is asked for its version; where there is none, the error says how to come by it', async () => {
    expect(await kindVersion()).toBe('0.30.0');
    process.env.PATH = dir;
    const error = await kindVersion().catch((caught: SquallError) => caught);
    expect(error).toMatchObject({
      parts: { code: 'SQ-TOOL-MISSING', next: expect.stringContaining('go install') },
    });
  });

  test('says why it makes no cluster; what it half made is seen until it is deleted', async () => {
    const runId = 'Run 1';
    const name = kindClusterName(runId);
    expect(name).toMatch(/^squall-run-1-[0-9a-f]{10}$/);
    const spec = { kind: 'kind' as const, members: {}, image: 'i', sink: 'none' as const };
    const create = (nodeImage: string, signal: AbortSignal) =>
      createKindCluster({ spec: { ...spec, nodeImage }, runId, runDir: dir, signal, say: () => undefined });
    const refused = await create('no/such:node', new AbortController().signal).catch(
      (error: SquallError) => error,
    );
    expect(refused).toMatchObject({
      parts: {
        code: 'SQ-TARGET-START',
        found: expect.stringContaining('failed to pull image "no/such:node"'),
      },
    });
    expect(await remainsOf({ kind: 'kind-cluster', name })).toBeUndefined();
    await removeKindCluster({ name, runDir: dir });
    process.env.PATH = '/nowhere';
    expect(await remainsOf({ kind: 'kind-cluster', name })).toMatch(/kind cannot be asked about/);
  });
});
