import type { Protocol, Signal } from '../base/signal.ts';
import { encodeJson } from './encode-json.ts';
import { encodeProtobuf } from './encode-protobuf.ts';
import { type RunKeys, seriesId } from './item-id.ts';
import type { Encoded, Field, PlacedSlot } from './message.ts';
import { collectOffsets, patchIds, patchTimes } from './patch.ts';
import { patchJsonIds, patchJsonTimes } from './patch-json.ts';
import { collectPointSlots, patchJsonPoints, patchPoints } from './patch-points.ts';
import { logRequest } from './shape-logs.ts';
import { metricRequest } from './shape-metrics.ts';
import type { Shape } from './shape-resource.ts';
import { traceRequest } from './shape-traces.ts';

/** gRPC's message prefix: a compression flag and a 32-bit length. Bodies have room for it at their front. */
export const prefixBytes = 5;

/** A request encoded once; per request only ids, times and values are written into a copy of its bytes. */
export interface Template {
  /** A new body: gRPC prefix, then the message. */
  copy(): Buffer;
  /**
   * Makes the body the request whose first item is sequence `from`. Spans and log records get the time `timeNs`;
   * the times of points follow from their sequences.
   */
  patch(body: Buffer, from: number, timeNs: bigint): void;
}

export interface TemplateOptions {
  signal: Signal;
  protocol: Protocol;
  batch: number;
  stream: number;
  keys: RunKeys;
  shape: Shape;
  /** Points: start of the entry (epoch included) and distance of two points of a series. */
  baseNs: bigint;
  roundNs: number;
}

export interface TemplateRange {
  count: number;
  /** Sequence of the first item, a multiple of the batch. */
  from: number;
}

/** What of a range its template depends on: ranges of the same key share one. */
export function templateKey(options: TemplateOptions, range: TemplateRange): number {
  const offset = options.signal === 'metrics' ? range.from % options.shape.series : 0;
  return offset * (options.batch + 1) + range.count;
}

export function createTemplate(options: TemplateOptions, range: TemplateRange): Template {
  return options.signal === 'metrics' ? pointTemplate(options, range) : idTemplate(options, range.count);
}

function idTemplate(options: TemplateOptions, count: number): Template {
  const { signal, shape, batch } = options;
  const fields = signal === 'logs' ? logRequest(shape, count) : traceRequest(shape, { batch, count });
  const { master, slots } = encode(options.protocol, fields);
  const offsets = collectOffsets(slots, count);
  const copy = () => Buffer.from(master);
  if (options.protocol === 'http/json') {
    return {
      copy,
      patch(body, from, timeNs) {
        patchJsonIds(body, offsets, options, from);
        patchJsonTimes(body, offsets, timeNs);
      },
    };
  }
  return {
    copy,
    patch(body, from, timeNs) {
      const view = new DataView(body.buffer, body.byteOffset, body.length);
      patchIds(view, offsets, options, from);
      patchTimes(view, offsets, timeNs);
    },
  };
}

function pointTemplate(options: TemplateOptions, range: TemplateRange): Template {
  const { shape, keys, stream, baseNs, roundNs } = options;
  const firstSeries = range.from % shape.series;
  const fields = metricRequest(shape, {
    firstSeries,
    count: range.count,
    baseNs,
    seriesId: (series) => seriesId(keys, stream, series),
  });
  const { master, slots } = encode(options.protocol, fields);
  const points = collectPointSlots(slots, { count: range.count, firstSeries, series: shape.series });
  const requestOf = (from: number) => ({ round: Math.floor(from / shape.series), baseNs, roundNs });
  const copy = () => Buffer.from(master);
  if (options.protocol === 'http/json') {
    return { copy, patch: (body, from) => patchJsonPoints(body, points, requestOf(from)) };
  }
  return {
    copy,
    patch(body, from) {
      patchPoints(new DataView(body.buffer, body.byteOffset, body.length), points, requestOf(from));
    },
  };
}

function encode(protocol: Protocol, fields: Field[]): { master: Buffer; slots: PlacedSlot[] } {
  const encoded: Encoded = protocol === 'http/json' ? encodeJson(fields) : encodeProtobuf(fields);
  return {
    master: frameMessage(encoded.bytes),
    slots: encoded.slots.map(({ slot, at }) => ({ slot, at: at + prefixBytes })),
  };
}

/** A body as exporters take it: gRPC's prefix, then the message. */
export function frameMessage(message: Uint8Array): Buffer {
  const body = Buffer.alloc(prefixBytes + message.length);
  body.writeUInt32BE(message.length, 1);
  body.set(message, prefixBytes);
  return body;
}
