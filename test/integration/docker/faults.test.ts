import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock as clock, waitFor } from '../../../src/base/clock.ts';
import { readJournal } from '../../../src/fault/journal.ts';
import { openWork } from '../../../src/fault/replay.ts';
import { executeUndo, remainsOf } from '../../../src/fault/undo.ts';
import type { FaultRecord } from '../../../src/observe/evidence.ts';
import { faults } from '../../../src/registry.ts';
import { images } from '../../../src/scenario/images.ts';
import type { TargetSpec } from '../../../src/scenario/types.ts';
import { createDockerSite, startDocker } from '../../../src/target/docker.ts';
import { openDocker } from '../../../src/target/docker-client.ts';
import type { DockerSite } from '../../../src/target/docker-site.ts';
import { startProxy } from '../../../src/target/link.ts';
import type { Target } from '../../../src/target/target.ts';
import { dockerObjects, noDocker } from '../../fixtures/docker.ts';
import { strikeOnce, writeTlsGateway } from '../../fixtures/strike.ts';
import { startTcpServer } from '../../fixtures/tcp-server.ts';

const runId = `docker-faults-${process.pid}`;
const runDir = mkdtempSync(join(tmpdir(), 'squall-docker-'));
const journalFile = join(runDir, 'journal.jsonl');
const open: (() => unknown)[] = [];
const struck = new Set<string>();
let target: Target;
let site: DockerSite;

/** One real collector in a container, with a certificate, a volume, and a proxy in its link to the load. */
async function stage(): Promise<void> {
  open.push(() => rmSync(runDir, { recursive: true, force: true }));
  const resources = { cpuMillis: 1000, memoryBytes: 512 * 2 ** 20 };
  const config = writeTlsGateway(runDir);
  const storageBytes = 16 * 2 ** 20;
  const collector = { config, replicas: 1, restart: 'always', env: {}, resources, storageBytes } as const;
  const spec: TargetSpec & { kind: 'docker' } = {
    kind: 'docker',
    members: { collector },
    image: images.collector,
    prometheusImage: images.prometheus,
    sink: 'none',
  };
  site = await createDockerSite(await openDocker(), spec, runId);
  open.push(() => site.down());
  const { address: sink, close } = await startTcpServer(() => undefined, site.network('sink').gateway);
  open.push(close);
  target = await startDocker({
    spec,
    site,
    runDir,
    sink: { grpc: sink, http: sink },
    clock,
    links: [{ member: 'collector', peer: 'load' }],
    startProxy,
  });
  open.push(() => target.down());
}

async function strike(kind: string, forMs: number | undefined, fields: object = {}): Promise<FaultRecord> {
  struck.add(kind);
  const hold = forMs === undefined ? {} : { forMs };
  return strikeOnce({ target, journalFile, runId }, { kind, fields, ...hold });
}

const member = () => {
  const [first] = target.members;
  if (first?.process === undefined) throw new Error('no member');
  return { ...first, process: first.process };
};

