import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock, waitFor } from '../../../src/base/clock.ts';
import { startClientMetrics } from '../../../src/observe/client-metrics.ts';
import { sumIncreases } from '../../../src/observe/counters.ts';
import { observePrometheus } from '../../../src/observe/observe-prometheus.ts';
import { createPrometheus, type PrometheusClient } from '../../../src/observe/prometheus.ts';
import { entryPlan, promqlSlo, runRecord } from '../../fixtures/run-evidence.ts';

/** An exporter whose page is a string in this test's hands; undefined: it answers 500. */
interface Exporter {
  page: string | undefined;
  address: string;
  server: Server;
}

function findPrometheus(): string | undefined {
  const given = process.env.SQUALL_PROMETHEUS ?? 'prometheus';
  try {
    execFileSync(given, ['--version'], { stdio: 'ignore' });
    return given;
  } catch {
    return undefined; // not there: the suite's name says so
  }
}

const binary = findPrometheus();
const scrapeMs = 200;
const name =
  binary === undefined ? 'skipped: no prometheus in SQUALL_PROMETHEUS or PATH' : 'a real Prometheus';

describe.skipIf(binary === undefined)(name, () => {
  let dir: string;
  let prometheus: ChildProcess;
  let collector: Exporter;
  let own: Awaited<ReturnType<typeof startClientMetrics>>;
  let client: PrometheusClient;
  let url: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'squall-prometheus-'));
    collector = await startExporter();
    own = await startClientMetrics();
    const config = {
      global: {
        scrape_interval: `${scrapeMs}ms`,
        scrape_timeout: `${scrapeMs}ms`,
        evaluation_interval: `${scrapeMs}ms`,
      },
      rule_files: ['rules.json'],
      scrape_configs: [
        {
          job_name: 'collector',
          fallback_scrape_protocol: 'PrometheusText0.0.4',
          static_configs: [{ targets: [collector.address], labels: { member: 'collector-0' } }],
        },
        { job_name: 'squall', static_configs: [{ targets: [own.address] }] },
      ],
    };
    writeFileSync(join(dir, 'prometheus.yml'), JSON.stringify(config));
    const rule = { alert: 'Alarmed', expr: 'alarm > 0', for: '500ms', labels: { severity: 'page' } };
    writeFileSync(join(dir, 'rules.json'), JSON.stringify({ groups: [{ name: 'own', rules: [rule] }] }));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const args = [
      `--config.file=${join(dir, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    prometheus = spawn(binary ?? '', args, { stdio: 'ignore' });
    client = createPrometheus({ url, headers: {}, match: {} }, systemClock);
    expect(await client.ready(120_000)).toBe(true);
    await scraped(2);
  });

  afterAll(async () => {
    prometheus.kill('SIGTERM');
    if (prometheus.exitCode === null) await once(prometheus, 'exit');
    collector.server.closeAllConnections();
    collector.server.close();
    await own.close();
    await rm(dir, { recursive: true, force: true });
  });

  const nowS = async () => (await client.serverTimeMs()) / 1000;

  /** Waits until `count` scrapes that began after this call are stored; one that failed has stored nothing. */
  async function scraped(count: number): Promise<void> {
    const fromS = await nowS();
    const done = await waitFor(systemClock, { timeoutMs: 60_000, everyMs: 50 }, async () => {
      const timeS = await nowS();
      const up = await client.rawSamples('up{job="collector"}', { timeS, rangeS: timeS - fromS + 0.001 });
      return (up.series[0]?.points.filter(([atS, up]) => atS > fromS && up === 1).length ?? 0) >= count
        ? true
        : undefined;
    });
    expect(done).toBe(true);
  }

  test('1: raw deltas are exact where increase() is not', async () => {
    collector.page = 'c_total 0';
    await scraped(2);
    const fromS = await nowS();
    for (const value of [100, 200, 300]) {
      collector.page = `c_total ${value}`;
      await scraped(1);
    }
    await scraped(2);
    const toS = await nowS();
    const raw = await client.rawSamples('c_total', { timeS: toS, rangeS: toS - fromS + 2 });
    expect(sumIncreases(raw.series, { fromS, toS })).toBe(300);
    const rangeMs = Math.round((toS - fromS) * 1000);
    const guess = await client.instant(`increase(c_total[${rangeMs}ms])`, { timeS: toS, lookbackDeltaS: 1 });
    expect(guess.series[0]?.points[0]?.[1]).not.toBe(300);
  });

  test('4, 6: a counter born inside the window and one that restarts lose nothing that was scraped', async () => {
    collector.page = '';
    await scraped(2);
    const fromS = await nowS();
    collector.page = 'born_total 40\n';
    await scraped(2);
    collector.page = 'born_total 70\n';
    await scraped(2);
    collector.page = 'born_total 5\n';
    await scraped(2);
    const toS = await nowS();
    const raw = await client.rawSamples('born_total', { timeS: toS, rangeS: toS - fromS + 2 });
    expect(sumIncreases(raw.series, { fromS, toS })).toBe(75);
  });

  test('an alert: when it was pending, when it fired and when it was over, as its rule was evaluated', async () => {
    const alerting = async (wanted: boolean) => {
      const done = await waitFor(systemClock, { timeoutMs: 60_000, everyMs: 50 }, async () => {
        const query = 'ALERTS{alertstate="firing"}';
        const { series } = await client.instant(query, { timeS: await nowS(), lookbackDeltaS: 1 });
        return series.length > 0 === wanted ? true : undefined;
      });
      expect(done).toBe(true);
    };
    collector.page = 'alarm 0';
    await scraped(2);
    const fromS = await nowS();
    collector.page = 'alarm 1';
    await alerting(true);
    collector.page = 'alarm 0';
    await alerting(false);
    await scraped(4);
    const toS = await nowS();
    const observed = (hasRules: boolean) =>
      observePrometheus({
        client,
        plan: runRecord({ entries: [entryPlan('spans')] }).plan,
        members: [],
        slos: [],
        t0WallMs: fromS * 1000,
        windows: [{ name: 'run', fromNs: -1, toNs: (toS - fromS) * 1e9 }],
        scrapeIntervalMs: scrapeMs,
        ownJob: 'squall',
        hasRules,
      });
    const { alerts = [], rules } = await observed(true);
    const [alert, ...others] = alerts;
    const rule = { group: 'own', kind: 'alert', name: 'Alarmed', expr: 'alarm > 0', forS: 0.5 };
    expect(rules).toEqual([{ ...rule, labels: { severity: 'page' } }]);
    expect(others).toEqual([]);
    expect(alert).toMatchObject({ alert: 'Alarmed', labels: expect.stringContaining('severity="page"') });
    const { activeS = 0, firingS = 0, endS = 0 } = alert ?? {};
    expect(activeS).toBeGreaterThan(0);
    expect(firingS - activeS).toBeGreaterThanOrEqual(0.499);
    expect(endS).toBeGreaterThan(firingS);
    expect(endS).toBeLessThan(toS - fromS + 1);
    expect(await observed(false)).not.toHaveProperty('alerts');
  });

  test('7: the gauge of a dead pod does not answer', async () => {
    collector.page = 'queue_size 7';
    await scraped(2);
    const seen = await client.instant('max(queue_size)', { timeS: await nowS(), lookbackDeltaS: 2 * 0.2 });
    expect(seen.series[0]?.points[0]?.[1]).toBe(7);
    // Scrapes that stop without a staleness mark: asked three intervals after the last sample.
    const lastS = seen.series[0]?.points[0]?.[0] ?? 0;
    const late = await client.instant('max(up{job="collector"})', {
      timeS: lastS + 60,
      lookbackDeltaS: 2 * 0.2,
    });
    expect(late.series).toEqual([]);
    const naive = await client.instant('max(up{job="collector"})', {
      timeS: lastS + 60,
      lookbackDeltaS: 300,
    });
    expect(naive.series).toHaveLength(1);
  });

  test('a whole observation: coverage, names, counters, worst value, own histogram, skew', async () => {
    const page = (accepted: number, queue: number) =>
      [
        '# TYPE otelcol_receiver_accepted_spans_total counter',
        `otelcol_receiver_accepted_spans_total{receiver="otlp"} ${accepted}`,
        '# TYPE otelcol_exporter_sent_spans_total counter',
        `otelcol_exporter_sent_spans_total{exporter="otlp_grpc"} ${accepted - 1}`,
        `otelcol_exporter_queue_size{exporter="otlp_grpc"} ${queue}`,
        '',
      ].join('\n');
    const counts = { due: 0, missed: 0, rejected: 0, refused: 0, unknown: 0, ackMsP95: 3 };
    const buckets = (requests: number) => Array.from({ length: 25 }, (_, i) => (i < 4 ? 0 : requests));
    own.observe({ ...counts, offered: 0, acknowledged: 0, ackMsBuckets: buckets(0) });
    collector.page = page(10, 1);
    await scraped(2);
    const skew = await client.skewMs();
    const fromS = await nowS();
    for (const [accepted, queue] of [
      [110, 5],
      [210, 42],
      [310, 3],
    ] as const) {
      collector.page = page(accepted, queue);
      own.observe({ ...counts, offered: accepted, acknowledged: accepted, ackMsBuckets: buckets(accepted) });
      await scraped(2);
    }
    await scraped(4);
    const toS = await nowS();
    const record = await observePrometheus({
      client,
      plan: runRecord({ entries: [entryPlan('spans')] }).plan,
      members: [],
      slos: [
        promqlSlo('max(otelcol_exporter_queue_size)', 'value<1000'),
        promqlSlo('sum(rate(otelcol_receiver_accepted_spans_total[$window]))', 'value>0', { name: 'rate' }),
        promqlSlo('max(no_such_series)', 'value<1', { name: 'nothing' }),
      ],
      t0WallMs: fromS * 1000 - skew,
      windows: [{ name: 'run', fromNs: -1, toNs: (toS - fromS) * 1e9 }],
      scrapeIntervalMs: scrapeMs,
      ownJob: 'squall',
    });
    const answer = (wanted: string) => record.answers.find((one) => one.for === wanted);
    expect(record.available).toBe(true);
    expect(Math.abs(record.skewMs ?? 1e9)).toBeLessThan(5_000);
    // A busy machine misses some: each 200 ms is tight.
    expect(record.coverage).toBeGreaterThan(0.3);
    expect(record.names['accepted traces']).toBe('otelcol_receiver_accepted_spans_total');
    expect(record.counters).toEqual({
      accepted: 300,
      sent: 300,
      sendFailed: 0,
      enqueueFailed: 0,
      refused: 0,
    });
    expect(answer('queue')?.value).toBe(42);
    expect(answer('rate')?.value).toBeGreaterThan(0);
    expect(answer('nothing')).toMatchObject({ value: null, reason: 'the query gave no series' });
    expect(answer('headline accepted traces')?.value).toBe(300);
    const p95 = answer('headline p95')?.value ?? Number.NaN;
    expect(p95).toBeGreaterThan(3);
    expect(p95).toBeLessThanOrEqual(5);
    expect(record.series.map((one) => one.name)).toEqual(['queue size collector-0']);
  });

  test('match is put into every selector: with a foreign label there is nothing to see', async () => {
    const spec = { url, headers: {}, match: { member: 'another' } };
    const narrow = createPrometheus(spec, systemClock);
    const timeS = await nowS();
    expect((await narrow.instant('max(up)', { timeS, lookbackDeltaS: 5 })).series).toEqual([]);
    expect(await narrow.metricNames('.+', { startS: timeS - 60, endS: timeS })).toEqual([]);
  });
});

async function startExporter(): Promise<Exporter> {
  const server = createServer((_, response) => {
    if (exporter.page === undefined) response.writeHead(500).end();
    else response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(`${exporter.page}\n`);
  });
  const exporter: Exporter = { page: '', address: '', server };
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  exporter.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return exporter;
}

async function freePort(): Promise<number> {
  const server = createTcp();
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
