/** Half-open integer intervals [from, to), disjoint, sorted, merged where they touch. */
export class IntervalSet {
  readonly #from: number[] = [];
  readonly #to: number[] = [];

  /** Adds [from, to) and gives the parts of it that were already in, in order. */
  add(from: number, to: number): [number, number][] {
    const already: [number, number][] = [];
    if (!(to > from)) return already;
    const first = this.#firstEndingAtOrAfter(from);
    let last = first;
    let low = from;
    let high = to;
    for (; last < this.#from.length; last++) {
      const start = this.#from[last] ?? 0;
      const end = this.#to[last] ?? 0;
      if (start > to) break;
      const inFrom = Math.max(start, from);
      const inTo = Math.min(end, to);
      if (inTo > inFrom) already.push([inFrom, inTo]);
      low = Math.min(low, start);
      high = Math.max(high, end);
    }
    this.#from.splice(first, last - first, low);
    this.#to.splice(first, last - first, high);
    return already;
  }

  #firstEndingAtOrAfter(value: number): number {
    let low = 0;
    let high = this.#to.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#to[middle] ?? 0) >= value) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
