import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { mistakesOf, parseText, scenarioText } from '../../fixtures/scenario-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'squall-parse-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'token'), 's3cret-token\n');
writeFileSync(join(folder, 'gateway.yaml'), 'receivers: {}\n');

describe('a right scenario', () => {
  test('has every default filled in', () => {
    const { scenario, secrets } = parseText(scenarioText());
    expect(scenario).toEqual({
      apiVersion: 'squall/v1',
      name: 'test',
      description: '',
      baseDir: process.cwd(),
      target: {
        kind: 'local',
        members: { collector: { replicas: 1, restart: 'always', env: {} } },
        sink: { grpc: '127.0.0.1:0', http: '127.0.0.1:0' },
      },
      warmupMs: 0,
      load: {
        spans: {
          name: 'spans',
          signal: 'traces',
          executor: { kind: 'constant-arrival-rate', rate: { items: 1, perMs: 10 }, durationMs: 60_000 },
          startMs: 0,
          protocol: 'grpc',
          batch: 100,
          compression: 'none',
          shape: {
            itemBytes: 263,
            services: 5,
            series: 1000,
            metricTypes: ['gauge', 'sum', 'histogram', 'exponential-histogram'],
          },
          arrivals: 'even',
          timeoutMs: 10_000,
          maxInFlight: 256,
          connections: 4,
          retry: { initialMs: 1000, maxMs: 5000, maxElapsedMs: 30_000 },
          lateAfterMs: 30_000,
          resource: {},
          tags: {},
        },
      },
      faults: [],
      slos: [],
    });
    expect(secrets).toEqual([]);
  });

  test('keeps every word of the contract', () => {
    const { scenario } = parseText(
      scenarioText({
        target: `{local: {members: {collector: {config: gateway.yaml, replicas: 2, resources: {cpu: 500m, memory: 1Gi}}}}}`,
        warmup: '5s',
        load: `
  points: {signal: metrics, executor: ramping-arrival-rate, startRate: 0, stages: [{duration: 30s, target: 5000, name: rise}, {duration: 30s, target: 5000}], protocol: http/protobuf, batch: 200, retry: none, arrivals: poisson}
  some: {signal: logs, executor: shared-iterations, iterations: 12345, maxDuration: 1m, protocol: http/json, compression: gzip}`,
        faults: `
  - {name: kill, kind: container-kill, at: 20s, selector: {mode: one}, killSignal: SIGTERM}
  - {kind: backend-outage, at: 35s, duration: 5s, action: grpc-status, grpcStatus: UNAVAILABLE, retryDelay: 1s}`,
        slos: `
  - {measure: "ack_duration{signal:metrics}", thresholds: ["p(95)<10ms", {threshold: "p(99)<0.05s", abortOnFail: true, delayAbortEval: 10s}], window: "before:kill"}
  - {name: queue, promql: "max(up)", unit: batches, thresholds: ["value<1000"], window: points/rise}
  - {measure: items_lost, thresholds: ["count===0"], window: points/2}`,
        settle: '30s',
        expect: '{delivered: {metrics: {ratio: 10%, within: 0.01}}}',
      }),
      { file: join(folder, 'test.yaml') },
    );
    expect(scenario.target).toMatchObject({
      members: {
        collector: {
          config: join(folder, 'gateway.yaml'),
          resources: { cpuMillis: 500, memoryBytes: 2 ** 30 },
        },
      },
    });
    expect(scenario.load.points?.executor).toEqual({
      kind: 'ramping-arrival-rate',
      startRate: { items: 0, perMs: 1 },
      stages: [
        { name: 'rise', durationMs: 30_000, rate: { items: 5, perMs: 1 } },
        { durationMs: 30_000, rate: { items: 5, perMs: 1 } },
      ],
    });
    expect(scenario.load.points).toMatchObject({ retry: 'none', arrivals: 'poisson', batch: 200 });
    expect(scenario.load.some?.executor).toEqual({
      kind: 'shared-iterations',
      items: 12_345,
      maxDurationMs: 60_000,
    });
    expect(scenario.faults).toMatchObject([
      { name: 'kill', atMs: 20_000, selector: { member: 'collector', mode: 'one' }, acts: 'process' },
      {
        name: 'backend-outage',
        durationMs: 5000,
        params: { action: 'grpc-status', retryDelay: 1000 },
        acts: 'sink',
      },
    ]);
    expect(scenario.slos.map(({ name }) => name)).toEqual([
      'ack_duration{signal:metrics} in before:kill',
      'queue',
      'items_lost in points/2',
    ]);
    expect(scenario.slos[0]?.thresholds[1]).toEqual({
      text: 'p(99)<0.05s',
      aggregation: { percentile: 99 },
      operator: '<',
      limit: 50,
      abortOnFail: true,
      delayAbortEvalMs: 10_000,
    });
    expect(scenario).toMatchObject({
      warmupMs: 5000,
      settleMs: 30_000,
      expect: { delivered: { metrics: { ratio: 0.1, within: 0.01 } } },
    });
  });
});

