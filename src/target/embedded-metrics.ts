import { Counter, Gauge, Registry } from 'prom-client';
import type { Signal } from '../base/signal.ts';

/** The collector's words for items of a signal. */
const itemWords: Record<Signal, string> = {
  traces: 'spans',
  metrics: 'metric_points',
  logs: 'log_records',
};

export type Counted = 'accepted' | 'refused' | 'sent' | 'send_failed' | 'enqueue_failed';

/** Metrics under the names of a real collector, so that the same queries read both. */
export interface EmbeddedMetrics {
  count(what: Counted, signal: Signal, items: number): void;
  text(): Promise<string>;
}

export interface Held {
  queued(signal: Signal): number;
  inFlight(signal: Signal): number;
}

export function createEmbeddedMetrics(held: Held, queueSizeBatches: number): EmbeddedMetrics {
  const registry = new Registry();
  const exporter = 'otlp_grpc';
  const counters = new Map<string, Counter<string>>();
  const signals = Object.keys(itemWords) as Signal[];
  for (const signal of signals) {
    for (const what of ['accepted', 'refused', 'sent', 'send_failed', 'enqueue_failed'] as const) {
      const side = what === 'accepted' || what === 'refused' ? 'receiver' : 'exporter';
      const name = `otelcol_${side}_${what}_${itemWords[signal]}`;
      const counter = new Counter({ name, help: name, labelNames: [side], registers: [registry] });
      counter.inc({ [side]: side === 'receiver' ? 'otlp' : exporter }, 0);
      counters.set(`${what}/${signal}`, counter);
    }
  }
  const gauge = (name: string, value: (signal: Signal) => number) =>
    new Gauge({
      name,
      help: name,
      labelNames: ['exporter', 'data_type'],
      registers: [registry],
      collect() {
        for (const signal of signals) this.set({ exporter, data_type: signal }, value(signal));
      },
    });
  gauge('otelcol_exporter_queue_size', held.queued);
  gauge('otelcol_exporter_queue_capacity', () => queueSizeBatches);
  gauge('otelcol_exporter_in_flight_requests', held.inFlight);
  processGauge(registry, 'otelcol_process_uptime', () => process.uptime());
  processGauge(registry, 'otelcol_process_memory_rss', () => process.memoryUsage.rss());
  processGauge(registry, 'otelcol_process_cpu_seconds', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  return {
    count: (what, signal, items) => {
      const label = what === 'accepted' || what === 'refused' ? { receiver: 'otlp' } : { exporter };
      counters.get(`${what}/${signal}`)?.inc(label, items);
    },
    text: () => registry.metrics(),
  };
}

function processGauge(registry: Registry, name: string, value: () => number): void {
  new Gauge({
    name,
    help: name,
    registers: [registry],
    collect() {
      this.set(value());
    },
  });
}
