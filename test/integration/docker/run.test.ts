import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { readColumns } from '../../../src/observe/columns.ts';
import { arrivalFields } from '../../../src/observe/evidence.ts';
import type { Report } from '../../../src/report/types.ts';
import { images } from '../../../src/scenario/images.ts';
import { dockerObjects, noDocker } from '../../fixtures/docker.ts';
import { countRaw } from '../../fixtures/raw-count.ts';
import { type Ended, makePlace, readReportJson, root, squall } from '../../fixtures/squall.ts';

const closers: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const dockerTarget = ['--target', 'targets/docker.yaml'];
/** Latency is not judged here: this machine may be busy. */
const slower = ['warmup=1s', 'load.spans.rate=2000'];

interface Done extends Ended {
  runId: string;
  out: string;
  dir: string;
}

/** A run of the program as a user starts it; whatever its end, nothing of it may be left at the daemon. */
async function run(args: string[], sets: string[] = []): Promise<Done> {
  const place = makePlace();
  closers.push(() => rmSync(place.dir, { recursive: true, force: true }));
  const runId = `docker-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  const out = join(place.dir, 'run');
  const all = ['run', ...args, '--out', out, '--run-id', runId, ...sets.flatMap((set) => ['--set', set])];
  const ended = await squall(all, { env: place.env });
  expect([ended.stderr, await dockerObjects(runId)]).toEqual([ended.stderr, []]);
  return { ...ended, runId, out, dir: place.dir };
}

function tracesOf(report: Report): NonNullable<Report['ledger']['traces']> {
  const { traces } = report.ledger;
  if (traces === undefined) throw new Error('no ledger of traces');
  return traces;
}

/** At once: they wait for one another's containers and clocks, hardly for a core. */
describe.skipIf(noDocker !== '').concurrent(`runs on containers${noDocker}`, () => {
  test('gateway-kill: docker kill of a real collector loses items by name, and the run fails', async () => {
    const place = makePlace();
    closers.push(() => rmSync(place.dir, { recursive: true, force: true }));
    const file = join(place.dir, 'gateway-kill.yaml');
    const scenario = parse(readFileSync(join(root, 'scenarios', 'gateway-kill.yaml'), 'utf8')) as {
      faults: object[];
    };
    // Nothing leaves the queue in the second before the kill: however slow this machine is, there is something to lose.
    const held = { name: 'held', kind: 'backend-outage', action: 'grpc-status', at: '4s', duration: '2s' };
    writeFileSync(file, stringify({ ...scenario, faults: [...scenario.faults, held] }));
    const sets = [...slower, 'load.spans.duration=8s', 'faults.0.at=5150ms'];
    const done = await run([file, ...dockerTarget, '--capture'], sets);
    const report = readReportJson(done.out);
    const traces = tracesOf(report);
    const raw = countRaw(join(done.out, 'evidence', 'capture.bin'), done.runId).traces;
    expect([traces.delivered, traces.duplicated]).toEqual([raw.distinct, raw.duplicated]);
    expect(traces.lost).toBe(traces.acknowledged + traces.recovered - raw.distinct);
    expect(traces.lost).toBeGreaterThan(0);
    const named = traces.lostIntervals.reduce((sum, { count, ambiguous }) => sum + (ambiguous ?? count), 0);
    const charged = new Set(traces.lostIntervals.map(({ fault }) => fault));
    expect(named).toBe(traces.lost);
    // What was due before the kill is charged to what kept it from leaving.
    expect(['kill', 'held']).toEqual(expect.arrayContaining([...charged]));
    expect([report.run.target, report.verdict, done.code]).toEqual(['docker', 'fail', 1]);
    expect(report.faults.find(({ name }) => name === 'kill')).toMatchObject({
      verified: true,
      effect: expect.stringMatching(/^container [0-9a-f]{12}, start 1 ended by SIGKILL$/),
    });
    expect(report.run.versions).toMatchObject({
      otelcol: `0.161.0 (image ${images.collector})`,
      prometheus: `image ${images.prometheus}`,
      docker: expect.any(String),
    });
    // Prometheus, in a container too, saw the collector and squall's own load.
    expect(report.counters.accepted).toBeGreaterThan(0);
    expect(report.headline?.map(({ prometheus }) => typeof prometheus)).toEqual([
      'number',
      'number',
      'number',
    ]);
  });

  test('a chain with TLS, a queue on disk, and links cut and killed: nothing is lost', async () => {
    const place = makePlace();
    closers.push(() => rmSync(place.dir, { recursive: true, force: true }));
    const file = join(place.dir, 'scenario.yaml');
    writeFileSync(file, stringify(chain()));
    const done = await run([file, '--capture']);
    const report = readReportJson(done.out);
    const traces = tracesOf(report);
    expect([report.findings.filter(({ severity }) => severity === 'fail'), traces.lost]).toEqual([[], 0]);
    expect(traces.delivered).toBe(traces.due);
    for (const fault of report.faults)
      expect([fault.name, fault.effect, fault.verified]).toEqual([fault.name, fault.effect, true]);
    // Nothing found a way around the cut, not even the process that was started in the middle of it.
    const cut = report.faults.find(({ name }) => name === 'cut')?.observed;
    const [fromNs, toNs] = [cut?.injectedS ?? 0, cut?.recoveredS ?? 0].map((atS) => atS * 1e9);
    const arrivals = readColumns(join(done.out, 'evidence', 'arrivals.bin'), arrivalFields);
    const during = [...arrivals.column('arrivalNs').slice(0, arrivals.count)].filter(
      (ns) => ns > (fromNs ?? 0) + 200e6 && ns < (toNs ?? 0) - 50e6,
    );
    expect(during).toEqual([]);
    // Four seconds, of which a busy machine takes some until all is cut.
    expect((toNs ?? 0) - (fromNs ?? 0)).toBeGreaterThan(2e9);
    expect(Object.keys(report.run.versions)).toContain('docker');
  });

  test.each([
    ['an image that is not here', ['target.docker.image=registry.invalid/none:1'], 'SQ-IMAGE-MISSING'],
    ['an image without a collector', ['target.docker.image=prom/prometheus:v3.15.0'], 'SQ-TARGET-START'],
    [
      'a collector that refuses its configuration',
      ['target.docker.members.collector.config=CONFIG'],
      'invalid keys: nonsense',
    ],
  ])('%s: exit 4, and nothing is left', async (_, sets, words) => {
    const place = makePlace();
    closers.push(() => rmSync(place.dir, { recursive: true, force: true }));
    const config = join(place.dir, 'broken.yaml');
    const grpc = { endpoint: '${env:SQUALL_OTLP_GRPC}' };
    writeFileSync(config, stringify({ receivers: { otlp: { protocols: { grpc }, nonsense: 1 } } }));
    const done = await run(
      ['scenarios/gateway-kill.yaml', ...dockerTarget],
      sets.map((set) => set.replace('CONFIG', config)),
    );
    expect([done.stderr, done.code]).toEqual([expect.stringContaining(words), 4]);
    expect(done.stderr).toContain('in place none');
  });
});

test.concurrent('without a daemon: exit 4 that says so', async () => {
  const place = makePlace();
  closers.push(() => rmSync(place.dir, { recursive: true, force: true }));
  const env = { ...place.env, DOCKER_HOST: `unix://${place.dir}/no.sock` };
  const args = ['run', 'scenarios/gateway-kill.yaml', ...dockerTarget, '--out', join(place.dir, 'run')];
  const ended = await squall(args, { env });
  expect([ended.stderr, ended.code]).toEqual([expect.stringContaining('SQ-DOCKER-UNREACHABLE'), 4]);
});

