import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock as clock, waitFor } from '../../../src/base/clock.ts';
import { images } from '../../../src/scenario/images.ts';
import type { TargetSpec } from '../../../src/scenario/types.ts';
import { createDockerSite, startDocker } from '../../../src/target/docker.ts';
import { openDocker } from '../../../src/target/docker-client.ts';
import type { DockerSite } from '../../../src/target/docker-site.ts';
import { startProxy } from '../../../src/target/link.ts';
import type { Target } from '../../../src/target/target.ts';
import { dockerObjects, noDocker } from '../../fixtures/docker.ts';
import { writeTlsGateway } from '../../fixtures/strike.ts';
import { holdOpen, sayAgainAndAgain, testTargetLaws } from '../../fixtures/target-laws.ts';
import { startTcpServer } from '../../fixtures/tcp-server.ts';

const runId = `docker-faults-${process.pid}`;
const runDir = mkdtempSync(join(tmpdir(), 'squall-docker-'));
const open: (() => unknown)[] = [];
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

const member = () => {
  const [first] = target.members;
  if (first?.process === undefined) throw new Error('no member');
  return { ...first, process: first.process };
};

async function closeAll(): Promise<void> {
  for (const close of open.splice(0).toReversed()) await close();
}

/** The endpoint that traffic is sent to. */
const address = () => target.entry[0]?.otlp.grpc ?? '';
const traffic = async () => sayAgainAndAgain(address());

describe.skipIf(noDocker !== '')(`faults on a collector in a container${noDocker}`, () => {
  beforeAll(stage);
  afterAll(closeAll);

  test('its CPU and memory are seen, and it answers on every network it is on', async () => {
    const pid = member().process.current()?.host?.pid;
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain('--config');
    const answer = await waitFor(clock, { timeoutMs: 60_000, everyMs: 50 }, () =>
      fetch(member().metricsUrl ?? '').then(
        (found) => found.text(),
        () => undefined,
      ),
    );
    expect(answer).toContain('otelcol_');
  });

  test('a partition remembers the address and the names to come back under', async () => {
    const effect = { kind: 'partition', direction: 'both' } as const;
    expect(member().link?.outlives?.('sink', effect)).toMatchObject([
      { address: expect.stringMatching(/^\d+\./), aliases: ['collector-0', 'collector'] },
    ]);
  });

  test('no limit at all is a limit that can be restored too', async () => {
    const { limits } = member();
    const before = await limits?.current();
    for (const wanted of [{ cpuMillis: null, memoryBytes: null }, before]) {
      if (wanted !== undefined) await limits?.set(wanted);
      expect(await limits?.current()).toEqual(wanted);
    }
  });

  testTargetLaws({
    platform: 'docker',
    target: () => target,
    turns: [
      [{ kind: 'container-kill', proof: /^container [0-9a-f]{12}, start 1 ended by SIGKILL$/ }],
      [{ kind: 'container-pause', proof: /is paused$/ }],
      [{ kind: 'network-partition', fields: { peer: 'sink' }, proof: /^off the network to sink/ }],
      [{ kind: 'network-delay', fields: { latency: '30ms' }, proof: /^[1-9]\d* bytes/, traffic }],
      [
        {
          kind: 'network-bandwidth',
          fields: { rate: '8kbit', direction: 'from' },
          proof: /^[1-9]\d* bytes/,
          traffic,
        },
      ],
      [{ kind: 'connection-reset', proof: /struck$/, traffic: () => holdOpen(address()) }],
      [
        {
          kind: 'resource-limit',
          fields: { cpu: '100m' },
          proof: /^collector-0 has 100m CPU and 512Mi in place of 1000m CPU and 512Mi$/,
        },
      ],
      [
        {
          kind: 'collector-reconfigure',
          fields: { configPatch: { processors: { batch: { timeout: '5s' } } } },
          proof: /opened its ports anew$/,
        },
      ],
      [{ kind: 'tls-expiry', proof: /presents a certificate that ended/ }],
      [{ kind: 'disk-fill', proof: / \d{1,4} of 16777216 bytes free$/, lack: /no volume of its own/ }],
    ],
    state: async ({ limits, storage, reconfigure }) => ({
      limits: await limits?.current(),
      stored: storage?.bounded === true ? readdirSync(storage.dir) : [],
      config: readFileSync(reconfigure?.configFile ?? '', 'utf8'),
      settings: readdirSync(join(runDir, 'work', 'collector-0', 'settings')).toSorted(),
    }),
    down: closeAll,
    left: () => dockerObjects(runId),
  });
});
