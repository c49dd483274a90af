import type { LedgerCounts } from '../observe/ledger-types.ts';
import { backend, lostInterval } from './json-backend-shape.ts';
import type {
  Balance,
  Distribution,
  FaultResult,
  Finding,
  HeadlinePair,
  HeatMap,
  LatencySummary,
  MemberItems,
  Report,
  SloResult,
  TimelineSeries,
} from './types.ts';

/** Order of keys. `each` holds for the elements of an array or the values of a map. */
export type Shape = { keys?: Record<string, Shape | undefined>; each?: Shape };
/** Forces every key of the type into the list, so that a new field cannot be forgotten. */
export type Keys<T> = Record<keyof Required<T>, Shape | undefined>;

const no = undefined;

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
  recovery: { keys: { removedS: no, endpointReadyS: no, firstAcceptedS: no, drainedS: no, p95BackS: no } },
  notSeen: { each: { keys: { stage: no, reason: no } } },
  predicted: { keys: { items: no, why: no } },
  lost: no,
  lostAtMost: no,
  waits: { each: { keys: { pod: no, budget: no, why: no, fromS: no, lengthS: no, evicted: no } } },
  ended: {
    each: {
      keys: {
        pod: no,
        node: no,
        endingS: no,
        graceS: no,
        goneS: no,
        held: { keys: { items: no, atS: no } },
      },
    },
  },
  alerts: { each: { keys: { alert: no, labels: no, activeS: no, firingS: no, resolvedS: no } } },
  retries: { keys: { requests: no, retried: no, retries: no } },
};

const series: Keys<TimelineSeries> = { name: no, unit: no, points: no };

const run: Keys<Report['run']> = {
  id: no,
  scenario: no,
  description: no,
  seed: no,
  startedAt: no,
  t0At: no,
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

const memberItems: Keys<MemberItems> = {
  name: no,
  addresses: no,
  standsFor: no,
  requests: no,
  offered: no,
  acknowledged: no,
  rejected: no,
  refused: no,
  unknown: no,
  share: no,
};
const balance: Keys<Balance> = {
  members: { each: { keys: memberItems } },
  notCarried: { keys: { requests: no, items: no } },
  imbalance: no,
  reason: no,
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
  backends: { each: { keys: backend } },
  latency: bySignal({ keys: { ack: latency, send: latency, delivery: latency } }),
  distribution: bySignal({ keys: distribution }),
  rate: bySignal({ keys: { intendedPerS: no, offeredPerS: no, acknowledgedPerS: no, deliveredPerS: no } }),
  faults: { each: { keys: fault } },
  counters: { keys: counters },
  headline: { each: { keys: headlinePair } },
  balance: { keys: balance },
  windows: { each: { keys: { name: no, fromS: no, toS: no } } },
  timeline: { keys: { stepS: no, series: { each: { keys: series } } } },
  settle: { keys: { fromS: no, toS: no, horizonS: no, shownEmpty: no, reason: no } },
  reach: { keys: { s: no, parts: no } },
  comparison: no,
  capacity: no,
  events: { each: { keys: { atS: no, about: no, what: no } } },
  configuration: { each: { keys: { name: no, text: no } } },
};
export const reportShape: Shape = { keys: reportKeys };