/** Two agents with a certificate before a gateway with its queue on disk; 9 s of 600 spans/s. */
function chain(): object {
  const collectors = join(root, 'scenarios', 'collectors');
  const members = {
    agent: { config: join(collectors, 'gateway-tls.yaml'), replicas: 2, sendsTo: 'gateway' },
    gateway: {
      config: join(collectors, 'gateway-durable.yaml'),
      resources: { cpu: '1', memory: '512Mi' },
      env: { SQUALL_TEST: 'docker' },
    },
  };
  const spans = { signal: 'traces', executor: 'constant-arrival-rate', rate: 600, duration: '9s', batch: 20 };
  const gateway = { member: 'gateway', mode: 'one' };
  return {
    apiVersion: 'squall/v1',
    name: 'docker-chain',
    target: { docker: { members } },
    load: { spans },
    faults: [
      { name: 'cut', kind: 'network-partition', at: '1s', duration: '4s', selector: gateway, peer: 'sink' },
      {
        name: 'off',
        kind: 'network-partition',
        at: '6s',
        duration: '1s',
        selector: gateway,
        peer: 'agent',
      },
      { name: 'kill', kind: 'container-kill', at: '1500ms', selector: gateway, killSignal: 'SIGKILL' },
    ],
    slos: [{ measure: 'items_lost', thresholds: ['count==0'] }],
  };
}
