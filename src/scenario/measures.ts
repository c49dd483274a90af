/**
 * The one table of measures. The judge reads it to know where a value comes from, the scenario's checks to know which
 * aggregations fit, `explain` and the reference page to say what each means.
 */
export interface Measure {
  kind: 'duration' | 'count' | 'rate' | 'ratio' | 'value';
  /** Base unit of its thresholds. */
  unit: 'ms' | 'items' | 'items/s' | 'ratio';
  /** Aggregations that fit; 'p' stands for p(N). */
  aggregations: readonly AggregationName[];
  source: 'client' | 'ledger' | 'sink' | 'members';
  /** Tags it must have; `signal` and `load` are always allowed, but of members, which have `member` alone. */
  needs?: 'fault';
  meaning: string;
}

export type AggregationName = 'avg' | 'min' | 'max' | 'med' | 'p' | 'count' | 'rate' | 'value';

const durations = ['avg', 'min', 'max', 'med', 'p'] as const;

function duration(source: Measure['source'], meaning: string): Measure {
  return { kind: 'duration', unit: 'ms', aggregations: durations, source, meaning };
}

function count(source: Measure['source'], meaning: string): Measure {
  return { kind: 'count', unit: 'items', aggregations: ['count'], source, meaning };
}

function rate(source: Measure['source'], meaning: string): Measure {
  return { kind: 'rate', unit: 'items/s', aggregations: ['value'], source, meaning };
}

/** Of several members the one with the most is judged: a mean would hide it. */
function usage(aggregations: Measure['aggregations'], meaning: string): Measure {
  return { kind: 'ratio', unit: 'ratio', aggregations, source: 'members', meaning };
}

export const measures = {
  ack_duration: duration(
    'client',
    'per export request, from due to the final answer, retries included; refused, unknown and missed are infinite',
  ),
  send_duration: duration('client', 'per export request, from the first attempt to the final answer'),
  delivery_duration: duration('sink', 'per item, from due to its first arrival at the sink'),
  time_to_recover: {
    kind: 'value',
    unit: 'ms',
    aggregations: ['value'],
    source: 'client',
    needs: 'fault',
    meaning: 'from the injection of the fault to the first item accepted after it',
  },
  items_due: count('client', 'items that the plan wanted sent'),
  items_missed: count('client', 'items due and never sent'),
  items_offered: count('client', 'items handed to an export request'),
  items_acknowledged: count('client', 'items whose request was answered OK'),
  items_rejected: count('client', 'items that a partial success rejected'),
  items_refused: count('client', 'items that the server definitely did not take'),
  items_unknown: count('client', 'items whose request ended without a definite answer of the server'),
  items_delivered: count('ledger', 'items that the sink accepted'),
  items_lost: count('ledger', 'items acknowledged and not delivered, with the target shown empty'),
  items_undelivered: count('ledger', 'items due and not delivered, whether missed, refused, dropped or lost'),
  items_duplicated: count('ledger', 'distinct items that the sink accepted more than once'),
  items_late: count('ledger', 'items delivered later than lateAfter after they were due'),
  items_unexpected: count('ledger', 'items of this run that were never offered'),
  items_foreign: count('ledger', 'items at the sink that are not of this run'),
  offered_rate: rate('client', 'items offered per second of the window'),
  acknowledged_rate: rate('client', 'items acknowledged per second of the window'),
  delivered_rate: rate('sink', 'items delivered per second of the window'),
  refused_ratio: {
    kind: 'ratio',
    unit: 'ratio',
    aggregations: ['rate'],
    source: 'client',
    meaning: '(rejected + refused + unknown) / offered',
  },
  cpu_ratio: usage(
    ['avg', 'max'],
    'CPU over its limit, of the member that is there at the end and used most',
  ),
  memory_ratio: usage(
    ['avg', 'max'],
    'memory over its limit, likewise: the working set where a kubelet tells it, else what is resident',
  ),
  throttled_ratio: usage(['rate'], 'CPU periods in which the quota was used up, over all periods, likewise'),
} as const satisfies Record<string, Measure>;

export type MeasureName = keyof typeof measures;

export function findMeasure(name: string): Measure | undefined {
  return Object.hasOwn(measures, name) ? measures[name as MeasureName] : undefined;
}

/** A measure as written in an SLO: `ack_duration{signal:traces, load:spans}`. */
export interface MeasureText {
  name: string;
  tags: Record<string, string>;
}

/**
 * measure = name [ "{" tag { "," tag } "}" ] ;  tag = word ":" value   (k6's sub-metric)
 * Undefined when the text has another form.
 */
export function parseMeasure(text: string): MeasureText | undefined {
  const found = /^\s*([a-z][a-z0-9_]*)\s*(?:\{([^{}]*)\})?\s*$/i.exec(text);
  if (found?.[1] === undefined) return undefined;
  const tags: Record<string, string> = {};
  for (const part of (found[2] ?? '').split(',')) {
    if (part.trim() === '' && found[2]?.trim() !== '' && found[2] !== undefined) return undefined;
    if (part.trim() === '') continue;
    const [key, value, ...rest] = part.split(':').map((word) => word.trim().replace(/^"(.*)"$/, '$1'));
    if (key === undefined || key === '' || value === undefined || value === '' || rest.length > 0)
      return undefined;
    if (Object.hasOwn(tags, key)) return undefined;
    tags[key] = value;
  }
  return { name: found[1], tags };
}

export function formatMeasure(measure: MeasureText): string {
  const tags = Object.entries(measure.tags).map(([key, value]) => `${key}:${value}`);
  return tags.length === 0 ? measure.name : `${measure.name}{${tags.join(',')}}`;
}

export function formatAggregations(names: readonly AggregationName[]): string {
  return names.map((name) => (name === 'p' ? 'p(N)' : name)).join(', ');
}
