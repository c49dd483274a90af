import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { nowNs } from '../src/base/clock.ts';
import { random } from '../src/base/random.ts';
import { createDecoder } from '../src/otlp/decode.ts';

export interface StampingStart {
  /** Exponential delay before the answer, beyond 20 ms; 0: answered at once. */
  meanDelayMs: number;
}

/** Request i: its first sequence, when it had been read and when it was answered. */
export interface Stamps {
  from: number[];
  arrivedNs: number[];
  answeredNs: number[];
}

/** Told to a running receiver: hold all answers from `atNs` on for `forMs`, or hand over the stamps. */
export type StampingOrder = { kind: 'stall'; atNs: number; forMs: number } | { kind: 'stamps' };

/** An OTLP/gRPC receiver that stamps what it gets with the clock that squall uses, in a process of its own. */
const stamps: Stamps = { from: [], arrivedNs: [], answeredNs: [] };
let stall = { fromNs: Number.POSITIVE_INFINITY, toNs: Number.POSITIVE_INFINITY };
const stream1 = { stream: 1, signal: 'traces' as const, batch: 100, series: 1, startNs: 0, roundNs: 1 };
const decoder = createDecoder({ runId: 'run-1', epochNs: '0', streams: [stream1] });

function listen({ meanDelayMs }: StampingStart): void {
  const draw = random(1, 'delays');
  const server = createServer();
  server.on('stream', (stream) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const arrivedNs = nowNs();
      const { runs } = decoder.decode('traces', 'protobuf', Buffer.concat(chunks).subarray(5));
      const from = runs.length > 0 ? (runs.from[0] ?? -1) : -1;
      const delayMs = meanDelayMs === 0 ? 0 : 20 - meanDelayMs * Math.log1p(-draw.next());
      const stalledMs =
        arrivedNs >= stall.fromNs && arrivedNs < stall.toNs ? (stall.toNs - arrivedNs) / 1e6 : 0;
      const answer = () => {
        stamps.from.push(from);
        stamps.arrivedNs.push(arrivedNs);
        stamps.answeredNs.push(nowNs());
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(Buffer.alloc(5));
      };
      const waitMs = Math.max(delayMs, stalledMs);
      if (waitMs > 0) setTimeout(answer, waitMs);
      else answer();
    });
  });
  server.listen(0, '127.0.0.1', () => {
    process.send?.(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
}

process.once('message', (start) => {
  listen(start as StampingStart);
  process.on('message', (order: StampingOrder) => {
    if (order.kind === 'stall') stall = { fromNs: order.atNs, toNs: order.atNs + order.forMs * 1e6 };
    else process.send?.(stamps, () => process.exit());
  });
});
