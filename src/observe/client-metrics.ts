import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, Registry } from 'prom-client';
import { ackBoundsMs } from '../base/ack-bounds.ts';
import type { LoadCounts } from '../load/messages.ts';

/** What squall shows Prometheus about its own load, so that client and server side can be set side by side. */
export interface ClientMetrics {
  /** HOST:PORT of /metrics. */
  address: string;
  /** Sums since the start, from the load's progress; smaller ones than before are a defect and ignored. */
  observe(counts: LoadCounts): void;
  close(): Promise<void>;
}

const classes = ['due', 'missed', 'offered', 'acknowledged', 'rejected', 'refused', 'unknown'] as const;

export async function startClientMetrics(host = '127.0.0.1'): Promise<ClientMetrics> {
  const registry = new Registry();
  const items = new Counter({
    name: 'squall_items_total',
    help: 'Items of the load by where they ended',
    labelNames: ['class'],
    registers: [registry],
  });
  for (const name of classes) items.inc({ class: name }, 0);
  const seen = new Map<string, number>();
  let buckets: readonly number[] = [];
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (text) =>
        response.writeHead(200, { 'content-type': registry.contentType }).end(text + histogramText(buckets)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: 0 }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    address: `${host}:${port}`,
    observe: (counts) => {
      for (const name of classes) {
        const rise = counts[name] - (seen.get(name) ?? 0);
        if (!(rise > 0)) continue;
        items.inc({ class: name }, rise);
        seen.set(name, counts[name]);
      }
      if (counts.ackMsBuckets !== undefined) buckets = counts.ackMsBuckets;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * The histogram in the text format, from cumulative counts: prom-client can only be fed one observation at a time, and
 * the counting is done by the load's threads. Requests without an acknowledgement stand in +Inf alone; there is no _sum.
 */
function histogramText(buckets: readonly number[]): string {
  if (buckets.length === 0) return '';
  const name = 'squall_ack_duration_seconds';
  const lines = ackBoundsMs.map((ms, i) => `${name}_bucket{le="${ms / 1000}"} ${buckets[i] ?? 0}`);
  const all = buckets[ackBoundsMs.length] ?? 0;
  return [
    `# HELP ${name} From due to the acknowledgement, per export request`,
    `# TYPE ${name} histogram`,
    ...lines,
    `${name}_bucket{le="+Inf"} ${all}`,
    `${name}_count ${all}`,
    '',
  ].join('\n');
}
