import { addItem } from './decode-items.ts';
import type { DecodeState, PointGrid, StreamShape } from './decode-state.ts';
import { type Cursor, isKey, nextField, wireBytes, wireFixed64 } from './decode-wire.ts';
import { canaryStream, readIdWords } from './item-id.ts';

const two32 = 4294967296;
/** A series alone names a canary's point; of 2^48 numbers only those that a run can have used count. */
const canariesMax = 1024;

export function createPointGrid(epochNs: string, shapes: readonly StreamShape[]): PointGrid {
  const metrics = shapes.filter(({ signal }) => signal === 'metrics');
  const size = 1 + Math.max(0, ...metrics.map(({ stream }) => stream));
  const grid: PointGrid = {
    series: new Uint32Array(size),
    baseHigh: new Float64Array(size),
    baseLow: new Float64Array(size),
    roundNs: new Float64Array(size),
  };
  for (const shape of metrics) {
    const base = BigInt(epochNs) + BigInt(shape.startNs);
    grid.series[shape.stream] = shape.series;
    grid.baseHigh[shape.stream] = Number(base >> 32n);
    grid.baseLow[shape.stream] = Number(base & 0xffffffffn);
    grid.roundNs[shape.stream] = shape.roundNs;
  }
  return grid;
}

/** Metric: 5 gauge, 7 sum, 9 histogram, 10 exponential histogram, 11 summary; in each: 1 data points. */
export function decodeMetric(state: DecodeState, from: number, to: number): void {
  const { cursor } = state;
  cursor.at = from;
  while (nextField(cursor, to)) {
    if (cursor.wire !== wireBytes) continue;
    const kind = cursor.field;
    if (kind !== 5 && kind !== 7 && kind !== 9 && kind !== 10 && kind !== 11) continue;
    const end = cursor.to;
    cursor.at = cursor.from;
    while (nextField(cursor, end)) {
      if (cursor.field !== 1 || cursor.wire !== wireBytes) continue;
      const next = cursor.to;
      decodePoint(state, kind, cursor.from, next);
      cursor.at = next;
    }
  }
}

/** 3 time_unix_nano; attributes are 7, except 9 in histograms and 1 in exponential ones. */
function decodePoint(state: DecodeState, kind: number, from: number, to: number): void {
  const { cursor } = state;
  const attributes = kind === 9 ? 9 : kind === 10 ? 1 : 7;
  let timeAt = -1;
  let seriesAt = -1;
  cursor.at = from;
  while (nextField(cursor, to)) {
    if (cursor.field === 3 && cursor.wire === wireFixed64) timeAt = cursor.from;
    else if (cursor.field === attributes && cursor.wire === wireBytes) {
      const next = cursor.to;
      const found = findSeries(cursor, cursor.from, next);
      if (found >= 0) seriesAt = found;
      cursor.at = next;
    }
  }
  takePoint(state, cursor.bytes, timeAt, seriesAt);
}

/** KeyValue {key = "series.id", value {string_value of 16 bytes}}, as every encoder that we know writes it. */
const usualSeries = Buffer.from('\n\tseries.id\x12\x12\n\x10', 'latin1');
const seriesKey = usualSeries.subarray(2, 11);
const seriesDigits = 16;

/** Where the value of this KeyValue begins, if it is the series attribute with 16 bytes of text; otherwise -1. */
function findSeries(cursor: Cursor, from: number, to: number): number {
  const { bytes } = cursor;
  if (to - from === usualSeries.length + seriesDigits) {
    let same = 0;
    while (same < usualSeries.length && bytes[from + same] === usualSeries[same]) same++;
    if (same === usualSeries.length) return from + same;
  }
  let named = false;
  let valueAt = -1;
  cursor.at = from;
  while (nextField(cursor, to)) {
    if (cursor.field === 1) named = isKey(cursor, seriesKey);
    else if (cursor.field === 2 && cursor.wire === wireBytes) {
      const next = cursor.to;
      valueAt = findText(cursor, cursor.from, next);
      cursor.at = next;
    }
  }
  return named ? valueAt : -1;
}

/** AnyValue: 1 string_value; where it begins if it has the length of a series id, otherwise -1. */
function findText(cursor: Cursor, from: number, to: number): number {
  let at = -1;
  cursor.at = from;
  while (nextField(cursor, to)) {
    if (cursor.field === 1 && cursor.wire === wireBytes) {
      at = cursor.to - cursor.from === seriesDigits ? cursor.from : -1;
    }
  }
  return at;
}

/**
 * One data point: `timeAt` is where its time stands (fixed64, little-endian), `seriesAt` where the 16 hex digits of its
 * series stand; -1 when absent. A point of a series of ours off the grid is foreign and altered: something on the way
 * truncated or aggregated it.
 */
export function takePoint(state: DecodeState, bytes: Uint8Array, timeAt: number, seriesAt: number): void {
  const { items, grid, pair } = state;
  if (seriesAt < 0 || !readSeries(state, bytes, seriesAt)) {
    items.foreign++;
    return;
  }
  const { stream, number: series } = pair;
  if (stream === canaryStream && series < canariesMax) {
    items.unmarkedCanaries.push(series);
    return;
  }
  const seriesCount = grid.series[stream] ?? 0;
  if (series >= seriesCount) {
    items.foreign++;
    return;
  }
  const round = timeAt < 0 ? -1 : roundAt(state, stream, timeAt);
  if (round >= 0) {
    addItem(items, stream, round * seriesCount + series);
  } else {
    items.foreign++;
    items.altered++;
  }
}

/** The round whose time stands at `at`, or -1. The distance to the base is exact below 2^53 ns (104 days). */
function roundAt(state: DecodeState, stream: number, at: number): number {
  const { grid, view } = state;
  const highNs = (view.getUint32(at + 4, true) - (grid.baseHigh[stream] as number)) * two32;
  const deltaNs = highNs + (view.getUint32(at, true) - (grid.baseLow[stream] as number));
  if (deltaNs > Number.MAX_SAFE_INTEGER) return -1;
  const round = deltaNs / (grid.roundNs[stream] as number) - 1;
  return Number.isInteger(round) ? round : -1;
}

/** The pair that 16 hex digits stand for; false if one is none. */
function readSeries(state: DecodeState, bytes: Uint8Array, at: number): boolean {
  let high = 0;
  let low = 0;
  let wrong = 0;
  for (let i = 0; i < 8; i++) {
    const first = hexValue[bytes[at + i] as number] as number;
    const second = hexValue[bytes[at + 8 + i] as number] as number;
    high = (high << 4) | first;
    low = (low << 4) | second;
    wrong |= first | second;
  }
  readIdWords(state.keys.series, high, low, state.pair);
  return wrong < 16;
}

/** The value of an ASCII hex digit of either case; 16 for all other bytes. */
const hexValue = Uint8Array.from({ length: 256 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? 16 : value;
});
