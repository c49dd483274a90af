import { z } from 'zod';
import { bytesField, durationField } from '../base/fields.ts';
import { protocols, signals } from '../base/signal.ts';
import type { ExecutorSpec, LoadSpec, Rate } from './types.ts';

const texts = z.record(z.string(), z.string());
const count = (max: number) => z.int().min(1).max(max);

/** Items per timeUnit. The upper bound is checked where the timeUnit is known. */
function rateField(bound: string, fits: (items: number) => boolean) {
  const error = `expected a finite number of items per timeUnit, ${bound}, at most 1e9 per second`;
  return z.number({ error }).refine(fits, { error }).describe('items per timeUnit');
}

const rate = rateField('0 or more', (items) => items >= 0);
const steadyRate = rateField('above 0', (items) => items > 0);

const shape = z
  .strictObject({
    itemBytes: bytesField().optional().describe('encoded size of one item, filled up with an attribute'),
    services: count(1000).optional().describe('distinct values of service.name'),
    series: count(10_000_000).optional().describe('distinct metric series'),
    metricTypes: z
      .array(z.enum(['gauge', 'sum', 'histogram', 'exponential-histogram']))
      .min(1)
      .optional()
      .describe('kinds of metrics, dealt to the series in turn'),
  })
  .describe('what the items look like');

const retry = z.union([
  z.literal('none', { error: 'expected none' }),
  z.strictObject({
    initial: durationField({ positive: true }).optional(),
    max: durationField({ positive: true }).optional(),
    maxElapsed: durationField({ positive: true }).optional(),
  }),
]);

const common = {
  signal: z.enum(signals),
  startTime: durationField().optional().describe('offset from the start of the load; default 0s'),
  protocol: z.enum(protocols).optional().describe('default grpc'),
  batch: count(1_000_000).optional().describe('items in one export request; default 100'),
  compression: z.enum(['none', 'gzip']).optional().describe('default none'),
  shape: shape.optional(),
  arrivals: z.enum(['even', 'poisson']).optional().describe('spacing of requests; default even'),
  timeout: durationField({ positive: true }).optional().describe('of one attempt; default 10s'),
  maxInFlight: count(1_000_000).optional().describe('export requests under way at once; default 256'),
  connections: count(10_000).optional().describe('default 4'),
  workers: count(1000).optional().describe('load workers; default: what the rate needs, see squall plan'),
  retry: retry.optional().describe('default {initial: 1s, max: 5s, maxElapsed: 30s}'),
  lateAfter: durationField({ positive: true }).optional().describe('from due to the sink; default 30s'),
  resource: texts.optional().describe('resource attributes'),
  tags: texts.optional(),
};

const timeUnit = durationField({ positive: true }).optional().describe('default 1s');

const constant = z.strictObject({
  executor: z.literal('constant-arrival-rate'),
  rate: steadyRate,
  timeUnit,
  duration: durationField({ positive: true }),
  ...common,
});

const stage = z.strictObject({
  duration: durationField(),
  target: rate,
  name: z.string().min(1).optional().describe('makes the window ENTRY/NAME; default its number, from 1'),
});

const ramping = z.strictObject({
  executor: z.literal('ramping-arrival-rate'),
  startRate: rate.optional().describe('default 0'),
  timeUnit,
  stages: z.array(stage).min(1),
  ...common,
});

const shared = z.strictObject({
  executor: z.literal('shared-iterations'),
  iterations: count(1e12).optional().describe('items in all; default 1'),
  maxDuration: durationField({ positive: true }).optional().describe('default 10m'),
  ...common,
});

export const loadSchema = z
  .discriminatedUnion('executor', [constant, ramping, shared], {
    error: (issue) =>
      issue.code === 'invalid_union'
        ? 'expected one of constant-arrival-rate, ramping-arrival-rate, shared-iterations'
        : undefined,
  })
  .describe('one load entry: what is sent, and at which pace');

export type LoadText = z.output<typeof loadSchema>;

export function toLoadSpec(name: string, text: LoadText): LoadSpec {
  const retryText = text.retry === 'none' ? undefined : (text.retry ?? {});
  return {
    name,
    signal: text.signal,
    executor: toExecutor(text),
    startMs: text.startTime ?? 0,
    protocol: text.protocol ?? 'grpc',
    batch: text.batch ?? 100,
    compression: text.compression ?? 'none',
    shape: {
      itemBytes: text.shape?.itemBytes ?? 263,
      services: text.shape?.services ?? 5,
      series: text.shape?.series ?? 1000,
      metricTypes: text.shape?.metricTypes ?? ['gauge', 'sum', 'histogram', 'exponential-histogram'],
    },
    arrivals: text.arrivals ?? 'even',
    timeoutMs: text.timeout ?? 10_000,
    maxInFlight: text.maxInFlight ?? 256,
    connections: text.connections ?? 4,
    ...(text.workers === undefined ? {} : { workers: text.workers }),
    retry:
      retryText === undefined
        ? 'none'
        : {
            initialMs: retryText.initial ?? 1000,
            maxMs: retryText.max ?? 5000,
            maxElapsedMs: retryText.maxElapsed ?? 30_000,
          },
    lateAfterMs: text.lateAfter ?? 30_000,
    resource: text.resource ?? {},
    tags: text.tags ?? {},
  };
}

function toExecutor(text: LoadText): ExecutorSpec {
  switch (text.executor) {
    case 'constant-arrival-rate':
      return {
        kind: text.executor,
        rate: exactRate(text.rate, text.timeUnit ?? 1000),
        durationMs: text.duration,
      };
    case 'ramping-arrival-rate':
      return {
        kind: text.executor,
        startRate: exactRate(text.startRate ?? 0, text.timeUnit ?? 1000),
        stages: text.stages.map((one) => ({
          ...(one.name === undefined ? {} : { name: one.name }),
          durationMs: one.duration,
          rate: exactRate(one.target, text.timeUnit ?? 1000),
        })),
      };
    case 'shared-iterations':
      return { kind: text.executor, items: text.iterations ?? 1, maxDurationMs: text.maxDuration ?? 600_000 };
    default:
      return text satisfies never;
  }
}

/** A decimal rate as a fraction of whole numbers, in lowest terms: 2.5 per 1 s -> 5 per 2000 ms. */
export function exactRate(items: number, perMs: number): Rate {
  let scale = 1;
  while (scale < 1e6 && !(isWhole(items * scale) && isWhole(perMs * scale))) scale *= 10;
  const [over, under] = [Math.round(items * scale), Math.max(1, Math.round(perMs * scale))];
  const divisor = gcd(over, under);
  return { items: over / divisor, perMs: under / divisor };
}

/** Whether a product of a decimal and a power of ten is whole but for the float's last bits. */
function isWhole(value: number): boolean {
  return Math.abs(value - Math.round(value)) <= Math.abs(value) * Number.EPSILON;
}

function gcd(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x === 0 ? 1 : x;
}
