import type { PaceSegment } from './types.ts';

/** A fraction of BigInts; the denominator is positive. */
interface Fraction {
  over: bigint;
  under: bigint;
}

/**
 * One segment with its exact place in the cumulative count C(t). Within it, with tau ns since its start, length T,
 * rates s and e items per ns:  C(tau) = before + s tau + (e - s) tau^2 / (2 T).
 */
interface Piece {
  fromNs: number;
  lengthNs: number;
  /** Items per ns at both ends. */
  start: number;
  end: number;
  before: Fraction;
  /** C at both ends, split so that N - C is exact to the last bit of a float. */
  beforeWhole: number;
  beforePart: number;
  afterWhole: number;
  afterPart: number;
  /** For constant rates that start at a whole item, in lowest terms: one item every perNs / items. */
  even: { items: number; perNs: number } | undefined;
  /** C(tau) >= N  <=>  linear tau + square tau^2 >= N scale - offset, all integers. */
  linear: bigint;
  square: bigint;
  scale: bigint;
  offset: bigint;
}

/** The cumulative item count of a list of segments, exact, and its inverse. */
export interface Integral {
  /** C(end) rounded down: the items of the whole. */
  items: number;
  /** C(end) as a float, fraction included. */
  total: number;
  /** The first whole ns at which C >= n. `n` is a whole number in 1..items. */
  inverseNs(n: number): number;
  /** C^-1(x) for any real x in [0, total], as a float. */
  inverseRealNs(x: number): number;
  /** floor(C(t)), t rounded down to whole ns and held to [0, end]. */
  floorAt(elapsedNs: number): number;
}

/** The exact C of each segment's start, as a float: `itemsBefore` of a PaceSegment. */
export function itemsBefore(segments: readonly Omit<PaceSegment, 'itemsBefore'>[]): number[] {
  return pieces(segments).map((piece) => piece.beforeWhole + piece.beforePart);
}

export function integrate(segments: readonly Omit<PaceSegment, 'itemsBefore'>[]): Integral {
  const all = pieces(segments);
  const last = all.at(-1);
  return {
    items: last?.afterWhole ?? 0,
    total: (last?.afterWhole ?? 0) + (last?.afterPart ?? 0),
    inverseNs: (n) => inverseInPiece(pieceOf(all, n), n),
    inverseRealNs: (x) => {
      const piece = pieceOf(all, x);
      return piece.fromNs + localNs(piece, x);
    },
    floorAt: (elapsedNs) => floorAt(all, elapsedNs),
  };
}

function pieces(segments: readonly Omit<PaceSegment, 'itemsBefore'>[]): Piece[] {
  const out: Piece[] = [];
  let before: Fraction = { over: 0n, under: 1n };
  for (const segment of segments) {
    const [a, b] = [BigInt(segment.startRate.items), BigInt(segment.startRate.perNs)];
    const [c, d] = [BigInt(segment.endRate.items), BigInt(segment.endRate.perNs)];
    const length = BigInt(segment.toNs - segment.fromNs);
    const after = add(before, { over: (a * d + c * b) * length, under: 2n * b * d });
    const scale = 2n * length * b * d;
    out.push({
      fromNs: segment.fromNs,
      lengthNs: segment.toNs - segment.fromNs,
      start: segment.startRate.items / segment.startRate.perNs,
      end: segment.endRate.items / segment.endRate.perNs,
      before,
      ...split(before, 'before'),
      ...split(after, 'after'),
      even: before.under === 1n && a * d === c * b ? lowestTerms(a, b) : undefined,
      linear: 2n * length * a * d * before.under,
      square: (c * b - a * d) * before.under,
      scale: scale * before.under,
      offset: scale * before.over,
    });
    before = after;
  }
  return out;
}

/** The piece in which C reaches `x`: the first whose end is at or above it. */
function pieceOf(all: readonly Piece[], x: number): Piece {
  let low = 0;
  let high = all.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    const piece = all[middle];
    if (piece !== undefined && x - piece.afterWhole <= piece.afterPart) high = middle;
    else low = middle + 1;
  }
  const found = all[low];
  if (found === undefined) throw new RangeError('a pace without segments has no due time');
  return found;
}

