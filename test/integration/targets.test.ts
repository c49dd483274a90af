import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { stringify } from 'yaml';
import { systemClock as clock, waitFor } from '../../src/base/clock.ts';
import { freePorts } from '../../src/target/ports.ts';
import { startPrometheus } from '../../src/target/prometheus-process.ts';
import { countRaw } from '../fixtures/raw-count.ts';
import {
  expectVerdict,
  expectWhole,
  makePlace,
  noParts,
  otelcol,
  prometheus,
  readReportJson,
  squall,
} from '../fixtures/squall.ts';

/** Runs when the test has ended; the last one first. */
type AtEnd = TestContext['onTestFinished'];

/** A collector as a user has it: not squall's, and exporting somewhere else. */
function userCollector(ports: { grpc: number; metrics: number; health: number }): string {
  const reader = { pull: { exporter: { prometheus: { host: '127.0.0.1', port: ports.metrics } } } };
  const pipeline = { receivers: ['otlp'], processors: ['batch'], exporters: ['debug'] };
  return stringify({
    receivers: { otlp: { protocols: { grpc: { endpoint: `127.0.0.1:${ports.grpc}` } } } },
    processors: { batch: { timeout: '200ms' } },
    exporters: { debug: { verbosity: 'basic', sampling_initial: 1, sampling_thereafter: 100_000 } },
    extensions: { health_check: { endpoint: `127.0.0.1:${ports.health}` } },
    service: {
      extensions: ['health_check'],
      telemetry: { metrics: { level: 'detailed', readers: [reader] } },
      pipelines: { traces: pipeline, metrics: pipeline, logs: pipeline },
    },
  });
}

interface Pipeline {
  dir: string;
  env: NodeJS.ProcessEnv;
  ports: { grpc: number; metrics: number; health: number };
  sink: { grpc: string; http: string };
}

/** Starts it with what `squall sink --print-config` prints as a second configuration file, word for word. */
async function startPipeline(atEnd: AtEnd): Promise<Pipeline> {
  const place = makePlace();
  const [grpc = 0, metrics = 0, health = 0, sinkGrpc = 0, sinkHttp = 0] = await freePorts(5);
  const ports = { grpc, metrics, health };
  const sink = { grpc: `127.0.0.1:${sinkGrpc}`, http: `127.0.0.1:${sinkHttp}` };
  const printed = await squall(['sink', '--print-config', '--grpc', sink.grpc], { env: place.env });
  expect(printed.code).toBe(0);
  const files = [join(place.dir, 'user.yaml'), join(place.dir, 'squall.yaml')] as const;
  writeFileSync(files[0], userCollector(ports));
  writeFileSync(files[1], printed.stdout);
  const child = spawn(
    otelcol ?? '',
    files.flatMap((file) => ['--config', file]),
    { stdio: 'pipe' },
  );
  atEnd(() => ended(child));
  let log = '';
  child.stderr.on('data', (text) => {
    log += text;
  });
  const up = await waitFor(clock, { timeoutMs: 60_000, everyMs: 100 }, async () => {
    if (child.exitCode !== null) throw new Error(log);
    const answer = await fetch(`http://127.0.0.1:${health}/`).catch(() => undefined);
    return answer?.ok === true ? true : undefined;
  });
  expect(up).toBe(true);
  return { ...place, ports, sink };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'close');
}

/** 6 s of 1,000 spans/s. */
function scenario(of: Pipeline, more: { sink?: 'none'; prometheus?: string; slos?: string[] }): string {
  const file = join(of.dir, 'scenario.yaml');
  const external = {
    otlp: { grpc: `127.0.0.1:${of.ports.grpc}` },
    sink: more.sink ?? of.sink,
    settle: '5s',
    ...(more.prometheus === undefined ? {} : { prometheus: more.prometheus }),
  };
  const slos = (more.slos ?? ['items_lost', 'items_undelivered']).map((measure) => ({
    measure,
    thresholds: ['count==0'],
  }));
  const spans = {
    signal: 'traces',
    executor: 'constant-arrival-rate',
    rate: 1000,
    duration: '6s',
    batch: 50,
  };
  const text = { apiVersion: 'squall/v1', name: 'external', target: { external }, load: { spans }, slos };
  writeFileSync(file, stringify(text));
  return file;
}

