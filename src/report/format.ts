/** Every number that people read is written here. Nothing depends on the locale of the machine. */

/** A number as report.json has it; null and undefined are values without evidence. */
export type Shown = number | 'Infinity' | null | undefined;

export const noData = 'no data';

/** 1234567.4 -> 1,234,567 */
export function formatCount(value: Shown): string {
  const number = asNumber(value);
  if (number === undefined) return noData;
  if (!Number.isFinite(number)) return number > 0 ? '∞' : '-∞';
  return groupThousands(Math.round(number).toFixed(0));
}

/** Four significant digits below 10,000, whole numbers above; trailing zeros of a fraction are dropped. */
export function formatNumber(value: Shown, significant = 4): string {
  const number = asNumber(value);
  if (number === undefined) return noData;
  if (!Number.isFinite(number)) return number > 0 ? '∞' : '-∞';
  if (number === 0) return '0';
  const whole = Math.floor(Math.log10(Math.abs(number))) + 1;
  const decimals = Math.min(12, Math.max(0, significant - whole));
  const fixed = number.toFixed(decimals);
  return groupThousands(decimals > 0 ? fixed.replace(/\.?0+$/, '') : fixed);
}

/**
 * As formatNumber, with as many digits as it takes that the shown value stands on the same side of
 * `limit` as the true one: 9.99996 against 10 is never shown as 10.
 */
export function formatAgainst(value: Shown, limit: number | undefined): string {
  const number = asNumber(value);
  if (number === undefined || limit === undefined || !Number.isFinite(number)) return formatNumber(value);
  for (let significant = 4; significant < 16; significant++) {
    const text = formatNumber(number, significant);
    const shown = Number(text.replaceAll(',', ''));
    if (Math.sign(shown - limit) === Math.sign(number - limit)) return text;
  }
  return String(number);
}

/** Value and unit; bytes in binary multiples, ratios in percent. */
export function formatUnit(value: Shown, unit: string, limit?: number): string {
  if (asNumber(value) === undefined) return noData;
  if (unit === 'bytes') return formatBytes(value);
  const text = formatAgainst(value, limit);
  return unit === '' || unit === 'count' ? text : `${text} ${text === '1' ? (oneOf[unit] ?? unit) : unit}`;
}

const oneOf: Record<string, string> = {
  items: 'item',
  batches: 'batch',
  intervals: 'interval',
  spans: 'span',
  requests: 'request',
  runs: 'run',
};

export function formatBytes(value: Shown): string {
  const number = asNumber(value);
  if (number === undefined || !Number.isFinite(number)) return formatNumber(value);
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let step = 0;
  let rest = number;
  while (Math.abs(rest) >= 1024 && step < units.length - 1) {
    rest /= 1024;
    step++;
  }
  return `${formatNumber(rest, 3)} ${units[step] ?? 'B'}`;
}

/** 0.99996 -> 99.99 %: cut, never rounded up, so that 100 % means all. */
export function formatPercent(ratio: Shown): string {
  const number = asNumber(ratio);
  if (number === undefined || !Number.isFinite(number)) return formatNumber(ratio);
  const percent = Math.trunc(number * 1e4 + 1e-6 * Math.sign(number)) / 100;
  if (percent === 100 && number < 1) return '99.99 %';
  return `${formatNumber(percent)} %`;
}

export function formatMs(value: Shown): string {
  return asNumber(value) === undefined ? noData : `${formatNumber(value, 3)} ms`;
}

/** Seconds from t = 0, to the millisecond: a fault's bounds are compared with one another. */
export function formatSeconds(value: Shown): string {
  const number = asNumber(value);
  if (number === undefined || !Number.isFinite(number)) return formatNumber(value);
  return `${groupThousands(number.toFixed(3).replace(/\.?0+$/, '') || '0')} s`;
}

/** 95.2 -> 1 min 35 s */
export function formatDuration(seconds: Shown): string {
  const number = asNumber(seconds);
  if (number === undefined || !Number.isFinite(number)) return formatNumber(seconds);
  const total = Math.round(number);
  if (total < 60) return `${total} s`;
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const rest = total % 60;
  return [hours > 0 ? `${hours} h` : '', minutes > 0 ? `${minutes} min` : '', rest > 0 ? `${rest} s` : '']
    .filter((part) => part !== '')
    .join(' ');
}

/** 2026-11-21T07:39:29.364Z -> 2026-11-21 07:39:29 UTC; what is no such time stays as it is. */
export function formatUtc(time: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(time)
    ? `${time.slice(0, 19).replace('T', ' ')} UTC`
    : time;
}

/**
 * Control, bidirectional and line characters become a space, so that a text can neither move the
 * cursor nor reorder a line.
 */
export function oneLine(text: string, charsMax = 300): string {
  const flat = text
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(/ {2,}/g, ' ')
    .trim();
  const points = [...flat.slice(0, charsMax * 2 + 2)];
  return points.length > charsMax ? `${points.slice(0, charsMax - 1).join('')}…` : flat;
}

/** Whether a cell of a table keeps it on one line. */
export function isShort(text: string): boolean {
  return text.length <= 16;
}

function asNumber(value: Shown): number | undefined {
  if (value === 'Infinity') return Number.POSITIVE_INFINITY;
  if (value === null || value === undefined || Number.isNaN(value)) return undefined;
  return value;
}

function groupThousands(text: string): string {
  const [whole = '', fraction] = text.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
