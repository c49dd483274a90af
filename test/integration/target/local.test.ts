import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { findHierarchy } from '../../../src/base/cgroup.ts';
import { systemClock, waitFor } from '../../../src/base/clock.ts';
import { SquallError } from '../../../src/base/errors.ts';
import { readThrottling } from '../../../src/base/throttling.ts';
import type { LocalMemberSpec, TargetSpec } from '../../../src/scenario/types.ts';
import { startProxy } from '../../../src/target/link.ts';
import { startLocal } from '../../../src/target/local.ts';
import { stockGateway } from '../../../src/target/stock-gateway.ts';
import type { Target } from '../../../src/target/target.ts';
import { findTool } from '../../../src/tools/find.ts';

const tool = await findTool('otelcol', {
  env: process.env,
  cacheDir: '/nowhere',
  presentOnly: true,
  say: () => {},
}).catch(() => undefined);
const why = tool === undefined ? ' (skipped: no otelcol by SQUALL_OTELCOL or on PATH)' : '';

const dirs: string[] = [];
const targets: Target[] = [];

afterEach(async () => {
  for (const target of targets.splice(0)) await target.down();
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

function member(extra: Partial<LocalMemberSpec> = {}): LocalMemberSpec {
  return { replicas: 1, restart: 'always', env: {}, ...extra };
}

async function start(
  members: Record<string, LocalMemberSpec>,
  links: { member: string; peer: string }[] = [],
): Promise<{ target: Target; dir: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'squall-local-'));
  dirs.push(dir);
  const spec: TargetSpec & { kind: 'local' } = { kind: 'local', members, sink: 'none' };
  const target = await startLocal({
    spec,
    runId: 'test-run',
    runDir: dir,
    sink: { grpc: '127.0.0.1:9', http: '127.0.0.1:9' },
    otelcol: tool?.path ?? '',
    clock: systemClock,
    links,
    startProxy,
  });
  targets.push(target);
  return { target, dir };
}

function writeConfig(text: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'squall-config-'));
  dirs.push(dir);
  writeFileSync(join(dir, 'config.yaml'), text);
  return join(dir, 'config.yaml');
}

