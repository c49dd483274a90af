/** A range of IPv4 addresses: 172.18.0.0/16. */
export interface AddressRange {
  first: number;
  bits: number;
}

/** Undefined for what is no IPv4 range. */
export function parseRange(text: string): AddressRange | undefined {
  const found = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(text);
  if (found === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, bits = 0] = found.slice(1).map(Number);
  if ([a, b, c, d].some((octet) => octet > 255) || bits > 32) return undefined;
  return { first: ((a * 256 + b) * 256 + c) * 256 + d, bits };
}

export function formatRange({ first, bits }: AddressRange): string {
  return `${formatAddress(first)}/${bits}`;
}

export function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/**
 * Ranges of one size inside another, with room for `hosts` each: so that a run takes one of the few ranges that a Docker
 * daemon has to give (31 by default). Undefined when they do not fit.
 */
export function carve(
  range: AddressRange,
  wanted: { count: number; hosts: number },
): AddressRange[] | undefined {
  const hostBits = Math.max(3, Math.ceil(Math.log2(wanted.hosts + 2)));
  const bits = 32 - hostBits;
  if (bits < range.bits || 2 ** (bits - range.bits) < wanted.count) return undefined;
  return Array.from({ length: wanted.count }, (_, index) => ({
    first: range.first + index * 2 ** hostBits,
    bits,
  }));
}
