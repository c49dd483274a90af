import type { Clock } from '../base/clock.ts';
import { grpcCodes } from '../base/grpc-status.ts';
import { type Signal, signals } from '../base/signal.ts';
import { checkCanary } from '../otlp/canary-check.ts';
import { createDecoder, type Decoder } from '../otlp/decode.ts';
import type { Items } from '../otlp/decode-items.ts';
import { MalformedRequest } from '../otlp/decode-wire.ts';
import type { Plan } from '../plan/types.ts';
import type { Capture } from './sink-capture.ts';
import { inflate } from './sink-inflate.ts';
import type { Recorder } from './sink-recorder.ts';
import type { Answer, ReplyScript } from './sink-reply.ts';

/** One request as a transport read it whole. */
export interface RawRequest {
  signal: Signal;
  encoding: 'protobuf' | 'json';
  compression: string | undefined;
  body: Uint8Array;
}

/**
 * Decides and records, and calls `answer` when the records are kept: in this turn of the event loop or a later one. The
 * body is read before it returns. The same for both transports.
 */
export type Receive = (request: RawRequest, answer: (answer: Answer) => void) => void;

interface Parts {
  clock: Clock;
  plan: Plan;
  script: ReplyScript;
  recorder: Recorder;
  capture?: Capture;
  onCanary(canary: CanaryMessage): void;
  /** The disk did not take a record: what the ledger says from here on is not complete. */
  onFailure(message: string): void;
}

export function createReceive(parts: Parts): Receive {
  const decoder = decoderOf(parts.plan);
  return (request, answer) => {
    const arrivalNs = parts.clock.nowNs();
    const inflated = inflate(request.body, request.compression);
    if (inflated.kind !== 'bytes') return answer(refusals[inflated.kind]);
    let items: Items;
    try {
      items = decoder.decode(request.signal, request.encoding, inflated.bytes);
    } catch (error) {
      if (error instanceof MalformedRequest) return answer(malformed(error.message));
      throw error;
    }
    keep(parts, { ...request, body: inflated.bytes, items, arrivalNs }, answer);
  };
}

/** What of a request goes on once its records are kept: its answer, and word of its canaries. */
function keep(
  parts: Parts,
  request: RawRequest & { items: Items; arrivalNs: number },
  answer: (answer: Answer) => void,
): void {
  const { signal, encoding, body, items, arrivalNs } = request;
  const decided = parts.script.next();
  const accepted = decided.kind === 'ok' && decided.accepted;
  const rejected = decided.kind === 'ok' ? decided.rejected : 0;
  const canaries = accepted ? canariesOf(parts.plan, items, { signal, encoding, body }) : [];
  const done = (failure?: Error) => {
    if (failure !== undefined) return answer(notRecorded(parts, failure));
    for (const found of canaries) parts.onCanary({ ...found, signal, arrivalNs });
    answer(decided);
  };
  let failure: Error | undefined;
  try {
    parts.capture?.add({ signal, encoding, accepted, body });
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
  }
  if (failure !== undefined || items.count + items.foreign === 0) done(failure);
  else parts.recorder.record({ signal, items, accepted, rejected, arrivalNs }, done);
}

function notRecorded(parts: Parts, failure: Error): Answer {
  parts.onFailure(failure.message);
  return {
    kind: 'status',
    grpc: grpcCodes.UNAVAILABLE,
    http: 503,
    message: `not recorded: ${failure.message}`,
  };
}

export interface CanaryMessage {
  signal: Signal;
  canary: string;
  arrivalNs: number;
  altered: string[];
}

const noCanaries: { canary: string; altered: string[] }[] = [];

function canariesOf(
  plan: Plan,
  items: Items,
  request: { signal: Signal; encoding: 'protobuf' | 'json'; body: Uint8Array },
): { canary: string; altered: string[] }[] {
  if (!items.canary && items.unmarkedCanaries.length === 0) return noCanaries;
  const bare = items.unmarkedCanaries.map((number) => ({
    canary: String(number),
    altered: ['resource attribute squall.canary removed'],
  }));
  if (!items.canary) return bare;
  try {
    return [...bare, ...checkCanary(plan, request)];
  } catch {
    return bare; // marked as a canary, yet not readable as one: to those who wait it did not arrive
  }
}

function decoderOf(plan: Plan): Decoder {
  const streams = plan.entries.flatMap((entry) =>
    entry.streams.map((stream) => ({
      stream,
      signal: entry.spec.signal,
      batch: entry.spec.batch,
      series: entry.spec.shape.series,
      startNs: entry.startNs,
      roundNs: entry.roundNs,
    })),
  );
  return createDecoder({ runId: plan.runId, epochNs: plan.epochNs, streams });
}

const refusals: Record<'too-large' | 'unsupported' | 'malformed', Answer> = {
  'too-large': {
    kind: 'status',
    grpc: grpcCodes.RESOURCE_EXHAUSTED,
    http: 413,
    message: 'the request is larger than 64 MiB',
  },
  unsupported: {
    kind: 'status',
    grpc: grpcCodes.UNIMPLEMENTED,
    http: 415,
    message: 'the compression is none of gzip, zstd, deflate',
  },
  malformed: malformed('the compressed bytes cannot be read'),
};

export const tooLarge = refusals['too-large'];

export function malformed(message: string): Answer {
  return { kind: 'status', grpc: grpcCodes.INVALID_ARGUMENT, http: 400, message };
}

/** Paths and methods of the three export services. */
export const grpcMethods = new Map<string, Signal>([
  ['/opentelemetry.proto.collector.trace.v1.TraceService/Export', 'traces'],
  ['/opentelemetry.proto.collector.metrics.v1.MetricsService/Export', 'metrics'],
  ['/opentelemetry.proto.collector.logs.v1.LogsService/Export', 'logs'],
]);

export const httpPaths = new Map<string, Signal>(signals.map((signal) => [`/v1/${signal}`, signal]));
