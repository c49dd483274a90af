import { chmodSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { expectError, hostilePlace } from '../fixtures/hostile.ts';
import { type Served, serveSilence } from '../fixtures/servers.ts';
import { noParts, squall } from '../fixtures/squall.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function silence(): Promise<Served> {
  const served = await serveSilence();
  closers.push(() => served.close());
  return served;
}

/** A collector with this exporter and no metrics of its own. */
function minimal(exporter: string, http = ''): string {
  return `receivers: {otlp: {protocols: {grpc: {endpoint: "\${env:SQUALL_OTLP_GRPC}"}${http}}}}
exporters: {${exporter}}
service:
  telemetry: {metrics: {level: none}}
  pipelines: {traces: {receivers: [otlp], exporters: [${exporter.split(':')[0]}]}}
`;
}

/** Lists an exporter; as a collector it listens until the first connection, says that a port is taken, and ends. */
function dyingCollector(taken: string): string {
  return `#!${process.execPath}
if (process.argv[2] === 'components') {
  console.log('buildinfo: {version: 1.0.0}\\nexporters: [{name: nop}]');
  process.exit();
}
const [host, port] = process.env.SQUALL_OTLP_GRPC.split(':');
const server = require('node:net').createServer((socket) => {
  socket.destroy();
  server.close();
  console.error('Error: cannot start pipelines: listen tcp ${taken}: bind: address already in use');
  setTimeout(() => process.exit(1), 1000);
});
server.listen(Number(port), host);
`;
}

/** A local target of one collector with this configuration; no Prometheus of its own where one is given. */
function local(member: Record<string, unknown>, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { target: { local: { members: { collector: member }, ...more } } };
}

describe('what the user wrote', () => {
  test('every mistake of a scenario at once, each with its place', async () => {
    const place = hostilePlace();
    const file = place.write(
      'scenario.yaml',
      `apiVersion: squall/v1
name: bad
target: {embeded: {}}
load:
  spans: {signal: traces, executor: constant-arrival-rate, rate: -5, duration: 3s, batc: 5}
  points: {signal: metrics, executor: constant-arrival-rate, rate: .inf, duration: 3s}
slos:
  - {measure: items_lost, thresholds: ["count=0"]}
  - {measure: items_lsot, thresholds: ["count==0"]}
`,
    );
    const ended = await place.run(file);
    expectError(ended, { code: 'SQ-SCENARIO-INVALID', exit: 3 });
    for (const where of [':3:10', ':5:66', ':5:84', ':6:68', ':8:40', ':9:15']) {
      expect(ended.stderr).toContain(`${file}${where};`);
    }
    for (const next of ['write embedded', 'write batch', 'write count==0', 'write items_lost']) {
      expect(ended.stderr).toContain(`do     ${next}`);
    }
    expect(await place.leftBehind()).toEqual([]);
  });

  test.each([
    [['rnu'], "unknown command 'rnu'", 'squall run'],
    [['run', '--sed', '5'], "unknown option '--sed'", 'squall run --seed'],
    [['run', '--seed', 'five'], 'the seed is no whole number', 'squall run --seed 1'],
    [['run', '--out'], "option '--out <dir>' argument missing", 'squall run --help'],
    [['run', '--run-id', '../up'], 'this run id cannot name a folder', 'squall run --run-id nightly-1'],
  ])('squall %j', async (args, what, next) => {
    const ended = await squall(args);
    expectError(ended, { code: 'SQ-USAGE', exit: 3, what });
    expect(ended.stderr).toContain(`do     ${next}`);
  });

  test('--set on a path that is none, and without a value', async () => {
    const args = ['validate', 'scenarios/quickstart.yaml'];
    const unknown = await squall([...args, '--set', 'load.spans.duratoin=3s']);
    expectError(unknown, { code: 'SQ-SCENARIO-INVALID', exit: 3, where: '--set load.spans.duratoin' });
    const bare = await squall([...args, '--set', 'nonsense']);
    expectError(bare, { code: 'SQ-USAGE', exit: 3, where: '--set' });
  });

  test('a name that the environment lacks', async () => {
    const place = hostilePlace();
    const file = place.scenario({
      target: {
        external: {
          otlp: { grpc: '127.0.0.1:1', headers: { authorization: 'Bearer ${SQUALL_TEST_NONE}' } },
          sink: 'none',
        },
      },
    });
    const ended = await place.run(file);
    expectError(ended, { code: 'SQ-ENV-MISSING', exit: 3, what: 'SQUALL_TEST_NONE', where: `${file}:` });
  });

  test('an address that is not loopback, without limits', async () => {
    const place = hostilePlace();
    const file = place.scenario({
      target: { external: { otlp: { grpc: 'collector.example:4317' }, sink: 'none' } },
    });
    expectError(await place.run(file), { code: 'SQ-LIMITS-MISSING', exit: 3, where: `${file}:` });
  });
});

