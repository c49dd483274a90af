import { connect } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { nowNs } from '../src/base/clock.ts';
import { createBodies } from '../src/load/bodies.ts';
import { runKeys } from '../src/otlp/item-id.ts';
import { openPlan } from './open-plan.ts';

export interface BarePacedStart {
  grpc: string;
  requests: number;
  everyMs: number;
}

/** Node's own HTTP/2 client, one prepared body again and again: from send to the end of the answer, ms. */
async function send({ grpc, requests, everyMs }: BarePacedStart): Promise<number[]> {
  const plan = openPlan({ fromPerS: 10_000, toPerS: 10_000, seconds: 1, batch: 100 });
  const [entry] = plan.entries;
  if (entry === undefined) throw new Error('the plan has no entry');
  const bodies = createBodies(plan, entry, { stream: 1, keys: runKeys(plan.runId) });
  const { bytes } = bodies.make({ from: 0, count: 100, timeNs: 0 });
  const session = connect(`http://${grpc}`);
  const latencies: Promise<number>[] = [];
  const t0Ns = nowNs() + 100e6;
  for (let i = 0; i < requests; i++) {
    await delay(Math.max(0, (t0Ns + i * everyMs * 1e6 - nowNs()) / 1e6));
    latencies.push(
      new Promise((resolve) => {
        const sendNs = nowNs();
        const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
        const headers = { 'content-type': 'application/grpc', te: 'trailers' };
        const stream = session.request({ ':method': 'POST', ':path': path, ...headers });
        stream.resume();
        stream.on('end', () => resolve((nowNs() - sendNs) / 1e6));
        stream.end(bytes);
      }),
    );
  }
  const all = await Promise.all(latencies);
  session.destroy();
  return all;
}

process.once('message', async (start) => {
  process.send?.(await send(start as BarePacedStart), () => process.exit());
});