describe('values from outside', () => {
  const external = (grpc: string) =>
    scenarioText({
      target: `{external: {otlp: {grpc: "${grpc}", headers: {x-api-key: "\${KEY}"}}, sink: none}}`,
    });

  test('${NAME} and ${NAME:-default} are filled in, and what came from the environment is a secret', () => {
    const { scenario, secrets } = parseText(external('127.0.0.1:${PORT:-4317}'), { env: { KEY: 'k-123' } });
    expect(scenario.target).toMatchObject({
      otlp: { grpc: '127.0.0.1:4317', headers: { 'x-api-key': 'k-123' } },
    });
    expect(secrets).toEqual(['k-123']);
  });

  test('a value of the environment is a secret wherever it stands, a default is none', () => {
    const { scenario, secrets } = parseText(
      scenarioText({ description: '"in ${REGION} of ${ZONE:-here}"' }),
      {
        env: { REGION: 'eu-1' },
      },
    );
    expect(scenario.description).toBe('in eu-1 of here');
    expect(secrets).toEqual(['eu-1']);
  });

  test('a missing variable is named at its place', () => {
    expect(mistakesOf(() => parseText(external('127.0.0.1:4317')))).toMatchObject([
      {
        code: 'SQ-ENV-MISSING',
        what: 'the environment has no KEY',
        where: 'test.yaml:3:73',
        next: 'export KEY=...',
      },
    ]);
  });

  test('a mistake shows the text as written, never the value', () => {
    const [mistake] = mistakesOf(() =>
      parseText(external('${HOST}'), { env: { HOST: 'secret-host', KEY: 'k' } }),
    );
    expect(mistake?.found).toBe('${HOST}');
    expect(JSON.stringify(mistake)).not.toContain('secret-host');
  });

  test('a number from the environment is a number where one belongs, and then no secret', () => {
    const load =
      '{spans: {signal: traces, executor: constant-arrival-rate, rate: "${RATE}", duration: "${LONG:-9s}"}}';
    const { scenario, secrets } = parseText(scenarioText({ load }), { env: { RATE: '250' } });
    expect(scenario.load.spans?.executor).toEqual({
      kind: 'constant-arrival-rate',
      rate: { items: 1, perMs: 4 },
      durationMs: 9000,
    });
    expect(secrets).toEqual([]);
  });

  test('$${ stands for ${, as collectors write ${env:NAME}', () => {
    const { scenario } = parseText(scenarioText({ description: '"a $${NAME} and ${env:OTHER}"' }));
    expect(scenario.description).toBe('a ${NAME} and ${env:OTHER}');
  });

  test('contents of *File keys are secrets', () => {
    const target = '{external: {otlp: {http: "http://localhost:4318", bearerTokenFile: token}, sink: none}}';
    const load = '{l: {signal: logs, executor: shared-iterations, protocol: http/json}}';
    const { secrets } = parseText(scenarioText({ target, load }), { file: join(folder, 'a.yaml') });
    expect(secrets).toEqual(['s3cret-token']);
  });

  test('credentials in headers and URLs are secrets', () => {
    const target =
      '{external: {otlp: {grpc: "localhost:1", headers: {authorization: Bearer b1, x-tenant: t}}, sink: none, prometheus: "http://user:pa%24s@localhost:9090"}}';
    expect(parseText(scenarioText({ target })).secrets.toSorted()).toEqual([
      'Bearer b1',
      'b1',
      'pa$s',
      'pa%24s',
      'user',
    ]);
  });

  test('--set changes values before anything is checked, and mistakes name the flag', () => {
    const sets = ['load.spans.rate=7', 'load.spans.retry={initial: 2s}', 'slos=[]', 'load.spans.tags.a=b'];
    const { scenario } = parseText(scenarioText(), { sets });
    expect(scenario.load.spans).toMatchObject({
      executor: { rate: { items: 7, perMs: 1000 } },
      retry: { initialMs: 2000 },
      tags: { a: 'b' },
    });
    expect(
      mistakesOf(() => parseText(scenarioText(), { sets: ['load.spans.rate=fast', 'oops'] })),
    ).toMatchObject([
      { code: 'SQ-USAGE', where: '--set', found: 'oops' },
      { where: '--set load.spans.rate', found: 'fast' },
    ]);
  });

  test.each(['__proto__.x=1', 'load.__proto__.x=1'])('--set %s cannot reach the prototype', (set) => {
    expect(mistakesOf(() => parseText(scenarioText(), { sets: [set] }))[0]?.code).toBe('SQ-USAGE');
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  test('another target block replaces the whole one; its paths and places are those of its own file', () => {
    for (const wrap of ['', 'target:\n  ']) {
      const targetText = {
        file: join(folder, 'other.yaml'),
        text: `${wrap}local: {members: {gw: {config: gateway.yaml}}}`,
      };
      const { scenario } = parseText(scenarioText(), { targetText });
      expect(scenario.target).toMatchObject({ members: { gw: { config: join(folder, 'gateway.yaml') } } });
      const bad = { ...targetText, text: targetText.text.replace('config', 'confg') };
      expect(mistakesOf(() => parseText(scenarioText(), { targetText: bad }))).toMatchObject([
        { where: `${bad.file}:${wrap === '' ? 1 : 2}:${wrap === '' ? 24 : 26}`, next: 'write config' },
      ]);
    }
  });
});

describe('text that is no scenario', () => {
  test.each([
    ['broken YAML', 'name: [a', 'SQ-SCENARIO-UNREADABLE', /^test\.yaml:1:9$/],
    ['two equal keys', 'name: a\nname: b', 'SQ-SCENARIO-UNREADABLE', /^test\.yaml:2:1$/],
    ['a list', '- a', 'SQ-SCENARIO-INVALID', /^test\.yaml:1:1$/],
    ['nothing', '', 'SQ-SCENARIO-INVALID', /^test\.yaml:1:1$/],
    ['a bomb of aliases', bomb(), 'SQ-SCENARIO-UNREADABLE', /^test\.yaml$/],
  ])('%s', (_, text, code, where) => {
    const [first] = mistakesOf(() => parseText(text));
    expect(first?.code).toBe(code);
    expect(first?.where).toMatch(where);
  });

  test('an unquoted ${NAME} inside { } says how to write it', () => {
    const [first] = mistakesOf(() => parseText('target: {external: {otlp: {grpc: ${HOST}}}}'));
    expect(first?.next).toBe('put "${NAME}" in quotes inside { } and [ ]');
  });
});

function bomb(): string {
  const levels = Array.from({ length: 9 }, (_, i) => {
    const inner = i === 0 ? 'x' : `*a${i - 1}`;
    return `a${i}: &a${i} [${Array.from({ length: 9 }, () => inner).join(', ')}]`;
  });
  return levels.join('\n');
}

test('the embedded collector stands in for whichever member a fault names', () => {
  const faults = '[{name: kill, kind: container-kill, at: 2s, selector: {member: gateway}}]';
  const { scenario } = parseText(scenarioText({ target: '{embedded: {}}', faults }));
  expect(scenario.faults[0]?.selector).toMatchObject({ member: 'embedded', mode: 'one' });
});
