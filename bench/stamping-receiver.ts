import { type AddressInfo, createServer, type Socket } from 'node:net';
import { nowNs } from '../src/base/clock.ts';
import { random } from '../src/base/random.ts';
import { type H2Stream, serveH2 } from '../src/observe/sink-h2.ts';
import type { H2Output } from '../src/observe/sink-h2-output.ts';
import { createDecoder } from '../src/otlp/decode.ts';
import { encodeHeaders } from '../src/wire/hpack-encode.ts';

export interface StampingStart {
  /** Exponential delay before the answer, beyond 20 ms; 0: answered at once. */
  meanDelayMs: number;
  /** Spans a request, 100 unless given. */
  batch?: number;
  /** No HTTP: every `requestBytes` bytes are a request, answered by so many. */
  raw?: { requestBytes: number; answerBytes: number };
}

/** Request i: its first sequence (raw: its number), when its last bytes were read and its answer was written. */
export interface Stamps {
  from: number[];
  arrivedNs: number[];
  answeredNs: number[];
}

/** Told to a running receiver: hold all answers from `atNs` on for `forMs`, or hand over the stamps. */
export type StampingOrder = { kind: 'stall'; atNs: number; forMs: number } | { kind: 'stamps' };

/**
 * An OTLP/gRPC receiver that stamps what it gets with the clock that squall uses, in a process of its own, as near to
 * the socket as a process can: what it needs to read and to write belongs to what it spent.
 */
const stamps: Stamps = { from: [], arrivedNs: [], answeredNs: [] };
let stall = { fromNs: Number.POSITIVE_INFINITY, toNs: Number.POSITIVE_INFINITY };
const headers = encodeHeaders([
  [':status', '200'],
  ['content-type', 'application/grpc'],
]);
const trailers = encodeHeaders([['grpc-status', '0']]);

interface Call extends H2Stream {
  output: H2Output;
  parts: Buffer[];
}

function serveGrpc(socket: Socket, decoder: ReturnType<typeof createDecoder>, delayOf: () => number): void {
  const answered = stampWrites(socket);
  let chunkNs = 0;
  socket.prependListener('data', () => {
    chunkNs = nowNs();
  });
  serveH2<Call>(socket, {
    begin: (stream, output) => Object.assign(stream, { output, parts: [] }),
    data(call, bytes, from, to, last) {
      call.parts.push(Buffer.from(bytes.subarray(from, to)));
      if (!last) return;
      const { runs } = decoder.decode('traces', 'protobuf', Buffer.concat(call.parts).subarray(5));
      const first = runs.length > 0 ? (runs.from[0] ?? -1) : -1;
      stampedAnswer({ from: first, arrivedNs: chunkNs, delayMs: delayOf() }, (request) => {
        answered(request);
        call.output.answer(call, { headers, content: Buffer.alloc(5), trailers });
      });
    },
  });
}

function serveRaw(socket: Socket, { requestBytes, answerBytes }: NonNullable<StampingStart['raw']>): void {
  const answered = stampWrites(socket);
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    const arrivedNs = nowNs();
    bytes += chunk.length;
    while (bytes >= requestBytes) {
      bytes -= requestBytes;
      stampedAnswer({ from: stamps.from.length, arrivedNs, delayMs: 0 }, (request) => {
        answered(request);
        socket.write(Buffer.alloc(answerBytes));
      });
    }
  });
}

/** Gives what to tell before a request is answered: the next bytes that the socket is handed are its answer. */
function stampWrites(socket: Socket): (request: number) => void {
  let unwritten: number[] = [];
  const write = socket.write.bind(socket) as (bytes: Buffer) => boolean;
  socket.write = ((bytes: Buffer) => {
    const now = nowNs();
    for (const request of unwritten) stamps.answeredNs[request] = now;
    unwritten = [];
    return write(bytes);
  }) as typeof socket.write;
  return (request) => void unwritten.push(request);
}

interface Arrived {
  from: number;
  arrivedNs: number;
  delayMs: number;
}

/** `answer` is told which request of the stamps it answers. */
function stampedAnswer(of: Arrived, answer: (request: number) => void): void {
  const { from, arrivedNs, delayMs } = of;
  const stalledMs = arrivedNs >= stall.fromNs && arrivedNs < stall.toNs ? (stall.toNs - arrivedNs) / 1e6 : 0;
  const now = () => {
    const request = stamps.from.push(from) - 1;
    stamps.arrivedNs.push(arrivedNs);
    stamps.answeredNs.push(Number.NaN);
    answer(request);
  };
  const waitMs = Math.max(delayMs, stalledMs);
  if (waitMs > 0) setTimeout(now, waitMs);
  else now();
}

function listen({ meanDelayMs, batch = 100, raw }: StampingStart): void {
  const draw = random(1, 'delays');
  const delayOf = () => (meanDelayMs === 0 ? 0 : 20 - meanDelayMs * Math.log1p(-draw.next()));
  const stream1 = { stream: 1, signal: 'traces' as const, batch, series: 1, startNs: 0, roundNs: 1 };
  const decoder = createDecoder({ runId: 'run-1', epochNs: '0', streams: [stream1] });
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    if (raw === undefined) serveGrpc(socket, decoder, delayOf);
    else serveRaw(socket, raw);
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
