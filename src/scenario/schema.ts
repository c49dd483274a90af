import { z } from 'zod';
import { durationField, ratioField } from '../base/fields.ts';
import { signals } from '../base/signal.ts';
import type { Fault } from '../fault/fault.ts';
import { capacitySchema } from './capacity-schema.ts';
import { compareSchema } from './compare-schema.ts';
import { drillSchema } from './drill-schema.ts';
import { loadSchema } from './load-schema.ts';
import { targetSchema } from './target-schema.ts';
import type { SelectorSpec } from './types.ts';

const ratio = z.strictObject({ ratio: ratioField(), within: ratioField() });

/** The top of a scenario. Its parts are parsed one by one, so that a mistake in one hides none in another. */
export const topSchema = z.strictObject({
  apiVersion: z.literal('squall/v1'),
  name: z.string().min(1),
  description: z.string().optional(),
  target: z.unknown().optional(),
  warmup: durationField()
    .optional()
    .describe('first part of the load, outside latency and rate windows; default 0s'),
  load: z.record(z.string(), z.unknown()),
  faults: z.array(z.unknown()).nullable().optional(),
  slos: z.array(z.unknown()).nullable().optional(),
  settle: durationField().optional().describe('default: derived from the settings of the target'),
  expect: z
    .strictObject({ delivered: z.partialRecord(z.enum(signals), ratio) })
    .optional()
    .describe('for pipelines that sample or filter on purpose'),
  limits: z
    .strictObject({ itemsPerS: z.number().positive(), items: z.number().positive() })
    .optional()
    .describe('bounds on what may be sent to an endpoint that is not loopback'),
  capacity: z.unknown().optional().describe('what `squall capacity` searches'),
  compare: z.unknown().optional().describe('what `squall compare SCENARIO` runs in turn'),
  drill: z.array(z.unknown()).min(1).optional().describe('the steps of `squall gameday`, in order'),
});

export const selectorSchema = z.strictObject({
  member: z.string().min(1).optional(),
  mode: z.enum(['one', 'all', 'fixed', 'fixed-percent', 'random-max-percent']).optional(),
  value: z.number().min(0).optional().describe('count or per cent, for the modes that need one'),
});

export function toSelector(text: z.output<typeof selectorSchema>): SelectorSpec {
  return {
    ...(text.member === undefined ? {} : { member: text.member }),
    mode: text.mode ?? 'one',
    ...(text.value === undefined ? {} : { value: text.value }),
  };
}

/** The fields that every fault has, whatever its kind. */
export const faultCommon = {
  name: z.string().min(1).optional().describe('default: the kind'),
  at: durationField()
    .optional()
    .describe('from the start of the load; left out where the steps of a drill say when'),
  duration: durationField({ positive: true }).optional(),
  selector: selectorSchema.optional(),
};

const thresholdText = z.string({ error: 'expected a threshold such as p(95)<10ms' }).min(1);

export const thresholdSchema = z.union([
  thresholdText,
  z.strictObject({
    threshold: thresholdText,
    abortOnFail: z.boolean().optional(),
    delayAbortEval: durationField().optional(),
  }),
]);

export const sloSchema = z.strictObject({
  name: z.string().min(1).optional(),
  measure: z.string().min(1).optional().describe('such as ack_duration{signal:traces}'),
  promql: z.string().min(1).optional(),
  unit: z.string().min(1).optional().describe('of a promql value'),
  thresholds: z.array(thresholdSchema).min(1),
  window: z.string().min(1).optional().describe('run, ENTRY, ENTRY/STAGE, before:F, during:F or after:F'),
});

/** One fault of a kind as a strict object, where the kind's parameters are one; undefined otherwise. */
export function faultSchema(kind: string, fault: Fault): z.ZodObject | undefined {
  const params = objectOf(fault.params);
  if (params === undefined) return undefined;
  const { duration, ...rest } = faultCommon;
  const times = fault.oneShot ? rest : { ...rest, duration: duration.unwrap() };
  return z.strictObject({ kind: z.literal(kind), ...times, ...params.shape }).describe(fault.summary);
}

/** The object behind a parameter schema, through refinements and transforms. */
export function objectOf(schema: z.ZodType): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema;
  if (schema instanceof z.ZodPipe)
    return objectOf(schema.def.in as z.ZodType) ?? objectOf(schema.def.out as z.ZodType);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return objectOf(schema.def.innerType as z.ZodType);
  }
  return undefined;
}

/** The whole scenario as one schema: what editors check. */
export function scenarioSchema(faults: Record<string, Fault>): z.ZodType {
  const kinds = Object.entries(faults).map(([kind, fault]) => {
    return faultSchema(kind, fault) ?? z.looseObject({ kind: z.literal(kind), ...faultCommon });
  });
  return topSchema.extend({
    target: targetSchema.optional(),
    load: z.record(z.string(), loadSchema),
    faults: z.array(z.union(kinds)).optional(),
    slos: z.array(sloSchema).optional(),
    capacity: capacitySchema.optional(),
    compare: compareSchema.optional(),
    drill: drillSchema.optional(),
  });
}