describe.skipIf(noDocker !== '')(`faults on a collector in a container${noDocker}`, () => {
  beforeAll(stage);
  afterAll(async () => {
    for (const close of open.splice(0).toReversed()) await close();
    expect(await dockerObjects(runId)).toEqual([]);
  });

  test('container-kill: the exit is the proof; another start under the same addresses follows', async () => {
    const before = member().process.current();
    const record = await strike('container-kill', undefined, { killSignal: 'SIGKILL' });
    expect([record.effect, record.verified]).toEqual([`${before?.id} ended by SIGKILL`, true]);
    expect(record.recovery.endpointReadyNs).toBeGreaterThan(record.observed.injectedNs ?? Number.NaN);
    expect(member().process.current()?.id).toMatch(/^container [0-9a-f]{12}, start 2$/);
    expect(member().process.starts()[0]?.exit).toMatchObject({ code: null, signal: 'SIGKILL' });
  });

  test('container-pause: nothing answers, then the same process does', async () => {
    const before = member().process.current();
    const record = await strike('container-pause', 500);
    expect([record.effect, record.verified]).toEqual([expect.stringContaining('is paused'), true]);
    expect(member().process.current()).toEqual(before);
  });

  test('network-partition from the sink: off its network, and back under its address', async () => {
    const record = await strike('network-partition', 500, { peer: 'sink' });
    expect([record.effect, record.verified]).toEqual([
      expect.stringMatching(/^off the network to sink/),
      true,
    ]);
    const [undo] = openWork(readJournal(journalFile)).undos.filter(({ kind }) => kind === 'docker-connect');
    expect(undo).toMatchObject({
      address: expect.stringMatching(/^\d+\./),
      aliases: ['collector-0', 'collector'],
    });
  });

  test('a guard undoes what a dead runner left, twice alike, and reads it back', async () => {
    const { link, process: power, container, limits } = member();
    const [endpoint] = link?.outlives?.('sink', { kind: 'partition', direction: 'both' }) ?? [];
    const prior = await limits?.current();
    if (endpoint === undefined || container === undefined || prior === undefined) throw new Error('no power');
    await link?.set('sink', { kind: 'partition', direction: 'both' });
    await limits?.set({ cpuMillis: 100, memoryBytes: 256 * 2 ** 20 });
    await power.pause?.set(true);
    const undos = [
      { kind: 'docker-unpause', ...container },
      { kind: 'docker-update', ...container, limits: prior },
      { kind: 'docker-connect', ...endpoint },
    ] as const;
    for (const undo of undos) expect(await remainsOf(undo)).toContain(container.container.slice(0, 12));
    for (const undo of [...undos, ...undos]) expect(await executeUndo(undo)).toMatchObject({ done: true });
    for (const undo of undos) expect(await remainsOf(undo)).toBeUndefined();
    expect(await power.ready(10_000)).toBeGreaterThan(0);
  });

  test('network-delay, -bandwidth and connection-reset: by a proxy in the link', async () => {
    const [host = '', port = ''] = new URL(target.entry[0]?.otlp.grpc ?? '').host.split(':');
    // The receiver ends what is no TLS: each word needs a connection of its own.
    const say = () => {
      const socket = connect({ host, port: Number(port) });
      socket.on('error', () => {});
      socket.end('PRI * HTTP/2.0');
    };
    const writing = setInterval(say, 30);
    const slow = await strike('network-delay', 500, { latency: '30ms' });
    const narrow = await strike('network-bandwidth', 300, { rate: '8kbit', direction: 'from' });
    clearInterval(writing);
    for (const { effect, verified } of [slow, narrow])
      expect([effect, verified]).toEqual([expect.stringMatching(/^[1-9]\d* bytes/), true]);
    const other = connect({ host, port: Number(port) });
    const reset = once(other, 'error');
    await once(other, 'connect');
    const record = await strike('connection-reset', undefined);
    expect([record.effect, record.verified]).toEqual([expect.stringContaining('struck'), true]);
    await reset;
  });

  test('resource-limit: lowered, and as it was', async () => {
    const record = await strike('resource-limit', 500, { cpu: '100m' });
    const words = 'collector-0 has 100m CPU and 512Mi in place of 1000m CPU and 512Mi';
    expect([record.effect, record.verified]).toEqual([words, true]);
    const { limits } = member();
    const before = { cpuMillis: 1000, memoryBytes: 512 * 2 ** 20 };
    expect(await limits?.current()).toEqual(before);
    // No limit at all is a limit that can be restored too.
    for (const wanted of [{ cpuMillis: null, memoryBytes: null }, before]) {
      await limits?.set(wanted);
      expect(await limits?.current()).toEqual(wanted);
    }
  });

  test('collector-reconfigure: taken up without a new process, and back', async () => {
    const file = member().reconfigure?.configFile ?? '';
    const prior = readFileSync(file, 'utf8');
    const before = member().process.current();
    const configPatch = { processors: { batch: { timeout: '5s' } } };
    const record = await strike('collector-reconfigure', 1_000, { configPatch });
    expect([record.effect, record.verified]).toEqual([
      expect.stringContaining('opened its ports anew'),
      true,
    ]);
    expect([readFileSync(file, 'utf8'), member().process.current()]).toEqual([prior, before]);
    const left = readdirSync(join(runDir, 'work', 'collector-0', 'settings'));
    expect(left.filter((name) => name.includes('squall-'))).toEqual([]);
  });

  test('tls-expiry: an expired certificate is presented, then the own one again', async () => {
    const record = await strike('tls-expiry', 1_000);
    const words = expect.stringContaining('presents a certificate that ended');
    expect([record.effect, record.verified]).toEqual([words, true]);
  });

  test('disk-fill: the volume is full, then free; where mounting is not allowed it is refused', async () => {
    const record = await strike('disk-fill', 500);
    if (member().storage?.bounded !== true) {
      expect(record.effect).toContain('no volume of its own');
      return;
    }
    const words = expect.stringMatching(/ \d{1,4} of 16777216 bytes free$/);
    expect([record.effect, record.verified]).toEqual([words, true]);
    expect(readdirSync(member().storage?.dir ?? '')).toEqual([]);
  });

  test('no kind that the registry says a container can do was left out', () => {
    const able = Object.values(faults).filter(({ needs }) => needs.targets.includes('docker'));
    // The sink is no member: what it does is the same on every target.
    const acting = able.filter(({ needs }) => needs.power !== 'sink').map(({ kind }) => kind);
    expect([...struck].sort()).toEqual(acting.sort());
  });

  test('its CPU and memory are seen, and it answers on every network it is on', async () => {
    const pid = member().process.current()?.host?.pid;
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain('--config');
    const answer = await waitFor(clock, { timeoutMs: 5_000, everyMs: 50 }, () =>
      fetch(member().metricsUrl ?? '').then(
        (found) => found.text(),
        () => undefined,
      ),
    );
    expect(answer).toContain('otelcol_');
  });
});
