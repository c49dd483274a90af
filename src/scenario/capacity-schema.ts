import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { durationField, ratioField } from '../base/fields.ts';
import { formatDuration } from '../base/units.ts';
import type { CapacitySpec } from './capacity-spec.ts';
import { missingFile } from './check-target.ts';
import type { Draft } from './draft.ts';
import { wrongWord } from './issues.ts';
import type { Mistake } from './mistakes.ts';

const rate = z.number({ error: 'expected items per second, above 0' }).positive().max(1e9);
const count = z.number().int().min(0).max(1e6);

const setting = z.union([z.string(), z.number(), z.boolean()]);

/** The capacity block: what `squall capacity` varies, how far, and what the answer is for. */
export const capacitySchema = z.strictObject({
  vary: z.string().min(1).describe('the load entry whose rate is searched; the others keep theirs'),
  rate: z.strictObject({ min: rate, max: rate }).describe('items per second between which to search'),
  width: ratioField().optional().describe('distance of the two ends to stop at; default 2.5%'),
  budget: durationField({ positive: true }).optional().describe('time for all trials; default 45m'),
  trial: durationField({ positive: true }).optional().describe('measured part of a full trial; default 60s'),
  peak: rate.optional().describe('items per second that all replicas together have to carry'),
  safetyFactor: z.number().min(1).max(100).optional().describe('of peak, for replicas; default 1.5'),
  tolerateLoss: count.optional().describe('pods that may be gone while the rest carries the peak; default 1'),
  minReplicas: count.optional().describe('never fewer, as of an HPA; default 1'),
  hpa: z
    .strictObject({ min: count, max: count, cpu: ratioField() })
    .optional()
    .describe('an HPA to judge: replicas, and CPU target as a share of the request'),
  day: z
    .strictObject({ low: rate.optional(), curve: z.string().min(1).optional() })
    .optional()
    .describe('load over a day: a cosine from low to peak, or a CSV file of seconds and items/s'),
  replicas: z
    .array(z.number().int().min(2).max(100))
    .max(4)
    .optional()
    .describe('further numbers of replicas at which to look how the capacity grows, such as [2, 3]'),
  underFault: z
    .array(
      z.union([
        z.string().min(1),
        z.strictObject({ fault: z.string().min(1), replicas: z.number().int().min(1).max(100) }),
      ]),
    )
    .max(4)
    .optional()
    .describe(
      'faults by name, or {fault, replicas}, under which to look for the capacity; each lasts for the whole trial',
    ),
  claim: rate.optional().describe('items per second that one replica is said to carry: the report judges it'),
  factors: z
    .record(z.string().min(1), z.tuple([setting, setting]))
    .optional()
    .describe(
      'settings to compare: a place as --set has it and two values, the present one first; at most 4',
    ),
  prices: z
    .strictObject({
      cpuHour: z.number().min(0),
      gibHour: z.number().min(0),
      date: z.string().regex(/^\d{4}-\d\d-\d\d$/, 'expected a date such as 2026-11-21'),
    })
    .optional()
    .describe('of one core and one GiB for an hour, and when they were valid'),
});

/** In all combinations, or half of them: 8 trials. */
const factorsMax = 4;

export const capacityDefaults = {
  width: 0.025,
  budgetMs: 45 * 60_000,
  trialMs: 60_000,
  safetyFactor: 1.5,
  tolerateLoss: 1,
  minReplicas: 1,
} as const;

export function toCapacitySpec(text: z.output<typeof capacitySchema>, baseDir: string): CapacitySpec {
  const { vary, rate: range, peak, hpa, day, prices } = text;
  return {
    vary,
    minPerS: range.min,
    maxPerS: range.max,
    width: text.width ?? capacityDefaults.width,
    budgetMs: text.budget ?? capacityDefaults.budgetMs,
    trialMs: text.trial ?? capacityDefaults.trialMs,
    ...(peak === undefined ? {} : { peakPerS: peak }),
    safetyFactor: text.safetyFactor ?? capacityDefaults.safetyFactor,
    tolerateLoss: text.tolerateLoss ?? capacityDefaults.tolerateLoss,
    minReplicas: text.minReplicas ?? capacityDefaults.minReplicas,
    ...(hpa === undefined ? {} : { hpa: { minReplicas: hpa.min, maxReplicas: hpa.max, cpuTarget: hpa.cpu } }),
    ...(day?.low === undefined ? {} : { dayLowPerS: day.low }),
    ...(day?.curve === undefined ? {} : { dayCurve: resolve(baseDir, day.curve) }),
    replicas: text.replicas ?? [],
    underFault: (text.underFault ?? []).map((one) => (typeof one === 'string' ? { fault: one } : one)),
    ...(text.claim === undefined ? {} : { claimPerS: text.claim }),
    factors: Object.entries(text.factors ?? {}).map(([path, [one, other]]) => ({
      path,
      values: [String(one), String(other)],
    })),
    ...(prices === undefined ? {} : { prices }),
  };
}

