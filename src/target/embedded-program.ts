/**
 * The embedded reference collector as a program of its own, so that it can be killed, stopped and restarted like a
 * real one. It takes the same environment as a member of the local target.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:net';
import { systemClock } from '../base/clock.ts';
import { createExporter } from './embedded-exporter.ts';
import { createEmbeddedMetrics } from './embedded-metrics.ts';
import { createPipeline, embeddedSettings } from './embedded-pipeline.ts';
import { receiveGrpc, receiveHttp, type Take } from './embedded-receiver.ts';

async function main(env: NodeJS.ProcessEnv): Promise<void> {
  const exporter = createExporter({ grpc: env.SQUALL_NEXT_GRPC ?? '', http: env.SQUALL_NEXT_HTTP ?? '' });
  const pipeline = createPipeline({
    exporter,
    clock: systemClock,
    random: Math.random,
    count: (what, signal, items) => metrics.count(what, signal, items),
  });
  const metrics = createEmbeddedMetrics(pipeline, embeddedSettings.queueSizeBatches);
  const take: Take = (received) => {
    metrics.count('accepted', received.signal, received.items);
    pipeline.take(received);
  };
  const grpc = receiveGrpc(take);
  const http = receiveHttp(take);
  const page = createServer((_, response) => {
    void metrics
      .text()
      .then((text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text));
  });
  const health = createServer((_, response) => response.writeHead(200).end('{"status":"Server available"}'));
  await listen(grpc, env.SQUALL_OTLP_GRPC);
  await listen(http, env.SQUALL_OTLP_HTTP);
  await listen(page, `${env.SQUALL_METRICS_HOST}:${env.SQUALL_METRICS_PORT}`);
  await listen(health, env.SQUALL_HEALTH);
  process.stdout.write('Everything is ready.\n');
  const stop = async () => {
    for (const server of [health, grpc, http]) server.close();
    await pipeline.drain();
    process.stdout.write('Shutdown complete.\n');
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
}

async function listen(server: Server, address = ''): Promise<void> {
  const colon = address.lastIndexOf(':');
  server.listen(Number(address.slice(colon + 1)), address.slice(0, colon));
  await once(server, 'listening').catch((error: Error) => {
    throw new Error(`listen tcp ${address}: ${error.message}`);
  });
}

await main(process.env);
