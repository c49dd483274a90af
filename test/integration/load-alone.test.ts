import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, type TestContext, test } from 'vitest';
import { freePorts } from '../../src/target/ports.ts';
import { cli, expectVerdict, makePlace, readReportJson, root, squall } from '../fixtures/squall.ts';

const short = ['--rate', '1000', '--duration', '2s'];

/** `squall sink` in a process of its own; `end` gives its exit code and what it said. */
async function startSinkAlone(
  args: string[],
  place: { dir: string; env: NodeJS.ProcessEnv; onTestFinished: TestContext['onTestFinished'] },
): Promise<{ end(): Promise<{ code: number | null; said: string[] }> }> {
  const { dir: cwd, env, onTestFinished } = place;
  const child = spawn(process.execPath, [cli, 'sink', ...args], {
    cwd,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const closed = once(child, 'close');
  onTestFinished(() => void child.kill('SIGKILL')); // of one that has ended nothing is left to kill
  const said: string[] = [];
  const lines = createInterface({ input: child.stderr }).on('line', (line) => void said.push(line));
  await once(lines, 'line');
  expect(said[0]).toContain('OTLP/gRPC on');
  return {
    async end() {
      child.kill('SIGTERM');
      await closed;
      return { code: child.exitCode, said };
    },
  };
}

describe.concurrent('squall load', () => {
  test('passes where everything is taken, and squall sink at the other end counts the same run', async ({
    onTestFinished,
  }) => {
    const place = makePlace();
    const [grpc, http] = (await freePorts(2)).map((port) => `127.0.0.1:${port}`) as [string, string];
    const same = ['--run-id', 'two-halves'];
    const listens = ['--grpc', grpc, '--http', http];
    const sink = await startSinkAlone([join(root, 'scenarios/load.yaml'), ...same, ...listens], {
      ...place,
      onTestFinished,
    });
    const sent = ['load', '--grpc', grpc, ...short, ...same];
    const done = await squall(sent, { cwd: place.dir, env: place.env });
    const out = join(place.dir, 'reports', 'two-halves');
    const report = readReportJson(out);
    expect(report.ledger.traces).toMatchObject({ due: 2000, delivered: null });
    expect(report.latency.traces?.ack.count).toBeGreaterThan(0);
    expect(report.run.command).toBe(`squall load --grpc ${grpc} --rate 1000 --duration 2s`);
    expectVerdict(report, done, 'pass');
    const { code, said } = await sink.end();
    expect(code).toBe(0);
    expect(said.join('\n')).not.toContain('not complete');
    expect(JSON.parse(said.at(-1) ?? '')).toMatchObject({
      delivered: { traces: report.ledger.traces?.acknowledged },
      duplicated: 0,
      foreign: 0,
    });
  });

  test('fails where not everything is taken', async ({ onTestFinished }) => {
    const place = makePlace();
    let asked = 0;
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        asked++;
        response.writeHead(asked % 4 === 0 ? 400 : 200).end();
      });
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const out = join(place.dir, 'load');
    const args = ['load', '--http', `127.0.0.1:${port}`, '--signal', 'logs', ...short, '--out', out];
    const done = await squall(args, { env: place.env });
    const report = readReportJson(out);
    expect(report.ledger.logs?.due).toBe(2000);
    expect(report.ledger.logs?.refused).toBeGreaterThan(0);
    const wanted = report.validity.valid ? 'fail' : 'unknown';
    expect(report.slos.find(({ name }) => name.startsWith('refused_ratio'))?.verdict).toBe(wanted);
    expect([report.verdict, done.code]).toEqual([wanted, wanted === 'fail' ? 1 : 2]);
  });

  test('says where nobody listens, and what it must be told', async () => {
    const { env } = makePlace();
    const [port] = await freePorts(1);
    const dead = await squall(['load', '--grpc', `127.0.0.1:${port}`, ...short], { env });
    expect([dead.code, dead.stderr]).toEqual([4, expect.stringContaining('ECONNREFUSED')]);
    const away = await squall(['load', '--grpc', '192.0.2.1:4317', '--rate', '10'], { env });
    expect([away.code, away.stderr]).toEqual([3, expect.stringContaining('give both --rate and --duration')]);
    const both = await squall(['load', '--grpc', '127.0.0.1:1', '--http', '127.0.0.1:2'], { env });
    expect([both.code, both.stderr]).toEqual([3, expect.stringContaining('found both')]);
    const other = await squall(['load', '--http', '127.0.0.1:1', '--protocol', 'grpc'], { env });
    expect([other.code, other.stderr]).toEqual([3, expect.stringContaining('found grpc to 127.0.0.1:1')]);
  });
});

test.skipIf(process.platform !== 'linux')(
  'squall sink that cannot keep what arrives says so, and that it does not count',
  async ({ onTestFinished }) => {
    const place = makePlace();
    const [grpc, http] = (await freePorts(2)).map((port) => `127.0.0.1:${port}`) as [string, string];
    const evidence = join(place.dir, 'full', 'evidence');
    mkdirSync(evidence, { recursive: true });
    symlinkSync('/dev/full', join(evidence, 'arrivals.bin'));
    const listens = ['--grpc', grpc, '--http', http, '--out', join(place.dir, 'full')];
    const args = [join(root, 'scenarios/load.yaml'), '--run-id', 'full', ...listens];
    const sink = await startSinkAlone(args, { ...place, onTestFinished });
    await squall(['load', '--grpc', grpc, ...short, '--run-id', 'full', '--set', 'load.items.retry=none'], {
      cwd: place.dir,
      env: place.env,
    });
    const { code, said } = await sink.end();
    expect([code, said.join('\n')]).toEqual([
      2,
      expect.stringContaining('what it recorded is not complete: E'),
    ]);
  },
);

test('squall sink --print-config names the sink of the target that is given', async () => {
  const args = ['sink', '--print-config', '--target', 'targets/external.yaml'];
  const printed = await squall(args, { env: makePlace().env });
  expect([printed.code, printed.stdout]).toEqual([0, expect.stringContaining('endpoint: 127.0.0.1:14317')]);
});