export function checkCapacity(draft: Draft): Mistake[] {
  const { capacity } = draft;
  if (capacity === undefined) return [];
  const mistakes: Mistake[] = [];
  const names = draft.load.map(({ name }) => name);
  if (!names.includes(capacity.vary)) {
    const what = 'capacity.vary names no load entry';
    mistakes.push(wrongWord(['capacity', 'vary'], { what, word: capacity.vary, words: names }));
  }
  if (capacity.minPerS >= capacity.maxPerS) {
    mistakes.push({
      path: ['capacity', 'rate'],
      what: 'there is nothing to search between these rates',
      expected: 'min below max',
      found: `${capacity.minPerS} to ${capacity.maxPerS}`,
      next: 'raise max, or lower min',
    });
  }
  if (capacity.width < 0.005 || capacity.width > 0.1) {
    mistakes.push({
      path: ['capacity', 'width'],
      what: 'no search can be this exact, or the answer says too little',
      expected: '0.5% to 10%',
      found: `${100 * capacity.width}%`,
      next: 'write width: 2.5%',
    });
  }
  if (capacity.trialMs < 1000 || capacity.trialMs > capacity.budgetMs) {
    mistakes.push({
      path: ['capacity', 'trial'],
      what: 'a trial has no such length',
      expected: `1s to ${formatDuration(capacity.budgetMs)}, the budget`,
      found: formatDuration(capacity.trialMs),
      next: 'write trial: 60s',
    });
  }
  mistakes.push(...checkStudy(draft, capacity));
  if (capacity.dayCurve !== undefined && !existsSync(capacity.dayCurve))
    mistakes.push(missingFile(['capacity', 'day', 'curve'], capacity.dayCurve));
  for (const { name, path, spec } of draft.load) {
    if (spec === undefined || spec.executor.kind === 'constant-arrival-rate') continue;
    mistakes.push({
      path: [...path, 'executor'],
      what: `capacity is searched with steady loads, and ${name} is none`,
      expected: 'constant-arrival-rate',
      found: spec.executor.kind,
      next: 'write executor: constant-arrival-rate, or take the capacity block out',
    });
  }
  return mistakes;
}

/** What follows the search, and what all of it may send. */
function checkStudy({ faults, limits }: Draft, capacity: CapacitySpec): Mistake[] {
  const mistakes: Mistake[] = [];
  if (capacity.factors.length > factorsMax) {
    mistakes.push({
      path: ['capacity', 'factors'],
      what: 'so many settings are no small comparison',
      expected: `at most ${factorsMax}`,
      found: String(capacity.factors.length),
      next: 'leave out those that matter least',
    });
  }
  const names = faults.flatMap(({ name }) => (name === undefined ? [] : [name]));
  for (const [i, { fault: word }] of capacity.underFault.entries()) {
    if (names.includes(word)) continue;
    const what = 'capacity.underFault names no fault of the scenario';
    mistakes.push(wrongWord(['capacity', 'underFault', i], { what, word, words: names }));
  }
  if (typeof limits === 'object' && capacity.maxPerS > limits.itemsPerS) {
    mistakes.push({
      path: ['capacity', 'rate', 'max'],
      what: 'the search would offer more than the limit',
      expected: `at most limits.itemsPerS, ${limits.itemsPerS}`,
      found: String(capacity.maxPerS),
      next: 'raise limits.itemsPerS, or lower capacity.rate.max',
    });
  }
  return mistakes;
}
