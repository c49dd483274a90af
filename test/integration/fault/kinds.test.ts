import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock as clock } from '../../../src/base/clock.ts';
import { leftovers } from '../../../src/fault/undo.ts';
import type { LocalMemberSpec } from '../../../src/scenario/types.ts';
import { startProxy } from '../../../src/target/link.ts';
import { startLocal } from '../../../src/target/local.ts';
import type { Target } from '../../../src/target/target.ts';
import { type Strike, strikeOnce, writeTlsGateway } from '../../fixtures/strike.ts';
import { holdOpen, sayAgainAndAgain, testTargetLaws } from '../../fixtures/target-laws.ts';
import { startTcpServer } from '../../fixtures/tcp-server.ts';

const otelcol = process.env.SQUALL_OTELCOL ?? '';

interface Stage {
  target: Target;
  runDir: string;
  runId: string;
  end(): Promise<void>;
}

/** One real collector, with a proxy in its link to the load. */
async function stage(name: string, member: Partial<LocalMemberSpec>): Promise<Stage> {
  const runDir = mkdtempSync(join(tmpdir(), 'squall-kinds-'));
  const { address, close } = await startTcpServer(() => undefined);
  const runId = `${name}-${process.pid}`;
  const whole: LocalMemberSpec = { replicas: 1, restart: 'always', env: {}, ...member };
  const target = await startLocal({
    spec: { kind: 'local', members: { collector: whole }, sink: 'none' },
    runId,
    runDir,
    sink: { grpc: address, http: address },
    otelcol,
    clock,
    links: [{ member: 'collector', peer: 'load' }],
    startProxy,
  });
  let ended: Promise<void> | undefined;
  const endNow = async () => {
    await target.down();
    await close();
  };
  const end = () => {
    ended ??= endNow();
    return ended;
  };
  return { target, runDir, runId, end };
}

const name = otelcol === '' ? ' (skipped: SQUALL_OTELCOL names no collector)' : '';
describe.skipIf(otelcol === '')(`faults on a collector process${name}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'squall-kinds-'));
  let whole: Stage;
  beforeAll(async () => {
    const resources = { cpuMillis: 1000, memoryBytes: 512 * 2 ** 20 };
    whole = await stage('whole', { config: writeTlsGateway(dir), resources, storageBytes: 16 * 2 ** 20 });
  });
  afterAll(async () => {
    await whole.end();
    for (const one of [dir, whole.runDir]) rmSync(one, { recursive: true, force: true });
  });

  const address = () => whole.target.entry[0]?.otlp.grpc ?? '';
  const traffic = async () => sayAgainAndAgain(address());
  testTargetLaws({
    platform: 'local',
    target: () => whole.target,
    turns: [
      [{ kind: 'container-kill', proof: /^process \d+ ended by SIGKILL$/ }],
      [{ kind: 'container-pause', proof: /^process \d+ is stopped \(state T\)$/ }],
      [
        {
          kind: 'collector-reconfigure',
          fields: { configPatch: { processors: { batch: { timeout: '5s' } } } },
          proof: /opened its ports anew$/,
        },
      ],
      [{ kind: 'tls-expiry', proof: /presents a certificate that ended/ }],
      [{ kind: 'disk-fill', proof: /, \d{1,4} of 16777216 bytes free$/, lack: /no volume of its own/ }],
      [
        {
          kind: 'resource-limit',
          fields: { cpu: '100m' },
          proof: /^collector-0 has 100m CPU and 512Mi in place of 1000m CPU and 512Mi$/,
          lack: /has no limits that could be changed/,
        },
      ],
      [{ kind: 'network-partition', proof: /^[1-9]\d* bytes/, traffic }],
      [{ kind: 'network-delay', fields: { latency: '30ms' }, proof: /^[1-9]\d* bytes/, traffic }],
      [
        {
          kind: 'network-bandwidth',
          fields: { rate: '8kbit', direction: 'from' },
          proof: /^[1-9]\d* bytes/,
          traffic,
        },
      ],
      [{ kind: 'connection-reset', proof: /connections .* struck$/, traffic: () => holdOpen(address()) }],
    ],
    state: async ({ limits, storage, reconfigure }) => ({
      limits: await limits?.current(),
      stored: readdirSync(storage?.dir ?? ''),
      config: readFileSync(reconfigure?.configFile ?? '', 'utf8'),
      settings: readdirSync(join(whole.runDir, 'work', 'collector-0')).toSorted(),
    }),
    down: () => whole.end(),
    left: async () => [
      ...(await leftovers(whole.runId)),
      ...(existsSync(join(whole.runDir, 'work')) ? ['work'] : []),
    ],
  });

  test('an orderly end is told as one; what a member was not started with is refused by name', async () => {
    const bare = await stage('bare', {});
    const journalFile = join(bare.runDir, 'journal.jsonl');
    const on = { target: bare.target, runId: bare.runId, journalFile };
    const effect = async (strike: Strike) => (await strikeOnce(on, { ...strike, forMs: 500 })).effect;
    const ended = await strikeOnce(on, { kind: 'container-kill', fields: { killSignal: 'SIGTERM' } });
    expect(ended.verified).toBe(true);
    expect(ended.effect).toMatch(/^process \d+ ended (with code 0 after|by) SIGTERM$/);
    expect(ended.recovery.endpointReadyNs).toBeGreaterThan(ended.observed.injectedNs ?? Number.NaN);
    expect(await effect({ kind: 'disk-fill' })).toMatch(/^not injected: .*no volume of its own/);
    expect(await effect({ kind: 'resource-limit', fields: { memory: '64Mi' } })).toMatch(
      /^not injected: collector-0 (was started without resources.memory|has no limits that could be changed)$/,
    );
    await bare.end();
    rmSync(bare.runDir, { recursive: true, force: true });
  });
});
