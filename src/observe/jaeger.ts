import { z } from 'zod';
import {
  type IdPair,
  type RunKeys,
  readIdWords,
  traceOf,
  tracesPerBatch,
  writeTraceId,
} from '../otlp/item-id.ts';

/** One trace that was offered: its spans are the sequences of one batch with the same remainder. */
export interface OfferedTrace {
  stream: number;
  /** 32 hex digits. */
  id: string;
  spans: number;
}

/** The traces of the spans [from, from + count) of a stream whose requests hold `batch` of them each. */
export function tracesOf(
  keys: RunKeys,
  spans: { stream: number; from: number; count: number; batch: number },
): OfferedTrace[] {
  const { stream, from, count, batch } = spans;
  const traces = tracesPerBatch(batch);
  const own = Math.min(traces, count);
  return Array.from({ length: own }, (_, index) => ({
    stream,
    id: traceId(keys, stream, traceOf(from + index, batch)),
    spans: Math.ceil((count - index) / traces),
  }));
}

function traceId(keys: RunKeys, stream: number, trace: number): string {
  const bytes = new Uint8Array(16);
  writeTraceId(keys, stream, trace, bytes, 0);
  return Buffer.from(bytes).toString('hex');
}

/** Asks for whole traces by their ids; one that is not there is told as such and no failure. */
export function tracesPath(traces: readonly OfferedTrace[]): string {
  return `/api/traces?${traces.map(({ id }) => `traceID=${id}`).join('&')}`;
}

/** The parts of Jaeger's answer that are read here (its HTTP API, as its own pages use it). */
const answerSchema = z.object({
  data: z
    .array(z.object({ traceID: z.string(), spans: z.array(z.object({ spanID: z.string() })) }))
    .nullable(),
  errors: z.array(z.object({ msg: z.string(), traceID: z.string().optional() })).nullish(),
});

/** A span that is there. */
export interface FoundSpan {
  stream: number;
  sequence: number;
  /** Of its trace, as asked. */
  traceId: string;
}

/** Throws where the answer is none of Jaeger's, or names another failure than a trace that is not there. */
export function spansIn(keys: RunKeys, answer: unknown): FoundSpan[] {
  const { data, errors } = answerSchema.parse(answer);
  const failed = errors?.find(({ msg }) => !msg.includes('trace not found'));
  if (failed !== undefined) throw new Error(failed.msg);
  const pair: IdPair = { stream: 0, number: 0 };
  return (data ?? []).flatMap(({ traceID, spans }) =>
    spans.map(({ spanID }): FoundSpan => {
      // Jaeger leaves out the leading zeros of the upper half.
      const id = spanID.padStart(16, '0');
      readIdWords(keys.span, Number.parseInt(id.slice(0, 8), 16), Number.parseInt(id.slice(8), 16), pair);
      return { stream: pair.stream, sequence: pair.number, traceId: traceID.padStart(32, '0') };
    }),
  );
}
