import type { Signal, VerdictWord } from '../base/signal.ts';
import type { LedgerCounts } from '../observe/ledger-types.ts';
import type { BackendReport } from './backend-types.ts';
import type { CapacityReport } from './capacity-types.ts';
import type { ComparisonReport } from './comparison-types.ts';

/** report.json, schema squall.report/v1. An infinite value is written "Infinity"; a value without evidence is null. */
export interface Report {
  schema: 'squall.report/v1';
  verdict: VerdictWord;
  exitCode: number;
  /** Worst first; every output opens with the same three. */
  findings: Finding[];
  run: {
    id: string;
    scenario: string;
    description: string;
    seed: number;
    startedAt: string;
    /** Wall clock of t = 0, UTC. */
    t0At?: string;
    durationS: number;
    target: string;
    banner?: string;
    command: string;
    versions: Record<string, string>;
    machine: Record<string, string | number>;
    members: { name: string; version: string; starts: number }[];
  };
  validity: {
    valid: boolean;
    reasons: string[];
    offeredRatio: number | null;
    missedByGenerator: number;
    missedByTarget: number;
    sendLagMs: { p50: number | null; p99: number | null; max: number | null };
    generatorCpuRatio: number | null;
    scrapeCoverage: number | null;
    /** Prometheus's clock against squall's. */
    clockSkewMs?: number | null;
  };
  slos: SloResult[];
  ledger: Partial<Record<Signal, LedgerCounts>>;
  /** Backends beside the sink that were asked or taken away. */
  backends?: BackendReport[];
  latency: Partial<Record<Signal, { ack: LatencySummary; send: LatencySummary; delivery: LatencySummary }>>;
  /** The whole distributions behind `latency`, and the requests over time. */
  distribution?: Partial<Record<Signal, Distribution>>;
  rate: Partial<
    Record<
      Signal,
      { intendedPerS: number; offeredPerS: number; acknowledgedPerS: number; deliveredPerS: number }
    >
  >;
  faults: FaultResult[];
  counters: {
    accepted: number | null;
    sent: number | null;
    sendFailed: number | null;
    enqueueFailed: number | null;
    refused: number | null;
    unexplained: number | null;
    names: Record<string, string>;
  };
  /** P95, rate and loss from squall and from Prometheus, side by side. */
  headline?: HeadlinePair[];
  /** Which member took the load. Absent for runs from before requests named their member. */
  balance?: Balance;
  windows: { name: string; fromS: number; toS: number }[];
  timeline: { stepS: number; series: TimelineSeries[] };
  settle: { fromS: number; toS: number; horizonS: number; shownEmpty: boolean; reason: string };
  reach: { s: number; parts: string[] };
  /** Of `squall compare`: the rest of the report is of the candidate's last run. */
  comparison?: ComparisonReport;
  /** Of `squall capacity`: the rest of the report is its most telling trial. */
  capacity?: CapacityReport;
  /** What happened when, in order. */
  events?: RunEvent[];
  /** The scenario and the members' configurations as the run read them, secrets masked. */
  configuration?: { name: string; text: string }[];
}

export interface Balance {
  members: MemberItems[];
  /** Requests that no connection carried, and their items: all of them refused. */
  notCarried: { requests: number; items: number };
  /** Furthest distance from an even share of acknowledged items outside faults, over that share; null: not known. */
  imbalance: number | null;
  reason: string;
}

/** Items of the requests whose last attempt went to this member, warmup included. */
export interface MemberItems {
  name: string;
  /** Where the connections to it ended: of a proxy or a Service, theirs. */
  addresses: string[];
  /** Members behind this one address, where there are several: which of them answered is not known. */
  standsFor: string[];
  requests: number;
  offered: number;
  acknowledged: number;
  rejected: number;
  refused: number;
  unknown: number;
  /** Of all acknowledged items; null: there were none. */
  share: number | null;
}

/** Shares and what they do not exceed: [0.95, 4.2] says that 95 % took at most 4.2 ms. */
export type Quantile = [share: number, ms: number | 'Infinity'];

export interface Distribution {
  ack: Quantile[];
  send: Quantile[];
  delivery: Quantile[];
  heat: { ack: HeatMap; send: HeatMap };
}

