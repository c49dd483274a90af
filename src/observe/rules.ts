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
  const all = rulesIn(data)?.map(({ group, found }) => ruleRecord(group, found));
  if (all === undefined) return undefined;
  const isTold = ({ kind, name }: RuleRecord) => kind === 'alert' && activeAlerts.has(name);
  return [...all.filter(isTold), ...all.filter((one) => !isTold(one))].slice(0, rulesMax);
}

/** An alerting rule as it is at this moment. */
export interface AlertingRule {
  /** Undefined: never. */
  lastEvaluationMs: number | undefined;
  /** How often it is evaluated, s; undefined where Prometheus does not say. */
  everyS: number | undefined;
  /** Of each alert of it that is pending or firing. */
  labels: Record<string, string>[];
  failed: boolean;
}

/** By the name of their alert, which several may share. Undefined as above. */
export function alertingRules(data: unknown): ReadonlyMap<string, AlertingRule[]> | undefined {
  const all = rulesIn(data)?.filter(({ found }) => found.type === 'alerting');
  if (all === undefined) return undefined;
  const byAlert = Map.groupBy(all, ({ found }) => found.name);
  return new Map([...byAlert].map(([alert, rules]) => [alert, rules.map(alertingRule)]));
}

function alertingRule({ everyS, found }: FoundRule): AlertingRule {
  const ms = Date.parse(found.lastEvaluation ?? '');
  return {
    // The time of Go that says never lies in the year 1.
    lastEvaluationMs: ms > 0 ? ms : undefined,
    everyS,
    labels: (found.alerts ?? []).map(({ labels }) => labels),
    failed: (found.lastError ?? '') !== '',
  };
}

interface FoundRule {
  group: string;
  everyS: number | undefined;
  found: z.infer<typeof rule>;
}

/** What has another form is left out. */
function rulesIn(data: unknown): FoundRule[] | undefined {
  const read = answer.safeParse(data);
  if (!read.success) return undefined;
  return read.data.groups.flatMap(({ name, interval, rules }) =>
    rules.flatMap((one) => {
      const { data: found } = rule.safeParse(one);
      return found === undefined ? [] : [{ group: name, everyS: interval, found }];
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
