import { z } from 'zod';

/** One rule as Prometheus had it, in the words of a rule file. */
export interface RuleRecord {
  group: string;
  /** Of a recording rule its `record`, of an alerting rule its `alert`. */
  kind: 'alert' | 'record';
  name: string;
  expr: string;
  forS?: number;
  labels: Record<string, string>;
  /** Why its last evaluation failed: such a rule detects nothing. */
  error?: string;
}

/** A monitoring stack brings along hundreds that have nothing to do with the target. */
const rulesMax = 100;

const rule = z.object({
  type: z.enum(['alerting', 'recording']),
  name: z.string(),
  query: z.string(),
  /** s. */
  duration: z.number().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  lastError: z.string().optional(),
  lastEvaluation: z.string().optional(),
  /** Of an alerting rule, those that are pending or firing. */
  alerts: z.array(z.object({ labels: z.record(z.string(), z.string()) })).optional(),
});
const answer = z.object({
  groups: z.array(
    z.object({ name: z.string(), interval: z.number().optional(), rules: z.array(z.unknown()) }),
  ),
});

/**
 * Rules out of `data` of /api/v1/rules: those whose alerts were active in the run first, otherwise in the server's
 * order. Undefined where it has another form.
 */
export function readRules(data: unknown, activeAlerts: ReadonlySet<string>): RuleRecord[] | undefined {
  const read = answer.safeParse(data);
  if (!read.success) return undefined;
  const all = read.data.groups.flatMap(({ name, rules }) =>
    rules.flatMap((one): RuleRecord[] => {
      const parsed = rule.safeParse(one);
      return parsed.success ? [ruleRecord(name, parsed.data)] : [];
    }),
  );
  const isTold = ({ kind, name }: RuleRecord) => kind === 'alert' && activeAlerts.has(name);
  return [...all.filter(isTold), ...all.filter((one) => !isTold(one))].slice(0, rulesMax);
}

/** How often each alert is evaluated, s, by name; the slowest where several rules share one. Undefined as above. */
export function alertIntervals(data: unknown): ReadonlyMap<string, number> | undefined {
  const read = answer.safeParse(data);
  if (!read.success) return undefined;
  const found = new Map<string, number>();
  for (const { interval, rules } of read.data.groups)
    for (const one of rules) {
      const parsed = rule.safeParse(one);
      if (!parsed.success || parsed.data.type !== 'alerting' || interval === undefined) continue;
      found.set(parsed.data.name, Math.max(interval, found.get(parsed.data.name) ?? 0));
    }
  return found;
}

/** The alerting rules of one name, as they are at this moment. */
export function rulesNow(
  data: unknown,
  alert: string,
): {
  lastEvaluationMs: number | undefined;
  everyS: number;
  labels: Record<string, string>[];
  failed: boolean;
}[] {
  const read = answer.safeParse(data);
  return (read.success ? read.data.groups : []).flatMap(({ interval = 0, rules }) =>
    rules.flatMap((one) => {
      const { data: found } = rule.safeParse(one);
      if (found?.type !== 'alerting' || found.name !== alert) return [];
      const ms = Date.parse(found.lastEvaluation ?? '');
      // The time of Go that says never lies in the year 1.
      const lastEvaluationMs = ms > 0 ? ms : undefined;
      const labels = (found.alerts ?? []).map((active) => active.labels);
      return [{ lastEvaluationMs, everyS: interval, labels, failed: (found.lastError ?? '') !== '' }];
    }),
  );
}

function ruleRecord(group: string, found: z.infer<typeof rule>): RuleRecord {
  const { type, name, query, duration, labels, lastError } = found;
  return {
    group,
    kind: type === 'alerting' ? 'alert' : 'record',
    name,
    expr: query,
    ...(duration === undefined || duration === 0 ? {} : { forS: duration }),
    labels: labels ?? {},
    ...(lastError === undefined || lastError === '' ? {} : { error: lastError }),
  };
}
