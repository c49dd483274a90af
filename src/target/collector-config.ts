import { parse } from 'yaml';
import type { PipelineFacts } from '../plan/facts.ts';

/**
 * The collector's own defaults (exporterhelper and the batch processor, v0.159 to v0.161); times in ms. An exporter
 * queue counts export requests, which after a batch processor are its batches.
 */
export const collectorDefaults = {
  queueSizeBatches: 1000,
  retryMaxElapsedMs: 300_000,
  exporterTimeoutMs: 5000,
  httpExporterTimeoutMs: 30_000,
  batchTimeoutMs: 200,
  batchSize: 8192,
} as const;

/** Processors that sample, filter, deduplicate or aggregate on purpose, by component type. */
const lossyTypes = new Set([
  'filter',
  'probabilistic_sampler',
  'tail_sampling',
  'logdedup',
  'interval',
  'cumulativetodelta',
  'deltatocumulative',
]);
/** These aggregate only when told to. */
const aggregatingTypes = new Set(['metricstransform', 'transform']);

type Settings = Record<string, unknown>;

/**
 * What a collector's configuration says about how long it may hold an item and whether it drops some on purpose. Only
 * components that service.pipelines use count; of several exporters or batch processors the slowest value counts, and
 * the queue is persistent only if every exporter's is. A value taken from the environment counts as the default.
 * Throws the YAML parser's error on a text that is not YAML.
 */
export function readPipelineFacts(configText: string): PipelineFacts {
  const config = settings(parse(configText));
  const pipelines = Object.values(settings(settings(config.service).pipelines)).map(settings);
  const used = (role: string) => new Set(pipelines.flatMap((pipeline) => names(pipeline[role])));
  const connectors = settings(config.connectors);
  const exporterNames = [...used('exporters')].filter((name) => !(name in connectors));
  const exporters = exporterNames
    .filter((name) => !['debug', 'logging', 'nop', 'file'].includes(typeOf(name)))
    .map((name) => exporterFacts(typeOf(name), settings(settings(config.exporters)[name])));
  const processors = [...used('processors')];
  const processor = (name: string) => settings(settings(config.processors)[name]);
  const batches = [
    ...processors.filter((name) => typeOf(name) === 'batch').map((name) => batchFacts(processor(name))),
    ...exporters.map((exporter) => exporter.batch),
  ];
  return {
    queueSizeBatches: exporters.reduce((sum, exporter) => sum + exporter.queueSizeBatches, 0),
    queuePersistent: exporters.length > 0 && exporters.every((exporter) => exporter.queuePersistent),
    batchTimeoutMs: Math.max(0, ...batches.map((batch) => batch.timeoutMs)),
    batchSize: Math.max(0, ...batches.map((batch) => batch.size)),
    retryEnabled: exporters.some((exporter) => exporter.retryEnabled),
    retryMaxElapsedMs: longestRetryMs(exporters),
    exporterTimeoutMs: Math.max(0, ...exporters.map((exporter) => exporter.timeoutMs)),
    lossyComponents: processors.filter((name) => isLossy(typeOf(name), processor(name))),
  };
}

interface ExporterFacts {
  queueSizeBatches: number;
  queuePersistent: boolean;
  retryEnabled: boolean;
  retryMaxElapsedMs: number;
  timeoutMs: number;
  batch: Batch;
}

interface Batch {
  timeoutMs: number;
  size: number;
}

function exporterFacts(type: string, exporter: Settings): ExporterFacts {
  const queue = settings(exporter.sending_queue);
  const retry = settings(exporter.retry_on_failure);
  const queueOn = queue.enabled !== false;
  return {
    queueSizeBatches: queueOn ? count(queue.queue_size, collectorDefaults.queueSizeBatches) : 0,
    queuePersistent: queueOn && typeof queue.storage === 'string',
    retryEnabled: retry.enabled !== false,
    retryMaxElapsedMs: durationMs(retry.max_elapsed_time, collectorDefaults.retryMaxElapsedMs),
    timeoutMs: durationMs(
      exporter.timeout,
      /^otlp_?http$/.test(type)
        ? collectorDefaults.httpExporterTimeoutMs
        : collectorDefaults.exporterTimeoutMs,
    ),
    batch: queueOn && 'batch' in queue ? queueBatchFacts(settings(queue.batch)) : { timeoutMs: 0, size: 0 },
  };
}

/** 0 is the collector's word for "for ever", so it outlasts every other value. */
function longestRetryMs(exporters: ExporterFacts[]): number {
  const values = exporters.filter((exporter) => exporter.retryEnabled).map((e) => e.retryMaxElapsedMs);
  return values.includes(0) ? 0 : Math.max(0, ...values);
}

function batchFacts(batch: Settings): Batch {
  return {
    timeoutMs: durationMs(batch.timeout, collectorDefaults.batchTimeoutMs),
    size: count(batch.send_batch_size, collectorDefaults.batchSize),
  };
}

/** sending_queue.batch, the exporter's own batching: after the queue, with names of its own. */
function queueBatchFacts(batch: Settings): Batch {
  return {
    timeoutMs: durationMs(batch.flush_timeout, collectorDefaults.batchTimeoutMs),
    size: count(batch.min_size, collectorDefaults.batchSize),
  };
}

function isLossy(type: string, processor: Settings): boolean {
  if (lossyTypes.has(type)) return true;
  return aggregatingTypes.has(type) && /aggregate_|"combine"/.test(JSON.stringify(processor));
}

/** `otlp_grpc/backup` is of type otlp_grpc. */
function typeOf(name: string): string {
  return name.split('/')[0] ?? name;
}

function settings(value: unknown): Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Settings) : {};
}

function names(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}

function count(value: unknown, fallback: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : fallback;
}

const unitMs: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Go's duration text, such as 1m30s or 1.5h; a bare number is nanoseconds, as in the collector's own decoding. */
export function durationMs(value: unknown, fallback: number): number {
  if (typeof value === 'number') return value * 1e-6;
  if (typeof value !== 'string') return fallback;
  if (value === '0') return 0;
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([text]) => text).join('') !== value) return fallback;
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (unitMs[unit ?? ''] ?? 0), 0);
}
