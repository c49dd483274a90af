import type { LedgerCounts, LostInterval } from '../observe/ledger-types.ts';
import type {
  Distribution,
  FaultResult,
  Finding,
  HeadlinePair,
  HeatMap,
  LatencySummary,
  Report,
  SloResult,
  TimelineSeries,
} from './types.ts';

/**
 * report.json: keys in the order of the type, unknown ones after them as they come, Infinity as
 * "Infinity", NaN as null, undefined left out. The same report gives the same bytes, and so does what
 * is read back from them.
 */
export function stableJson(report: Report): string {
  return `${write(report, reportShape, '')}\n`;
}

/** The report as every renderer sees it: exactly what report.json says. */
export function normalizeReport(report: Report): Report {
  return JSON.parse(stableJson(report)) as Report;
}

/** Order of keys. `each` holds for the elements of an array or the values of a map. */
type Shape = { keys?: Record<string, Shape | undefined>; each?: Shape };
/** Forces every key of the type into the list, so that a new field cannot be forgotten. */
type Keys<T> = Record<keyof Required<T>, Shape | undefined>;

const no = undefined;

const lostInterval: Keys<LostInterval> = {
  load: no,
  worker: no,
  from: no,
  to: no,
  count: no,
  dueFromS: no,
  dueToS: no,
  fault: no,
  ambiguous: no,
};

const ledgerCounts: Keys<LedgerCounts> = {
  due: no,
  missed: no,
  offered: no,
  acknowledged: no,
  rejected: no,
  refused: no,
  unknown: no,
  delivered: no,
  lost: no,
  pending: no,
  undelivered: no,
  duplicated: no,
  duplicatedByRetry: no,
  late: no,
  recovered: no,
  unexpected: no,
  foreign: no,
  filtered: no,
  lostIntervals: { each: { keys: lostInterval } },
};

const latencySummary: Keys<LatencySummary> = {
  count: no,
  p50Ms: no,
  p90Ms: no,
  p95Ms: no,
  p99Ms: no,
  p999Ms: no,
  maxMs: no,
};
const latency: Shape = { keys: latencySummary };
const heatMap: Keys<HeatMap> = { stepS: no, fromMs: no, cells: no, unanswered: no };
const distribution: Keys<Distribution> = {
  ack: no,
  send: no,
  delivery: no,
  heat: { keys: { ack: { keys: heatMap }, send: { keys: heatMap } } },
};
const bySignal = (each: Shape): Shape => ({ keys: { traces: each, metrics: each, logs: each } });

const finding: Keys<Finding> = {
  code: no,
  severity: no,
  sentence: no,
  window: no,
  evidence: no,
  next: no,
};

const slo: Keys<SloResult> = {
  name: no,
  source: no,
  measure: no,
  promql: no,
  window: no,
  threshold: no,
  actual: no,
  unit: no,
  verdict: no,
  reason: no,
  interval: no,
  query: no,
  askedAtS: no,
  annotations: no,
  raw: no,
};

const fault: Keys<FaultResult> = {
  name: no,
  kind: no,
  members: no,
  intended: { keys: { startS: no, endS: no } },
  observed: { keys: { injectedS: no, recoveredS: no } },
  effect: no,
  verified: no,
  recovery: { keys: { removedS: no, endpointReadyS: no, firstAcceptedS: no, drainedS: no } },
  predicted: { keys: { items: no, why: no } },
  lost: no,
};

const series: Keys<TimelineSeries> = { name: no, unit: no, points: no };

const run: Keys<Report['run']> = {
  id: no,
  scenario: no,
  description: no,
  seed: no,
  startedAt: no,
  durationS: no,
  target: no,
  banner: no,
  command: no,
  versions: no,
  machine: no,
  members: { each: { keys: { name: no, version: no, starts: no } } },
};

