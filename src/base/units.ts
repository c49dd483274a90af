/** Units as people write them. Every parser returns undefined for text it does not know; every printer is its inverse. */

const nsPerUnit = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9, d: 86400e9 } as const;
type DurationUnit = keyof typeof nsPerUnit;

const durationPattern = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d))+$/;
const durationPart = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/g;

/** "1m30s", "250ms", "1.5h" (Go's words, and d for 24 h) -> milliseconds, exact to the ns. */
export function parseDuration(text: string): number | undefined {
  if (!durationPattern.test(text)) return undefined;
  let ns = 0;
  for (const [, digits, unit] of text.matchAll(durationPart)) {
    ns += Math.round(Number(digits) * nsPerUnit[unit as DurationUnit]);
  }
  return Number.isFinite(ns) ? ns / 1e6 : undefined;
}

/** 90_000 -> "1m30s". Exact for whole ns up to 20 days. */
export function formatDuration(ms: number): string {
  let ns = Math.round(ms * 1e6);
  let text = '';
  for (const unit of ['h', 'm', 's', 'ms', 'us', 'ns'] as const) {
    const count = Math.floor(ns / nsPerUnit[unit]);
    ns -= count * nsPerUnit[unit];
    if (count > 0) text += `${count}${unit}`;
  }
  return text === '' ? '0s' : text;
}

const byteUnits: Record<string, number> = {
  '': 1,
  B: 1,
  k: 1e3,
  kB: 1e3,
  M: 1e6,
  MB: 1e6,
  G: 1e9,
  GB: 1e9,
  T: 1e12,
  TB: 1e12,
  Ki: 2 ** 10,
  KiB: 2 ** 10,
  Mi: 2 ** 20,
  MiB: 2 ** 20,
  Gi: 2 ** 30,
  GiB: 2 ** 30,
  Ti: 2 ** 40,
  TiB: 2 ** 40,
};

/** "1Gi", "64MiB", "10MB", "512" -> bytes (Kubernetes' suffixes, with or without the B). */
export function parseBytes(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)\s?([A-Za-z]*)$/.exec(text);
  const factor = byteUnits[found?.[2] ?? ''];
  if (found === null || factor === undefined) return undefined;
  const bytes = Number(found[1]) * factor;
  return Number.isSafeInteger(Math.round(bytes)) ? Math.round(bytes) : undefined;
}

/** 67_108_864 -> "64Mi": the largest binary unit that divides it. */
export function formatBytes(bytes: number): string {
  for (const unit of ['Ti', 'Gi', 'Mi', 'Ki'] as const) {
    const size = byteUnits[unit] ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return `${bytes}B`;
}

/** "500m" or "0.5" cores -> millicores. */
export function parseCpu(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)(m?)$/.exec(text);
  if (found === null) return undefined;
  const millis = Number(found[1]) * (found[2] === 'm' ? 1 : 1000);
  return Number.isSafeInteger(Math.round(millis)) ? Math.round(millis) : undefined;
}

export function formatCpu(millis: number): string {
  return millis % 1000 === 0 ? `${millis / 1000}` : `${millis}m`;
}

const byteRates: Record<string, number> = {
  bit: 0.125,
  kbit: 125,
  mbit: 125e3,
  gbit: 125e6,
  byte: 1,
  kbyte: 1e3,
  mbyte: 1e6,
  gbyte: 1e9,
};

/**
 * "2mbit" or "2mbyte" (per second) -> bytes per second. A bare "mbps" is undefined on purpose: tc reads it as megabytes,
 * everyone else as megabits.
 */
export function parseByteRate(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)\s?([a-z]+)$/i.exec(text);
  const factor = byteRates[(found?.[2] ?? '?').toLowerCase()];
  if (found === null || factor === undefined) return undefined;
  return Number(found[1]) * factor;
}

export function formatByteRate(bytesPerS: number): string {
  for (const unit of ['gbit', 'mbit', 'kbit'] as const) {
    const size = byteRates[unit] ?? 1;
    if (bytesPerS >= size && bytesPerS % size === 0) return `${bytesPerS / size}${unit}`;
  }
  return `${bytesPerS}byte`;
}

/** "5%" -> 0.05; "0.05" -> 0.05. */
export function parseRatio(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?(?:e[-+]?\d+)?)(%?)$/.exec(text);
  if (found === null) return undefined;
  return found[2] === '%' ? Number(`${found[1]}`) / 100 : Number(found[1]);
}

/** 0.05 -> "5%", or the plain number where the per cent would not read back as the same float. */
export function formatRatio(ratio: number): string {
  const percent = `${Number((ratio * 100).toPrecision(12))}%`;
  return parseRatio(percent) === ratio ? percent : `${ratio}`;
}

/** "10000/s", "600/m", "2.5/s" -> items per second. */
export function parseItemRate(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)\/(s|m|h)$/.exec(text);
  if (found === null) return undefined;
  return Number(found[1]) / (nsPerUnit[found[2] as 's' | 'm' | 'h'] / 1e9);
}

/** 9900 -> "9900/s". */
export function formatItemRate(itemsPerS: number): string {
  return `${itemsPerS}/s`;
}
