import { z } from 'zod';

/** Infinite ones and NaN too: a queue that is retried for ever has no horizon. */
const number = z.custom<number>((value) => typeof value === 'number', 'no number');
const list = z.array(z.looseObject({}));
const name = z.looseObject({ name: z.string() });

/**
 * What everything after the run relies on in record.json. Not every field: enough that a record which was cut off,
 * edited or written by something else is told from a whole one before any of it is judged.
 */
const recordShape = z.looseObject({
  plan: z.looseObject({
    runId: z.string(),
    scenario: z.string(),
    seed: number,
    epochNs: z.string().regex(/^\d+$/),
    warmupNs: number,
    endNs: number,
    entries: z.array(z.looseObject({ spec: name, pace: z.looseObject({}) })),
    faults: z.array(z.looseObject({ spec: name, startNs: number })),
    drill: z.array(z.looseObject({ kind: z.enum(['suspend', 'fault', 'expect']) })).optional(),
    slos: z.array(z.looseObject({ name: z.string(), window: z.string(), thresholds: list })),
  }),
  judged: z.looseObject({ description: z.string(), recoveryIncomplete: z.boolean() }),
  startedAt: z.string(),
  durationS: number,
  command: z.string(),
  versions: z.record(z.string(), z.string()),
  machine: z.record(z.string(), z.union([z.string(), number])),
  targetKind: z.string(),
  members: z.array(name),
  peers: z.array(z.looseObject({ id: number, member: z.string(), address: z.string() })).optional(),
  drill: z.array(z.looseObject({ step: z.looseObject({}), fromNs: number, outcome: z.string() })).optional(),
  ended: z.looseObject({ kind: z.enum(['complete', 'drilled', 'stop-condition', 'interrupted', 'failed']) }),
  settle: z.looseObject({ fromNs: number, horizonNs: number, shownEmpty: z.boolean() }),
  reach: z.looseObject({ parts: z.array(z.string()) }),
  faults: z.array(
    z.looseObject({ name: z.string(), observed: z.looseObject({}), recovery: z.looseObject({}) }),
  ),
  canaries: list,
  generator: z.looseObject({}),
  prometheus: z.looseObject({ available: z.boolean(), answers: list, counters: z.looseObject({}) }),
  processes: list,
  notes: list,
});

/** The first thing that is wrong with a record, as "PATH: why"; undefined where its shape is right. */
export function whatIsWrong(body: unknown): string | undefined {
  const result = recordShape.safeParse(body);
  if (result.success) return undefined;
  const [issue] = result.error.issues;
  return issue === undefined ? 'it has another shape' : `${issue.path.join('.') || 'it'}: ${issue.message}`;
}
