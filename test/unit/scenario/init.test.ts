import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { initScenario } from '../../../src/scenario/init.ts';
import { parseText } from '../../fixtures/scenario-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'squall-init-'));
afterAll(() => rmSync(folder, { recursive: true }));

function init(config: string) {
  writeFileSync(join(folder, 'collector.yaml'), config);
  const text = initScenario(config, 'collector.yaml');
  return { text, scenario: parseText(text, { file: join(folder, 'scenario.yaml') }).scenario };
}

test('without a configuration: a stock gateway that validates', () => {
  const { scenario } = parseText(initScenario(undefined, 'scenario.yaml'));
  expect(scenario.target).toMatchObject({ kind: 'local', members: { collector: {} } });
  expect(scenario.faults.map((fault) => fault.kind)).toEqual(['container-kill', 'backend-outage']);
});

describe('configurations', () => {
  const collectors = join(import.meta.dirname, '../../../scenarios/collectors');
  test.each(readdirSync(collectors).filter((name) => name.endsWith('.yaml')))(
    '%s of scenarios/ validates',
    (name) => {
      const { scenario } = init(readFileSync(join(collectors, name), 'utf8'));
      expect(scenario.target).toMatchObject({
        kind: 'local',
        members: { collector: { config: join(folder, 'collector.yaml') } },
      });
    },
  );

  test('one that squall cannot start becomes an external target at its receivers', () => {
    const { text, scenario } = init(`
receivers:
  otlp/in: {protocols: {grpc: {endpoint: "0.0.0.0:14000"}, http: {endpoint: "\${env:MY_POD_IP}:14001"}}}
processors: {batch: {}}
exporters:
  otlp/backend: {endpoint: "backend:4317", sending_queue: {queue_size: 200, storage: file_storage}}
service:
  pipelines:
    metrics: {receivers: [otlp/in], processors: [batch], exporters: [otlp/backend]}
    logs/app: {receivers: [otlp/in], exporters: [otlp/backend]}
    traces: {receivers: [jaeger], exporters: [otlp/backend]}
`);
    expect(scenario.target).toMatchObject({
      kind: 'external',
      otlp: { grpc: '127.0.0.1:14000', http: '127.0.0.1:14001' },
      sink: { grpc: '127.0.0.1:14317' },
    });
    expect(Object.values(scenario.load).map((entry) => entry.signal)).toEqual(['metrics', 'logs']);
    expect(scenario.faults.map((fault) => fault.kind)).toEqual(['backend-outage']);
    expect(text).toContain('value<160');
    expect(text).toContain('squall sink --print-config');
  });

  test.each([
    ['only HTTP', 'receivers: {otlp: {protocols: {http: }}}', { http: '127.0.0.1:4318' }],
    ['nothing known', 'receivers: {}', { grpc: '127.0.0.1:4317' }],
    ['an empty file', '', { grpc: '127.0.0.1:4317' }],
    [
      'hostile names',
      'receivers: {otlp: {protocols: {grpc: {endpoint: "evil\\": x\\n:1"}}}}',
      { grpc: '127.0.0.1:4317' },
    ],
  ])('%s still gives a scenario that validates', (_, config, otlp) => {
    expect(init(config).scenario.target).toMatchObject({ kind: 'external', otlp });
  });
});
