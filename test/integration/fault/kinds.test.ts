import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { findHierarchy } from '../../../src/base/cgroup.ts';
import { systemClock as clock } from '../../../src/base/clock.ts';
import type { FaultRecord } from '../../../src/observe/evidence.ts';
import type { LocalMemberSpec } from '../../../src/scenario/types.ts';
import { startProxy } from '../../../src/target/link.ts';
import { startLocal } from '../../../src/target/local.ts';
import type { Target } from '../../../src/target/target.ts';
import { type Strike, strikeOnce, writeTlsGateway } from '../../fixtures/strike.ts';
import { startTcpServer } from '../../fixtures/tcp-server.ts';

const otelcol = process.env.SQUALL_OTELCOL ?? '';
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

interface Stage {
  target: Target;
  runDir: string;
  strike(fault: Strike): Promise<FaultRecord>;
}

/** One real collector and the real engine. */
async function stage(
  member: Partial<LocalMemberSpec>,
  links: { member: string; peer: string }[] = [],
): Promise<Stage> {
  const runDir = mkdtempSync(join(tmpdir(), 'squall-kinds-'));
  open.push(() => rmSync(runDir, { recursive: true, force: true }));
  const { address, close } = await startTcpServer(() => undefined);
  open.push(close);
  const runId = `kinds-${process.pid}`;
  const whole: LocalMemberSpec = { replicas: 1, restart: 'always', env: {}, ...member };
  const target = await startLocal({
    spec: { kind: 'local', members: { collector: whole }, sink: 'none' },
    runId,
    runDir,
    sink: { grpc: address, http: address },
    otelcol,
    clock,
    links,
    startProxy,
  });
  open.push(() => target.down());
  const journalFile = join(runDir, 'journal.jsonl');
  const strike = (fault: Strike) => strikeOnce({ target, journalFile, runId }, fault);
  return { target, runDir, strike };
}

const name = otelcol === '' ? ' (skipped: SQUALL_OTELCOL names no collector)' : '';
describe.skipIf(otelcol === '')(`on a real collector${name}`, () => {
  test.each([
    ['SIGKILL', /^process \d+ ended by SIGKILL$/],
    ['SIGTERM', /^process \d+ ended (with code 0 after|by) SIGTERM$/],
  ])(
    'container-kill by %s: the exit is the proof, and it waits until the next one is ready',
    async (killSignal, proof) => {
      const { strike } = await stage({});
      const record = await strike({ kind: 'container-kill', fields: { killSignal } });
      expect(record.effect).toMatch(proof);
      expect(record.verified).toBe(true);
      expect(record.observed.recoveredNs).toBeUndefined();
      expect(record.recovery.endpointReadyNs).toBeGreaterThan(record.observed.injectedNs ?? Number.NaN);
    },
  );

  test('container-pause: stopped, and running again', async () => {
    const { strike } = await stage({});
    const record = await strike({ kind: 'container-pause', forMs: 800 });
    expect(record.effect).toContain('(state T)');
    expect(record.verified).toBe(true);
    expect(record.observed.recoveredNs).toBeGreaterThanOrEqual(800e6);
  });

  test('collector-reconfigure: taken up without a new process, and back', async () => {
    const { strike, runDir, target } = await stage({});
    const file = target.members[0]?.reconfigure?.configFile ?? '';
    const prior = readFileSync(file, 'utf8');
    const pid = target.members[0]?.process?.current()?.host?.pid;
    const configPatch = { processors: { batch: { timeout: '5s' } } };
    const record = await strike({ kind: 'collector-reconfigure', forMs: 4_000, fields: { configPatch } });
    expect([record.effect, record.verified]).toEqual([
      expect.stringContaining('opened its ports anew'),
      true,
    ]);
    expect(readFileSync(file, 'utf8')).toBe(prior);
    expect(target.members[0]?.process?.current()?.host?.pid).toBe(pid);
    expect(readdirSync(join(runDir, 'work', 'collector-0')).filter((one) => one.includes('squall-'))).toEqual(
      [],
    );
  });

  test('tls-expiry: an expired certificate is presented, then the own one again', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'squall-kinds-'));
    open.push(() => rmSync(dir, { recursive: true, force: true }));
    const { strike } = await stage({ config: writeTlsGateway(dir) });
    const record = await strike({ kind: 'tls-expiry', forMs: 4_000 });
    expect([record.effect, record.verified]).toEqual([
      expect.stringContaining('presents a certificate that ended'),
      true,
    ]);
  });

  test('disk-fill: the volume is full, then free; without a volume of its own it is refused', async () => {
    const none = await stage({});
    const refused = await none.strike({ kind: 'disk-fill', forMs: 500 });
    expect(refused).toMatchObject({
      verified: false,
      effect: expect.stringContaining('no volume of its own'),
    });
    const { strike, target } = await stage({ storageBytes: 16 * 1024 * 1024 });
    if (target.members[0]?.storage?.bounded !== true) {
      expect(target.notes.map(({ sentence }) => sentence).join()).toContain('mounting is not allowed here');
      return;
    }
    const record = await strike({ kind: 'disk-fill', forMs: 500 });
    expect([record.effect, record.verified]).toEqual([
      expect.stringMatching(/, \d{1,4} of 16777216 bytes free$/),
      true,
    ]);
    expect(readdirSync(target.members[0].storage.dir)).toEqual([]);
  });

  test('resource-limit: the control group has less, then what it had; a limit that was not there is refused', async () => {
    const { strike, target } = await stage({ resources: { cpuMillis: 1000 } });
    const record = await strike({ kind: 'resource-limit', forMs: 500, fields: { cpu: '100m' } });
    if (findHierarchy().kind === 'none') {
      expect(record.effect).toContain('has no limits that could be changed');
      return;
    }
    const words = 'collector-0 has 100m CPU and all memory in place of 1000m CPU and all memory';
    expect([record.effect, record.verified]).toEqual([words, true]);
    expect(await target.members[0]?.limits?.current()).toEqual({ cpuMillis: 1000, memoryBytes: null });
    const refused = await strike({ kind: 'resource-limit', forMs: 500, fields: { memory: '64Mi' } });
    expect(refused.effect).toBe('not injected: collector-0 was started without resources.memory');
  });

  test('network-partition and connection-reset strike the link to the load', async () => {
    const { strike, target } = await stage({}, [{ member: 'collector', peer: 'load' }]);
    const [host = '', port = ''] = (target.entry[0]?.otlp.grpc ?? '').split(':');
    const socket = connect({ host, port: Number(port) });
    open.push(() => socket.destroy());
    await once(socket, 'connect');
    const closed = once(socket, 'error');
    const writing = setInterval(() => socket.write('PRI'), 50);
    open.push(() => clearInterval(writing));
    const cut = await strike({ kind: 'network-partition', forMs: 500 });
    expect([cut.effect, cut.verified]).toEqual([expect.stringMatching(/^[1-9]\d* bytes/), true]);
    const other = connect({ host, port: Number(port) });
    open.push(() => other.destroy());
    const reset = once(other, 'error');
    await once(other, 'connect');
    const record = await strike({ kind: 'connection-reset', atMs: 100 });
    expect([record.effect, record.verified]).toEqual([expect.stringMatching(/connections .* struck$/), true]);
    await Promise.race([reset, closed]);
  });
});
