import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { nowNs } from '../src/base/clock.ts';
import { startLoad } from '../src/load/engine.ts';
import { closedEntry, loadPlan } from '../test/fixtures/load/plan.ts';
import type { BareStart } from './bare-sender.ts';

/**
 * Unique spans per second of the sender's CPU (its own thread, user and system), beside a bare sender of the same
 * protocol, batch and bytes, in turn within one run. Wall time is not the measure: the receiver shares the machine.
 */
const spanBytes = 263;
const rounds = Number(process.argv[2] ?? 5);
const itemsPerRun = 4_000_000;
const inFlight = 16;
const connections = 2;

async function main(): Promise<void> {
  const receiver = fork(join(import.meta.dirname, 'receiver.ts'));
  const addresses = await new Promise<{ grpc: string; http: string }>((resolve) =>
    receiver.once('message', (message) => resolve(message as { grpc: string; http: string })),
  );
  console.log(
    `protocol       batch   squall spans/core-s   bare spans/core-s   share   (median of ${rounds})`,
  );
  for (const protocol of ['grpc', 'http/protobuf'] as const) {
    for (const batch of [100, 512]) {
      const ours: number[] = [];
      const bare: number[] = [];
      const requests = Math.floor(itemsPerRun / batch);
      for (let round = 0; round < rounds; round++) {
        const { spans, cpuS, sizeBytes } = await measureSquall({ protocol, batch, requests, addresses });
        ours.push(spans / cpuS);
        const address = protocol === 'grpc' ? addresses.grpc : addresses.http;
        bare.push(
          (requests * batch) /
            (await measureBare({ protocol, address, sizeBytes, requests, inFlight, connections })),
        );
      }
      const [a, b] = [median(ours), median(bare)];
      console.log(
        `${protocol.padEnd(14)} ${String(batch).padStart(5)} ${millions(a)} ${millions(b)}   ${(a / b).toFixed(2)}`,
      );
    }
  }
  receiver.disconnect();
}

async function measureSquall(options: {
  protocol: 'grpc' | 'http/protobuf';
  batch: number;
  requests: number;
  addresses: { grpc: string; http: string };
}): Promise<{ spans: number; cpuS: number; sizeBytes: number }> {
  const { protocol, batch, requests, addresses } = options;
  const shape = { itemBytes: spanBytes, services: 3, series: 1, metricTypes: ['gauge' as const] };
  const spec = { protocol, batch, maxInFlight: inFlight, connections, shape, timeoutMs: 10_000 };
  const entry = closedEntry({ spec, items: requests * batch, durationMs: 600_000 });
  const evidenceDir = mkdtempSync(join(tmpdir(), 'squall-bench-'));
  const endpoints = [{ member: 'receiver', otlp: { ...addresses, headers: {} } }];
  const load = await startLoad({ plan: loadPlan([entry]), endpoints, evidenceDir });
  const fromNs = nowNs();
  load.go(fromNs);
  const { counts, generator } = await load.done;
  const wallS = (nowNs() - fromNs) / 1e9;
  await load.close();
  rmSync(evidenceDir, { recursive: true });
  if (counts.acknowledged !== requests * batch)
    throw new Error(`not all acknowledged: ${JSON.stringify(counts)}`);
  return {
    spans: counts.acknowledged,
    cpuS: generator.cpuRatio * wallS,
    sizeBytes: 5 + batch * (spanBytes + 3),
  };
}

function measureBare(start: BareStart): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./bare-sender.ts', import.meta.url), { workerData: start });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function millions(value: number): string {
  return `${(value / 1e6).toFixed(2)} M`.padStart(20);
}

await main();
