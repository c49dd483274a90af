import { addItem } from './decode-items.ts';
import type { DecodeState, PointGrid, StreamShape } from './decode-state.ts';
import { canaryStream, readId } from './item-id.ts';

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

const idBytes = new Uint8Array(8);

/**
 * One data point: `timeAt` is where its time stands (fixed64, little-endian), `seriesAt` where the 16 hex digits of its
 * series stand; -1 when absent. A point of a series of ours off the grid is foreign and altered: something on the way
 * truncated or aggregated it.
 */
export function takePoint(
  state: DecodeState,
  point: { bytes: Uint8Array; timeAt: number; seriesAt: number },
): void {
  const { items, grid, pair } = state;
  const { bytes, timeAt, seriesAt } = point;
  if (seriesAt < 0 || !readHex(bytes, seriesAt, idBytes)) {
    items.foreign++;
    return;
  }
  readId(state.keys.series, idBytes, 0, pair);
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
  const round = timeAt < 0 ? -1 : roundAt(grid, stream, bytes, timeAt);
  if (round >= 0) {
    addItem(items, stream, round * seriesCount + series);
  } else {
    items.foreign++;
    items.altered++;
  }
}

/** The round whose time stands at `at`, or -1. The distance to the base is exact below 2^53 ns (104 days). */
function roundAt(grid: PointGrid, stream: number, bytes: Uint8Array, at: number): number {
  const highNs = (readWord(bytes, at + 4) - (grid.baseHigh[stream] as number)) * two32;
  const deltaNs = highNs + (readWord(bytes, at) - (grid.baseLow[stream] as number));
  if (deltaNs > Number.MAX_SAFE_INTEGER) return -1;
  const round = deltaNs / (grid.roundNs[stream] as number) - 1;
  return Number.isInteger(round) ? round : -1;
}

function readWord(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
  return (low | ((bytes[at + 3] as number) << 24)) >>> 0;
}

/** Turns 16 hex digits into 8 bytes; false if one is none. */
function readHex(bytes: Uint8Array, at: number, out: Uint8Array): boolean {
  for (let i = 0; i < 8; i++) {
    const high = hexDigit(bytes[at + 2 * i] as number);
    const low = hexDigit(bytes[at + 2 * i + 1] as number);
    if (high < 0 || low < 0) return false;
    out[i] = (high << 4) | low;
  }
  return true;
}

/** The value of an ASCII hex digit of either case, or -1. */
function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