const validity: Keys<Report['validity']> = {
  valid: no,
  reasons: no,
  offeredRatio: no,
  missedByGenerator: no,
  missedByTarget: no,
  sendLagMs: { keys: { p50: no, p99: no, max: no } },
  generatorCpuRatio: no,
  scrapeCoverage: no,
  clockSkewMs: no,
};

const counters: Keys<Report['counters']> = {
  accepted: no,
  sent: no,
  sendFailed: no,
  enqueueFailed: no,
  refused: no,
  unexplained: no,
  names: no,
};

const headlinePair: Keys<HeadlinePair> = {
  name: no,
  unit: no,
  client: no,
  prometheus: no,
  error: no,
  agree: no,
  reason: no,
};

const reportKeys: Keys<Report> = {
  schema: no,
  verdict: no,
  exitCode: no,
  findings: { each: { keys: finding } },
  run: { keys: run },
  validity: { keys: validity },
  slos: { each: { keys: slo } },
  ledger: bySignal({ keys: ledgerCounts }),
  latency: bySignal({ keys: { ack: latency, send: latency, delivery: latency } }),
  distribution: bySignal({ keys: distribution }),
  rate: bySignal({ keys: { intendedPerS: no, offeredPerS: no, acknowledgedPerS: no, deliveredPerS: no } }),
  faults: { each: { keys: fault } },
  counters: { keys: counters },
  headline: { each: { keys: headlinePair } },
  windows: { each: { keys: { name: no, fromS: no, toS: no } } },
  timeline: { keys: { stepS: no, series: { each: { keys: series } } } },
  settle: { keys: { fromS: no, toS: no, horizonS: no, shownEmpty: no, reason: no } },
  reach: { keys: { s: no, parts: no } },
  events: { each: { keys: { atS: no, about: no, what: no } } },
  configuration: { each: { keys: { name: no, text: no } } },
};
const reportShape: Shape = { keys: reportKeys };

/** Short values and arrays of numbers stand on one line, everything else one entry per line. */
const lineMax = 100;

function write(value: unknown, shape: Shape | undefined, indent: string): string {
  const flat = flatText(value, shape);
  if (flat.length <= lineMax - indent.length || isPlainArray(value)) return flat;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const parts = value.map((element: unknown) => inner + write(element, shape?.each, inner));
    return `[\n${parts.join(',\n')}\n${indent}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const parts = entriesOf(value, shape).map(
      ([key, child, childShape]) => `${inner}${JSON.stringify(key)}: ${write(child, childShape, inner)}`,
    );
    return `{\n${parts.join(',\n')}\n${indent}}`;
  }
  return flat;
}

function flatText(value: unknown, shape: Shape | undefined): string {
  if (typeof value === 'number') return numberText(value);
  if (Array.isArray(value)) {
    return `[${value.map((element: unknown) => flatText(element, shape?.each)).join(', ')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const parts = entriesOf(value, shape).map(
      ([key, child, childShape]) => `${JSON.stringify(key)}: ${flatText(child, childShape)}`,
    );
    return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
  }
  return JSON.stringify(value) ?? 'null';
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '"Infinity"';
  if (value === Number.NEGATIVE_INFINITY) return '"-Infinity"';
  return Number.isNaN(value) ? 'null' : JSON.stringify(value);
}

function entriesOf(value: object, shape: Shape | undefined): [string, unknown, Shape | undefined][] {
  const known = shape?.keys ?? {};
  const entries = new Map(Object.entries(value).filter(([, child]) => child !== undefined));
  const ordered = [
    ...Object.keys(known).filter((key) => entries.has(key)),
    ...[...entries.keys()].filter((key) => !Object.hasOwn(known, key)),
  ];
  return ordered.map((key) => [key, entries.get(key), Object.hasOwn(known, key) ? known[key] : shape?.each]);
}

function isPlainArray(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const isLeaf = (element: unknown) => typeof element === 'number' || element === null;
  return value.every(
    (element: unknown) => isLeaf(element) || (Array.isArray(element) && element.every(isLeaf)),
  );
}