describe.skipIf(tool === undefined)(`local target${why}`, () => {
  test('a stock gateway is killed, restarts at once on the same ports, and is gone after down()', async () => {
    const { target, dir } = await start({ gateway: member() });
    const [gateway] = target.members;
    const process_ = gateway?.process;
    if (gateway === undefined || process_ === undefined) throw new Error('no process power');
    expect(gateway.name).toBe('gateway-0');
    expect(gateway.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(gateway.otlp.grpc).toMatch(/^127\.0\.0\.1:\d+$/);
    const metrics = await fetch(gateway.metricsUrl ?? '').then((answer) => answer.text());
    expect(metrics).toContain('otelcol_exporter_queue_size');
    const first = process_.current();
    await process_.signal('SIGKILL');
    await waitFor(systemClock, { timeoutMs: 30_000, everyMs: 5 }, () => process_.starts()[0]?.exit);
    expect(process_.starts()[0]?.exit).toMatchObject({ code: null, signal: 'SIGKILL' });
    expect(await process_.ready(30_000)).toBeGreaterThan(0);
    const second = process_.current();
    expect(second?.host?.pid).not.toBe(first?.host?.pid);
    expect(process_.starts()).toHaveLength(2);
    // A collector answers health checks a moment before it minds SIGTERM; its metrics page comes through the same queue.
    await fetch(gateway.metricsUrl ?? '').then((answer) => answer.text());
    await target.down();
    expect(existsSync(`/proc/${second?.host?.pid}`)).toBe(false);
    expect(existsSync(join(dir, 'work'))).toBe(false);
    expect(readFileSync(join(dir, 'evidence', 'logs', 'gateway-0.log'), 'utf8')).toContain(
      'Shutdown complete',
    );
    expect(target.reach.ns).toBe((200 + 300_000 + 5000) * 1e6);
  });

  test('limits reach the collector, and an agent sends to the gateway behind it', async () => {
    const resources = { cpuMillis: 500, memoryBytes: 512 * 1024 * 1024 };
    const { target, dir } = await start({
      agent: member({ sendsTo: 'gateway' }),
      gateway: member({ resources, replicas: 2 }),
    });
    expect(target.members.map(({ name }) => name)).toEqual(['gateway-0', 'gateway-1', 'agent-0']);
    expect(target.entry.map(({ name }) => name)).toEqual(['agent-0']);
    expect(target.reach.ns).toBe(2 * (200 + 300_000 + 5000) * 1e6);
    expect(target.notes.map(({ sentence }) => sentence)).toContainEqual(expect.stringContaining('in turn'));
    const log = readFileSync(join(dir, 'evidence', 'logs', 'gateway-0.log'), 'utf8');
    if (findHierarchy().kind === 'none') {
      expect(target.notes.map(({ severity }) => severity)).toContain('warn');
    } else {
      expect(log).toContain('"total_memory_mib": 512');
      expect(
        readThrottling(target.members[0]?.process?.current()?.host?.pid ?? 0)?.periods,
      ).toBeGreaterThanOrEqual(0);
    }
    const environ = readFileSync(`/proc/${target.members[2]?.process?.current()?.host?.pid}/environ`, 'utf8');
    expect(environ).toContain(`SQUALL_NEXT_GRPC=${target.members[0]?.otlp.grpc}\0`);
  });

  test('a collector that dies at its start is SQ-TARGET-START with the lines that explain', async () => {
    const endpoint = '{endpoint: "${env:SQUALL_OTLP_GRPC}"}';
    const config = writeConfig(
      `receivers: {otlp: {protocols: {grpc: ${endpoint}}}}\nservice: {pipelines: {}}\n`,
    );
    const failure = await start({ gateway: member({ config }) }).catch((error: unknown) => error);
    if (!(failure instanceof SquallError)) throw failure;
    expect(failure.parts.code).toBe('SQ-TARGET-START');
    expect(failure.parts.found).toContain('it ended with code 1');
    expect(failure.parts.found).toMatch(/Error: .*invalid configuration/);
  });

  test('a port that another process holds is SQ-PORT-IN-USE and names it', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const config = writeConfig(stockGateway().replace('${env:SQUALL_OTLP_HTTP}', `127.0.0.1:${port}`));
    const failure = await start({ gateway: member({ config }) }).catch((error: unknown) => error);
    taken.close();
    if (!(failure instanceof SquallError)) throw failure;
    expect(failure.parts).toMatchObject({
      code: 'SQ-PORT-IN-USE',
      what: expect.stringContaining(`:${port}`),
    });
  });

  test('restart: never stays down until the policy is set back; a new configuration is taken up', async () => {
    const { target } = await start({ gateway: member() });
    const [gateway] = target.members;
    const power = gateway?.process;
    if (gateway === undefined || power === undefined) throw new Error('no process power');
    power.setRestart('never');
    power.signal('SIGKILL');
    await waitFor(systemClock, { timeoutMs: 30_000, everyMs: 5 }, () => power.starts()[0]?.exit);
    expect(await power.ready(300)).toBeUndefined();
    expect(power.starts()).toHaveLength(1);
    power.setRestart('always');
    expect(await power.ready(30_000)).toBeGreaterThan(0);
    await gateway.reconfigure?.apply(
      stockGateway().replaceAll('otlp_grpc:', 'otlp_grpc:\n    sending_queue: {queue_size: 7}'),
    );
    const seen = await waitFor(systemClock, { timeoutMs: 30_000, everyMs: 50 }, async () => {
      const text = await fetch(gateway.metricsUrl ?? '').then(
        (answer) => answer.text(),
        () => '',
      );
      return text.includes('} 7\n') ? true : undefined;
    });
    expect(seen).toBe(true);
    expect(power.starts()).toHaveLength(2);
  });

  test('links that a fault acts on pass through a proxy, seen from both ends', async () => {
    const members = { agent: member({ sendsTo: 'gateway' }), gateway: member() };
    const { target } = await start(members, [
      { member: 'gateway', peer: 'agent' },
      { member: 'agent', peer: 'load' },
    ]);
    const [gateway, agent] = target.members;
    expect(gateway?.link?.peers()).toEqual(['agent', 'agent-0']);
    expect(agent?.link?.peers()).toEqual(['gateway', 'gateway-0', 'load']);
    const environ = readFileSync(`/proc/${agent?.process?.current()?.host?.pid}/environ`, 'utf8');
    expect(environ).not.toContain(`SQUALL_OTLP_GRPC=${agent?.otlp.grpc}\0`);
    expect(environ).not.toContain(`SQUALL_NEXT_GRPC=${gateway?.otlp.grpc}\0`);
    // The agent's exporter connects through the proxy by itself; a reset then has a connection to cut.
    const cut = await waitFor(systemClock, { timeoutMs: 30_000, everyMs: 100 }, async () => {
      await gateway?.link?.set('agent', { kind: 'reset' });
      const proof = await gateway?.link?.proof('agent');
      return proof !== undefined && proof.affectedConnections > 0 ? proof : undefined;
    });
    expect(cut).toBeDefined();
  });

  test('a receiver with the certificate of SQUALL_TLS_CERT is reached by https and trusted by its file', async () => {
    const tls = 'tls: {cert_file: "${env:SQUALL_TLS_CERT}", key_file: "${env:SQUALL_TLS_KEY}"}';
    const endpoint = 'grpc: {endpoint: "${env:SQUALL_OTLP_GRPC}"';
    const config = writeConfig(stockGateway().replace(endpoint, `${endpoint}, ${tls}`));
    const { target } = await start({ gateway: member({ config }) });
    const { otlp } = target.members[0] ?? {};
    expect(otlp?.grpc).toMatch(/^https:/);
    expect(otlp?.http).not.toMatch(/^https:/);
    const { hostname, port } = new URL(otlp?.grpc ?? '');
    const ca = readFileSync(otlp?.tls?.caFile ?? '');
    const socket = connect({ host: hostname, port: Number(port), ca, ALPNProtocols: ['h2'] });
    await once(socket, 'secureConnect');
    expect(socket.authorized).toBe(true);
    socket.destroy();
  });

  test('a bounded volume holds what it is told to and is gone after down()', async () => {
    const { target } = await start({ gateway: member({ storageBytes: 1024 * 1024 }) });
    const storage = target.members[0]?.storage;
    if (storage?.bounded !== true) {
      expect(target.notes.map(({ sentence }) => sentence)).toContainEqual(
        expect.stringContaining('no volume'),
      );
      return;
    }
    const { blocks, bsize } = statfsSync(storage.dir);
    expect(blocks * bsize).toBe(1024 * 1024);
    await target.down();
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(storage.dir);
    expect(existsSync(storage.dir)).toBe(false);
  });
});
