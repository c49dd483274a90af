import type { Clock } from '../base/clock.ts';
import type { Signal } from '../base/signal.ts';
import type { Exporter, SendOutcome } from './embedded-exporter.ts';
import { mergeJson } from './embedded-items.ts';
import type { Counted, Held } from './embedded-metrics.ts';

/** The defaults of a real collector, so that the embedded one loses what a stock gateway would lose. */
export const embeddedSettings = {
  batchSize: 8192,
  batchTimeoutMs: 200,
  queueSizeBatches: 1000,
  consumers: 10,
  retry: { initialMs: 5000, maxMs: 30_000, maxElapsedMs: 300_000, factor: 1.5 },
} as const;

export interface Received {
  signal: Signal;
  encoding: 'protobuf' | 'json';
  body: Buffer;
  items: number;
}

export interface Pipeline extends Held {
  take(received: Received): void;
  /** What a collector does at SIGTERM: batches go to the queue, each is tried once more, no retries. */
  drain(): Promise<void>;
}

interface Batch {
  signal: Signal;
  encoding: Received['encoding'];
  bodies: Buffer[];
  items: number;
}

export interface PipelineOptions {
  exporter: Pick<Exporter, 'grpc' | 'json'>;
  clock: Clock;
  /** Uniform in [0, 1), for the jitter of retries. */
  random(): number;
  count(what: Counted, signal: Signal, items: number): void;
}

/** Batch processor, sending queue in memory, retry: items wait here after they were acknowledged. */
export function createPipeline({ exporter, clock, random, count }: PipelineOptions): Pipeline {
  const open = new Map<string, Batch>();
  const queue: Batch[] = [];
  const inFlight: Record<Signal, number> = { traces: 0, metrics: 0, logs: 0 };
  const stopping = new AbortController();
  let busy = 0;

  const flush = (key: string) => {
    const batch = open.get(key);
    if (batch === undefined) return;
    open.delete(key);
    if (queue.length >= embeddedSettings.queueSizeBatches) {
      count('enqueue_failed', batch.signal, batch.items);
      return;
    }
    queue.push(batch);
    consume();
  };
  const consume = () => {
    while (busy < embeddedSettings.consumers) {
      const batch = queue.shift();
      if (batch === undefined) return;
      busy++;
      inFlight[batch.signal]++;
      void sendWithRetry(batch).then((sent) => {
        count(sent ? 'sent' : 'send_failed', batch.signal, batch.items);
        inFlight[batch.signal]--;
        busy--;
        consume();
      });
    }
  };
  const sendWithRetry = async (batch: Batch): Promise<boolean> => {
    const endNs = clock.nowNs() + embeddedSettings.retry.maxElapsedMs * 1e6;
    let backoffMs: number = embeddedSettings.retry.initialMs;
    for (;;) {
      const outcome = await send(exporter, batch);
      if (outcome.kind !== 'retry') return outcome.kind === 'sent';
      const waitMs = Math.max(outcome.delayMs ?? 0, backoffMs * (0.5 + random()));
      if (stopping.signal.aborted || clock.nowNs() + waitMs * 1e6 > endNs) return false;
      await clock.sleep(waitMs, stopping.signal).catch(() => undefined); // aborted: stopping
      if (stopping.signal.aborted) return false;
      backoffMs = Math.min(backoffMs * embeddedSettings.retry.factor, embeddedSettings.retry.maxMs);
    }
  };
  return {
    take: (received) => {
      const key = `${received.signal}/${received.encoding}`;
      let batch = open.get(key);
      if (batch === undefined) {
        batch = { signal: received.signal, encoding: received.encoding, bodies: [], items: 0 };
        open.set(key, batch);
        const mine = batch;
        void clock.sleep(embeddedSettings.batchTimeoutMs).then(() => open.get(key) === mine && flush(key));
      }
      batch.bodies.push(received.body);
      batch.items += received.items;
      if (batch.items >= embeddedSettings.batchSize) flush(key);
    },
    drain: async () => {
      stopping.abort();
      for (const key of [...open.keys()]) flush(key);
      while (busy > 0 || queue.length > 0) await clock.sleep(5);
    },
    queued: (signal) => queue.reduce((sum, batch) => sum + (batch.signal === signal ? 1 : 0), 0),
    inFlight: (signal) => inFlight[signal],
  };
}

/** Protobuf messages put behind one another are the message with all their repeated fields. */
function send(exporter: PipelineOptions['exporter'], batch: Batch): Promise<SendOutcome> {
  if (batch.encoding === 'protobuf') return exporter.grpc(batch.signal, Buffer.concat(batch.bodies));
  return exporter.json(
    batch.signal,
    mergeJson(
      batch.signal,
      batch.bodies.map((body) => body.toString()),
    ),
  );
}
