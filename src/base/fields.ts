import { z } from 'zod';
import { parseByteRate, parseBytes, parseCpu, parseDuration, parseRatio } from './units.ts';

/**
 * Scalars of a scenario, shared by its schema and the fault kinds' parameter schemas. A message that begins with
 * "expected " is shown as the expectation of a mistake, with the place and the found text beside it.
 */

/** For editors: a duration, or a value of the environment. */
const durationPattern = '^((\\d+(\\.\\d+)?(ns|us|µs|ms|s|m|h|d))+|.*\\$\\{.+\\}.*)$';

/** "30s" -> milliseconds. */
export function durationField(options: { positive?: boolean } = {}) {
  const expected = `expected a duration${options.positive === true ? ' above 0' : ''}, such as 500ms, 30s or 1m30s`;
  return written(expected, (text) => {
    const ms = parseDuration(text);
    return ms === undefined || (options.positive === true && ms === 0) ? undefined : ms;
  }).meta({ description: 'a duration, such as 500ms, 30s or 1m30s', pattern: durationPattern });
}

/** "64Mi" or a number of bytes -> bytes. */
export function bytesField() {
  return writtenOrNumber('expected a size in bytes, such as 64Mi, 10MB or 512', parseBytes);
}

/** "500m" or cores -> millicores. */
export function cpuField() {
  return writtenOrNumber('expected a share of CPU, such as 500m or 2', parseCpu);
}

/** "5%" or 0.05 -> 0.05; 0 to 1. */
export function ratioField() {
  return writtenOrNumber('expected a share from 0 to 1, such as 0.05 or 5%', (text) => {
    const ratio = parseRatio(text);
    return ratio === undefined || ratio > 1 ? undefined : ratio;
  });
}

/** "2mbit" -> bytes per second. */
export function byteRateField() {
  return written(
    'expected a rate that says bit or byte, such as 2mbit or 250kbyte (mbps can mean either)',
    (text) => {
      const rate = parseByteRate(text);
      return rate === undefined || rate === 0 ? undefined : rate;
    },
  );
}

function written(expected: string, parse: (text: string) => number | undefined) {
  return z.string({ error: expected }).transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: expected });
    return z.NEVER;
  });
}

function writtenOrNumber(expected: string, parse: (text: string) => number | undefined) {
  return z.union([z.string(), z.number()], { error: expected }).transform((raw, context) => {
    const value = parse(String(raw));
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: expected });
    return z.NEVER;
  });
}