describe.skipIf(noParts !== '')(`tools and ports${noParts}`, () => {
  test('a binary that is not there, one that cannot be run, and one that is no collector', async () => {
    const place = hostilePlace();
    const missing = await place.run(place.scenario(local({ binary: '/nonexistent/otelcol' })));
    expectError(missing, { code: 'SQ-TOOL-MISSING', exit: 4, where: '/nonexistent/otelcol' });
    const file = place.write('otelcol', '#!/bin/sh\nexit 7\n');
    const plain = await place.run(place.scenario(local({ binary: file })));
    expectError(plain, { code: 'SQ-TOOL-MISSING', exit: 4, where: 'not an executable file' });
    chmodSync(file, 0o755);
    const failing = await place.run(place.scenario(local({ binary: file })));
    expectError(failing, { code: 'SQ-TOOL-MISSING', exit: 4, where: file });
    expect(await place.leftBehind()).toEqual([]);
  });

  test('SQUALL_OTELCOL names something that cannot be run: the only one meant', async () => {
    const place = hostilePlace();
    const file = place.write('otelcol', 'not a program');
    const ended = await place.run(place.scenario(local({})), { env: { SQUALL_OTELCOL: file } });
    expectError(ended, { code: 'SQ-TOOL-MISSING', exit: 4, where: `environment: ${file}` });
    expect(await place.leftBehind()).toEqual([]);
  });

  test('a sink port that another process holds', async () => {
    const place = hostilePlace();
    const { port } = await silence();
    const ended = await place.run(
      place.scenario({ target: { embedded: { sink: { grpc: `127.0.0.1:${port}` } } } }),
    );
    expectError(ended, { code: 'SQ-PORT-IN-USE', exit: 4, where: `127.0.0.1:${port}` });
    expect(await place.leftBehind()).toEqual([]);
  });

  test('a collector that dies at its start, with its own line', async () => {
    const place = hostilePlace();
    const config = place.write('broken.yaml', minimal('nonsense: {}'));
    const ended = await place.run(place.scenario(local({ config })));
    expectError(ended, { code: 'SQ-TARGET-START', exit: 4, where: 'unknown type: "nonsense"' });
    expect(await place.leftBehind()).toEqual([]);
  });

  test('a collector that listens on a port that is taken', async () => {
    const place = hostilePlace();
    const { port } = await silence();
    const config = place.write('taken.yaml', minimal('nop: {}', `, http: {endpoint: "127.0.0.1:${port}"}`));
    const ended = await place.run(place.scenario(local({ config })));
    expectError(ended, { code: 'SQ-PORT-IN-USE', exit: 4, what: `127.0.0.1:${port}` });
    expect(await place.leftBehind()).toEqual([]);
  });

  test('a collector that opens one port and ends at the next one, which is taken, once it was seen to listen', async () => {
    const place = hostilePlace();
    const binary = place.write('otelcol', dyingCollector('127.0.0.1:4242'));
    chmodSync(binary, 0o755);
    const config = place.write('dying.yaml', minimal('nop: {}'));
    const ended = await place.run(place.scenario(local({ binary, config })));
    expectError(ended, {
      code: 'SQ-PORT-IN-USE',
      exit: 4,
      what: 'collector-0 could not listen on 127.0.0.1:4242',
    });
    expect(await place.leftBehind()).toEqual([]);
  });

  test('a pipeline that does not lead to the sink, and a collector that never becomes healthy', async () => {
    const nowhere = minimal('nop: {}');
    // Takes up the health variable without serving there.
    const headers = 'headers: {x-health: "${env:SQUALL_HEALTH}"}';
    const unhealthy = minimal(
      `otlp_grpc: {endpoint: "\${env:SQUALL_NEXT_GRPC}", tls: {insecure: true}, ${headers}}`,
    );
    const wanted = [
      { text: nowhere, code: 'SQ-SINK-UNREACHABLE', where: 'hop collector-0 -> sink 127.0.0.1:' },
      { text: unhealthy, code: 'SQ-TARGET-START', where: 'not ready after 30 s' },
    ];
    await Promise.all(
      wanted.map(async ({ text, code, where }) => {
        const place = hostilePlace();
        const config = place.write('collector.yaml', text);
        expectError(await place.run(place.scenario(local({ config }))), { code, exit: 4, where });
        expect(await place.leftBehind()).toEqual([]);
      }),
    );
  });
});
