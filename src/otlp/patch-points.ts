import type { PlacedSlot } from './message.ts';
import { patchJsonAmount, patchJsonCount } from './patch-json.ts';

/** Where the values of a request's points lie and how they follow from the round. */
export interface PointSlots {
  timeAt: Int32Array;
  /** Rounds after that of the request's first point, per item. */
  roundAfter: Int32Array;
  values: ValueSlot[];
}

interface ValueSlot {
  at: number;
  item: number;
  isCount: boolean;
  first: number;
  step: number;
  modulus: number;
}

export function collectPointSlots(
  slots: readonly PlacedSlot[],
  layout: { count: number; firstSeries: number; series: number },
): PointSlots {
  const { count, firstSeries, series } = layout;
  const timeAt = new Int32Array(count);
  const values: ValueSlot[] = [];
  for (const { slot, at } of slots) {
    if (slot.role === 'time') timeAt[slot.item] = at;
    else {
      const { item, first = 0, step = 0, modulus = Number.POSITIVE_INFINITY } = slot;
      values.push({ at, item, isCount: slot.role === 'count', first, step, modulus });
    }
  }
  const roundAfter = Int32Array.from({ length: count }, (_, item) =>
    Math.floor((firstSeries + item) / series),
  );
  return { timeAt, roundAfter, values };
}

/** When the points of round `round` are: base + (round + 1) * roundNs, exactly. */
export function pointTime(entry: { baseNs: bigint; roundNs: number }, round: number): bigint {
  return entry.baseNs + BigInt(round + 1) * BigInt(entry.roundNs);
}

export interface PointRequest {
  /** Round of the first point. */
  round: number;
  baseNs: bigint;
  roundNs: number;
}

export function patchPoints(body: Buffer, slots: PointSlots, request: PointRequest): void {
  const { timeAt, roundAfter } = slots;
  for (let item = 0; item < timeAt.length; item++) {
    const time = pointTime(request, request.round + (roundAfter[item] as number));
    body.writeBigUInt64LE(time, timeAt[item] as number);
  }
  for (const slot of slots.values) {
    const value = valueIn(slot, request.round + (roundAfter[slot.item] as number));
    if (slot.isCount) body.writeBigUInt64LE(BigInt(value), slot.at);
    else body.writeDoubleLE(value, slot.at);
  }
}

/** As patchPoints, in JSON. */
export function patchJsonPoints(body: Buffer, slots: PointSlots, request: PointRequest): void {
  const { timeAt, roundAfter } = slots;
  for (let item = 0; item < timeAt.length; item++) {
    const time = pointTime(request, request.round + (roundAfter[item] as number));
    body.write(time.toString(), timeAt[item] as number, 'latin1');
  }
  for (const slot of slots.values) {
    const value = valueIn(slot, request.round + (roundAfter[slot.item] as number));
    if (slot.isCount) patchJsonCount(body, slot.at, value);
    else patchJsonAmount(body, slot.at, value);
  }
}

function valueIn(slot: ValueSlot, round: number): number {
  return slot.first + slot.step * (round % slot.modulus);
}