/**
 * Solves the quadratic from the slow end of a ramp, so that no two like terms are subtracted: with m items since the
 * start (or r left to the end) the root is 2 m / (s + sqrt(s^2 + 2 m |e - s| / T)).
 */
function localNs(piece: Piece, x: number): number {
  const { start, end, lengthNs } = piece;
  if (end >= start) {
    const m = Math.max(0, x - piece.beforeWhole - piece.beforePart);
    if (m === 0) return 0;
    return Math.min(
      lengthNs,
      (2 * m) / (start + Math.sqrt(start * start + (2 * m * (end - start)) / lengthNs)),
    );
  }
  const r = Math.max(0, piece.afterWhole - x + piece.afterPart);
  if (r === 0) return lengthNs;
  const tail = (2 * r) / (end + Math.sqrt(end * end + (2 * r * (start - end)) / lengthNs));
  return Math.max(0, lengthNs - tail);
}

function inverseInPiece(piece: Piece, n: number): number {
  if (piece.even !== undefined) {
    const product = (n - piece.beforeWhole) * piece.even.perNs;
    // Below 2^53 the quotient of whole numbers never rounds onto a wrong whole number.
    if (product <= Number.MAX_SAFE_INTEGER) return piece.fromNs + Math.ceil(product / piece.even.items);
  }
  // The float is off by a few ns at most; whole-number arithmetic decides.
  const goal = BigInt(n) * piece.scale - piece.offset;
  const found = firstReaching(piece, goal, BigInt(Math.ceil(localNs(piece, n))));
  return piece.fromNs + Number(found);
}

/** The smallest whole tau at which C reaches the goal, from a guess: steps that double away from it, then bisection. */
function firstReaching(piece: Piece, goal: bigint, guess: bigint): bigint {
  const end = BigInt(piece.lengthNs);
  let high = guess;
  for (let step = 1n; high < end && reached(piece, high) < goal; step *= 2n) {
    high = high + step < end ? high + step : end;
  }
  let low = high - 1n;
  for (let step = 2n; low >= 0n && reached(piece, low) >= goal; step *= 2n) {
    high = low;
    low -= step;
  }
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle < 0n || reached(piece, middle) < goal) low = middle;
    else high = middle;
  }
  return high;
}

function reached(piece: Piece, tau: bigint): bigint {
  return tau * (piece.linear + piece.square * tau);
}

function floorAt(all: readonly Piece[], elapsedNs: number): number {
  const at = Math.floor(elapsedNs);
  let piece: Piece | undefined;
  for (const candidate of all) {
    if (candidate.fromNs > at) break;
    piece = candidate;
  }
  if (piece === undefined || at < 0) return 0;
  const tau = Math.min(at - piece.fromNs, piece.lengthNs);
  return Number((reached(piece, BigInt(tau)) + piece.offset) / piece.scale);
}

function split<N extends 'before' | 'after'>(
  value: Fraction,
  name: N,
): Record<`${N}Whole` | `${N}Part`, number> {
  const whole = value.over / value.under;
  const part = Number(value.over - whole * value.under) / Number(value.under);
  return { [`${name}Whole`]: Number(whole), [`${name}Part`]: part } as Record<
    `${N}Whole` | `${N}Part`,
    number
  >;
}

function add(a: Fraction, b: Fraction): Fraction {
  const over = a.over * b.under + b.over * a.under;
  const under = a.under * b.under;
  const divisor = gcd(over, under);
  return { over: over / divisor, under: under / divisor };
}

function lowestTerms(items: bigint, perNs: bigint): { items: number; perNs: number } | undefined {
  if (items === 0n) return undefined;
  const divisor = gcd(items, perNs);
  return { items: Number(items / divisor), perNs: Number(perNs / divisor) };
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x === 0n ? 1n : x;
}