describe.skipIf(noParts !== '').concurrent(`an external target${noParts}`, () => {
  test('with what --print-config prints and no Prometheus: every item is accounted for', async ({
    onTestFinished,
  }) => {
    const pipeline = await startPipeline(onTestFinished);
    const out = join(pipeline.dir, 'run');
    const args = ['run', scenario(pipeline, {}), '--out', out, '--capture'];
    const done = await squall(args, { env: pipeline.env });
    const report = readReportJson(out);
    const raw = countRaw(join(out, 'evidence', 'capture.bin'), report.run.id).traces;
    expectWhole(report, 6000);
    expect(raw.distinct).toBe(report.ledger.traces?.delivered);
    expect(report.headline).toEqual([]);
    expect(done.stderr).toContain('settling takes all of 5s');
    expectVerdict(report, done, 'pass');
  });

  test('with a Prometheus of the user: its counters agree with the ledger', async ({ onTestFinished }) => {
    const pipeline = await startPipeline(onTestFinished);
    const own = await startPrometheus({
      binary: prometheus ?? '',
      runDir: pipeline.dir,
      runId: 'users-own',
      scrape: [{ job: 'otel', targets: [{ address: `127.0.0.1:${pipeline.ports.metrics}`, labels: {} }] }],
      scrapeIntervalMs: 1000,
      clock,
    });
    onTestFinished(own.stop);
    const out = join(pipeline.dir, 'run');
    await squall(['run', scenario(pipeline, { prometheus: own.url }), '--out', out], { env: pipeline.env });
    const report = readReportJson(out);
    expectWhole(report, 6000);
    // The canary is an item to the collector, scraped before t = 0 or after it.
    const strangers =
      (report.counters.accepted ?? Number.NaN) - (report.ledger.traces?.offered ?? Number.NaN);
    expect([0, 1]).toContain(strangers);
    expect(report.headline?.filter(({ agree }) => agree === false)).toEqual([]);
    expect(report.headline?.find(({ name }) => name === 'loss')).toMatchObject({ client: 0, agree: true });
  });

  test('sink: none says nothing about delivery, and nothing that needs it passes', async ({
    onTestFinished,
  }) => {
    const pipeline = await startPipeline(onTestFinished);
    const out = join(pipeline.dir, 'run');
    const file = scenario(pipeline, {
      sink: 'none',
      slos: ['items_lost', 'items_undelivered', 'items_refused'],
    });
    const done = await squall(['run', file, '--out', out], { env: pipeline.env });
    const report = readReportJson(out);
    expect(report.ledger.traces).toMatchObject({
      acknowledged: 6000 - (report.ledger.traces?.missed ?? Number.NaN),
      delivered: null,
      lost: null,
      undelivered: null,
    });
    expect(report.slos.slice(0, 2).map(({ verdict }) => verdict)).toEqual(['unknown', 'unknown']);
    expect([done.code, report.verdict]).toEqual([2, 'unknown']);
    expect(done.stderr).toContain('lost not known');
    expect(done.stderr).not.toContain('settling takes all of');
  });
});

describe.concurrent('the embedded target', () => {
  test('says so on the terminal, in the report and on the page', async () => {
    const place = makePlace();
    const out = join(place.dir, 'run');
    const load = ['load.spans.rate=1000', 'load.spans.duration=4s', 'warmup=0s'];
    const latency = [
      'slos.0.thresholds.0=p(95)<60s',
      'slos.0.thresholds.1=p(99)<60s',
      'slos.1.thresholds.0=value>=1',
    ];
    const sets = [...load, ...latency].flatMap((set) => ['--set', set]);
    const args = ['run', '--target', 'targets/embedded.yaml', '--out', out, '--capture', ...sets];
    const done = await squall(args, { env: place.env });
    const banner = 'embedded reference collector: says nothing about a real collector';
    expect(done.stderr).toContain(banner);
    for (const name of ['report.md', 'report.html']) {
      expect(readFileSync(join(out, name), 'utf8')).toContain(banner);
    }
    const report = readReportJson(out);
    expect(report.run.banner).toBe(banner);
    expectWhole(report, 4000);
    const raw = countRaw(join(out, 'evidence', 'capture.bin'), report.run.id).traces;
    expect(raw.distinct).toBe(report.ledger.traces?.delivered);
  });
});
