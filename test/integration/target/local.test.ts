import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock, waitFor } from '../../../src/base/clock.ts';
import type { LocalMemberSpec, TargetSpec } from '../../../src/scenario/types.ts';
import { startLocal } from '../../../src/target/local.ts';
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

async function start(members: Record<string, LocalMemberSpec>): Promise<{ target: Target; dir: string }> {
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
    links: [],
  });
  targets.push(target);
  return { target, dir };
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
    process_.signal('SIGKILL');
    await waitFor(systemClock, { timeoutMs: 5000, everyMs: 5 }, () => process_.starts()[0]?.exit);
    expect(process_.starts()[0]?.exit).toMatchObject({ code: null, signal: 'SIGKILL' });
    expect(await process_.ready(10_000)).toBeGreaterThan(0);
    const second = process_.current();
    expect(second?.pid).not.toBe(first?.pid);
    expect(process_.starts()).toHaveLength(2);
    await target.down();
    expect(existsSync(`/proc/${second?.pid}`)).toBe(false);
    expect(readdirSync(join(dir, 'work'))).toEqual([]);
    expect(readFileSync(join(dir, 'evidence', 'logs', 'gateway-0.log'), 'utf8')).toContain(
      'Shutdown complete',
    );
    expect(target.reach.ns).toBe((200 + 300_000 + 5000) * 1e6);
  });
});
