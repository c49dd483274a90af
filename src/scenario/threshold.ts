import { parseBytes, parseDuration, parseRatio } from '../base/units.ts';
import type { AggregationName } from './measures.ts';
import type { ThresholdSpec } from './types.ts';

/**
 * threshold   = aggregation , operator , limit ;             blanks are free between the three
 * aggregation = "avg" | "min" | "max" | "med" | "count" | "rate" | "value" | "p(" , number , ")" ;   0 <= number <= 100
 * operator    = "<" | "<=" | ">" | ">=" | "==" | "===" | "!=" ;   k6's "===" is "=="
 * limit       = number , [ unit ] ;                          without a unit: in the base unit of the measure
 * unit        = "ns" | "us" | "ms" | "s" | "m" | "h" | "d"   where the base unit is a time
 *             | "%"                                          where it is a ratio or "%"
 *             | "/s"                                         where it is a rate per second
 *             | "Ki" | "Mi" | "Gi" | "Ti" | "kB" | "MB" ...  where it is bytes
 *             | the base unit itself ;
 */
export type Threshold = Pick<ThresholdSpec, 'aggregation' | 'operator' | 'limit'>;

/** What is wrong with a threshold: the part, as expected and found. */
export interface ThresholdMistake {
  expected: string;
  found: string;
  /** A threshold that would be right and was probably meant. */
  better?: string;
}

const form = /^\s*([a-z]+(?:\s*\(\s*[^()]*\s*\))?)\s*(<=|<|>=|>|===|==|!=)\s*(\S(?:.*\S)?)\s*$/i;
const aggregations: readonly string[] = ['avg', 'min', 'max', 'med', 'count', 'rate', 'value'];
const msPerTime: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  s: 1e3,
  m: 60e3,
  min: 60e3,
  h: 3600e3,
  d: 86400e3,
};

export function parseThreshold(text: string, unit: string): Threshold | ThresholdMistake {
  const parsed = parseStrictly(text, unit);
  if (!('expected' in parsed)) return parsed;
  const better = text
    .replace(/^\s*p\s*\[?(\d+(?:\.\d+)?)\]?\s*(?=[<>=!])/i, 'p($1)')
    .replace(/^\s*(median|p50)\s*(?=[<>=!])/i, 'med')
    .replace(/^\s*(mean|average)\s*(?=[<>=!])/i, 'avg')
    .replace(/=</, '<=')
    .replace(/=>/, '>=')
    .replace(/([^<>=!])=([^=])/, '$1==$2');
  return better === text || 'expected' in parseStrictly(better, unit) ? parsed : { ...parsed, better };
}

function parseStrictly(text: string, unit: string): Threshold | ThresholdMistake {
  const found = form.exec(text);
  const [, left, operator, right] = found ?? [];
  if (left === undefined || operator === undefined || right === undefined) {
    return { expected: 'aggregation, comparison and number, such as p(95)<10ms or count==0', found: text };
  }
  const aggregation = parseAggregation(left);
  if (aggregation === undefined) {
    return { expected: 'an aggregation: avg, min, max, med, p(N), count, rate or value', found: left };
  }
  const limit = parseLimit(right, unit);
  if (limit === undefined) return { expected: `a number in ${unit}${unitHint(unit)}`, found: right };
  return {
    aggregation,
    operator: operator === '===' ? '==' : (operator as Threshold['operator']),
    limit,
  };
}

/** The canonical text: parseThreshold(formatThreshold(x), unit) equals x. */
export function formatThreshold(threshold: Threshold): string {
  const { aggregation, operator, limit } = threshold;
  const left = typeof aggregation === 'string' ? aggregation : `p(${aggregation.percentile})`;
  return `${left}${operator}${limit}`;
}

export function aggregationName(aggregation: Threshold['aggregation']): AggregationName {
  return typeof aggregation === 'string' ? aggregation : 'p';
}

function parseAggregation(text: string): Threshold['aggregation'] | undefined {
  if (aggregations.includes(text)) return text as Exclude<Threshold['aggregation'], object>;
  const percentile = /^p\s*\(\s*(\d+(?:\.\d+)?)\s*\)$/.exec(text)?.[1];
  if (percentile === undefined || Number(percentile) > 100) return undefined;
  return { percentile: Number(percentile) };
}

function parseLimit(text: string, unit: string): number | undefined {
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) {
    const plain = Number(text);
    return Number.isFinite(plain) ? plain : undefined;
  }
  const base = msPerTime[unit];
  if (base !== undefined) {
    const ms = parseDuration(text.replace(/\s/g, ''));
    return ms === undefined ? undefined : ms / base;
  }
  if (text.endsWith('%')) {
    const ratio = parseRatio(text.replace(/\s/g, ''));
    if (ratio === undefined) return undefined;
    return unit === 'ratio' ? ratio : unit === '%' ? Number(text.slice(0, -1)) : undefined;
  }
  if (/^(bytes|B)$/.test(unit)) return parseBytes(text);
  const suffix = unit.endsWith('/s') ? [unit, '/s'] : [unit];
  const bare = suffix.find((word) => text.endsWith(word));
  return bare === undefined || bare === '' ? undefined : parseLimit(text.slice(0, -bare.length).trim(), '');
}

function unitHint(unit: string): string {
  if (msPerTime[unit] !== undefined) return ', or with a unit of time, such as 10ms or 2s';
  if (unit === 'ratio') return ' from 0 to 1, or per cent, such as 5%';
  return '';
}