/** Requests by when they were due and by how long they took. */
export interface HeatMap {
  /** Column c holds what was due in (c, c + 1] times this. */
  stepS: number;
  /** Row r holds what took from fromMs[r] up to fromMs[r + 1], the last one all beyond. */
  fromMs: number[];
  cells: [column: number, row: number, requests: number][];
  /** Never answered with success. */
  unanswered: [column: number, requests: number][];
}

export interface RunEvent {
  atS: number;
  about: 'load' | 'fault' | 'alert' | 'drill' | 'member' | 'cluster' | 'settle';
  what: string;
}

export interface HeadlinePair {
  name: string;
  unit: string;
  client: number | 'Infinity' | null;
  prometheus: number | null;
  /** Largest honest distance of the two; null where it is not one number (a histogram's bracket). */
  error: number | null;
  /** null: one of the two is missing. */
  agree: boolean | null;
  reason: string;
}

export interface TimelineSeries {
  name: string;
  unit: string;
  points: [number, number | null][];
}

export interface Finding {
  code: string;
  severity: 'fail' | 'unknown' | 'warn' | 'info';
  sentence: string;
  window?: string;
  evidence?: string;
  next: string;
}

export interface SloResult {
  name: string;
  source: 'client' | 'ledger' | 'sink' | 'members' | 'prometheus';
  measure?: string;
  promql?: string;
  window: string;
  threshold: string;
  actual: number | 'Infinity' | null;
  unit: string;
  verdict: VerdictWord;
  reason: string;
  interval?: [number | 'Infinity' | null, number | 'Infinity' | null];
  query?: string;
  /** When the query's answer holds, seconds from t = 0. */
  askedAtS?: number;
  /** Warnings and notes of Prometheus beside its answer. */
  annotations?: string[];
  raw?: unknown;
}

export interface LatencySummary {
  count: number;
  p50Ms: number | 'Infinity' | null;
  p90Ms: number | 'Infinity' | null;
  p95Ms: number | 'Infinity' | null;
  p99Ms: number | 'Infinity' | null;
  p999Ms: number | 'Infinity' | null;
  maxMs: number | 'Infinity' | null;
}

type RecoveryStage = 'removed' | 'endpointReady' | 'firstAccepted' | 'drained' | 'p95Back';

export interface FaultResult {
  name: string;
  kind: string;
  members: string[];
  intended: { startS: number; endS: number | null };
  observed: { injectedS: number | null; recoveredS: number | null };
  effect: string;
  verified: boolean;
  /** When the target came back, stage by stage. */
  recovery: {
    removedS?: number;
    endpointReadyS?: number;
    firstAcceptedS?: number;
    drainedS?: number;
    /** The P95 of ack_duration is under the limit that an SLO sets it. */
    p95BackS?: number;
  };
  /** Stages that were not reached, and why that is. */
  notSeen?: { stage: RecoveryStage; reason: string }[];
  predicted?: { items: number; why: string };
  lost: number;
  /** Where others may have cost some of it, or it some of theirs. */
  lostAtMost?: number;
  /** Pods that disruption budgets kept from being evicted; a null length: its end was not seen. */
  waits?: {
    pod: string;
    budget: string;
    why: string;
    fromS: number;
    lengthS: number | null;
    /** False: it was kept until the fault was undone. */
    evicted: boolean;
  }[];
  /** Pods that it ended one after another. */
  ended?: {
    pod: string;
    node: string;
    /** From when it was asked to end; null: it was not, or nobody saw it. */
    endingS: number | null;
    graceS: number | null;
    goneS: number | null;
    /** What its collector had accepted and not handed on when it last answered; null: it never did. */
    held: { items: number; atS: number | null } | null;
  }[];
  /** Alerts that became active after it and before the next fault; undefined where no rule can have been loaded. */
  alerts?: {
    alert: string;
    labels: string;
    /** Pending, or firing where it has no `for`. */
    activeS: number;
    firingS: number | null;
    resolvedS: number | null;
  }[];
  /** Of the requests that were due or unanswered while it was in place: sent more than once, and how many times more. */
  retries?: { requests: number; retried: number; retries: number };
}
