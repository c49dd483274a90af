import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { durationMs, readPipelineFacts } from '../../../src/target/collector-config.ts';
import { stockGateway } from '../../../src/target/stock-gateway.ts';
import { stockFacts } from '../../fixtures/pipeline-facts.ts';

const pipelines = (processors: string, exporters: string) =>
  `service: {pipelines: {traces: {receivers: [otlp], processors: [${processors}], exporters: [${exporters}]}}}\n`;

describe('facts of a collector configuration', () => {
  test('the stock gateway has the defaults of the collector', () => {
    expect(readPipelineFacts(stockGateway())).toEqual(stockFacts);
  });

  test('what is written wins over the defaults', () => {
    const text = `
processors: {batch/big: {timeout: 1m30s, send_batch_size: 100}}
exporters:
  otlp_grpc:
    timeout: 1500ms
    retry_on_failure: {max_elapsed_time: 0}
    sending_queue: {queue_size: 50, storage: file_storage}
${pipelines('batch/big', 'otlp_grpc')}`;
    expect(readPipelineFacts(text)).toMatchObject({
      queueSizeBatches: 50,
      queuePersistent: true,
      batchTimeoutMs: 90_000,
      batchSize: 100,
      retryMaxElapsedMs: 0,
      exporterTimeoutMs: 1500,
    });
  });

  test.each([
    ['no batch processor', pipelines('', 'otlp_grpc'), { batchTimeoutMs: 0, batchSize: 0 }],
    [
      'queue switched off',
      `exporters: {otlp_grpc: {sending_queue: {enabled: false, storage: x}}}\n${pipelines('', 'otlp_grpc')}`,
      { queueSizeBatches: 0, queuePersistent: false },
    ],
    [
      'retry switched off',
      `exporters: {otlp_grpc: {retry_on_failure: {enabled: false}}}\n${pipelines('', 'otlp_grpc')}`,
      { retryEnabled: false, retryMaxElapsedMs: 0 },
    ],
    ['HTTP has a longer timeout', pipelines('', 'otlp_http'), { exporterTimeoutMs: 30_000 }],
    [
      'the exporter batches by itself',
      `exporters: {otlp_grpc: {sending_queue: {batch: {flush_timeout: 2s, min_size: 10}}}}\n${pipelines('', 'otlp_grpc')}`,
      { batchTimeoutMs: 2000, batchSize: 10 },
    ],
    [
      'one queue of two on disk is not persistent',
      `exporters: {otlp_grpc: {sending_queue: {storage: x}}}\n${pipelines('', 'otlp_grpc, otlp_http/two')}`,
      { queuePersistent: false, queueSizeBatches: 2000 },
    ],
    [
      'debug and file exporters hold nothing up',
      pipelines('', 'debug, file/x, nop'),
      { queueSizeBatches: 0, retryEnabled: false, exporterTimeoutMs: 0, queuePersistent: false },
    ],
    [
      'a component that no pipeline uses does not count',
      `processors: {tail_sampling: {}, filter: {}}\n${pipelines('filter/errors', 'otlp_grpc')}`,
      { lossyComponents: ['filter/errors'] },
    ],
    [
      'a transform that aggregates is lossy, another is not',
      `processors: {transform/a: {metric_statements: ['aggregate_on_attributes("sum")']}, transform/b: {}}
${pipelines('transform/a, transform/b', 'otlp_grpc')}`,
      { lossyComponents: ['transform/a'] },
    ],
    ['an empty file', '', { queueSizeBatches: 0, lossyComponents: [] }],
    [
      'a value from the environment counts as the default',
      `exporters: {otlp_grpc: {timeout: "\${env:T}"}}\n${pipelines('', 'otlp_grpc')}`,
      { exporterTimeoutMs: 5000 },
    ],
  ])('%s', (_, text, facts) => {
    expect(readPipelineFacts(text)).toMatchObject(facts);
  });

  test.each([
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['250ms', 250],
    ['100us', 0.1],
    ['0', 0],
    [5_000_000, 5],
    ['soon', 7],
    ['1s later', 7],
    [undefined, 7],
  ])('the duration %s is %s ms', (text, ms) => {
    expect(durationMs(text, 7)).toBe(ms);
  });

  test('every configuration of the scenarios can be read', () => {
    const folder = join(import.meta.dirname, '../../../scenarios/collectors');
    for (const name of readdirSync(folder)) {
      const facts = readPipelineFacts(readFileSync(join(folder, name), 'utf8'));
      expect(facts.queueSizeBatches, name).toBeGreaterThan(0);
      expect(facts.lossyComponents.length > 0, name).toBe(name.includes('sampling'));
    }
  });
});
