import type { Signal } from '../base/signal.ts';
import type { Plan } from '../plan/types.ts';
import type { AlertRecord } from './alert-record.ts';
import type { ClusterRecord, PodSample } from './cluster-record.ts';
import type { DrillStepRecord } from './drill-record.ts';
import type { RuleRecord } from './rules.ts';
import type { WitnessRecord } from './witness.ts';

/**
 * One record per export request, fixed size, as it stands in evidence/requests-N.bin: eleven little-endian float64.
 * Times are ns from t = 0; NaN where there is none.
 */
export const requestFields = [
  'stream', // of the plan's entry
  'from', // first sequence
  'count', // items
  'dueNs', // the last item's due time
  'sendNs', // first attempt handed to an open connection's socket, else to the exporter; NaN when missed
  'finalNs', // final answer or the end of the last attempt; NaN when missed
  'class', // see RequestClass
  'rejected', // items that a partial success said were rejected
  'attempts',
  'status', // last answer: gRPC code, or HTTP status (>= 100); -1 when there was no answer
  'peer', // of the connection that carried the last attempt, see PeerRecord; -1 when none did
] as const;
export const requestRecordBytes = requestFields.length * 8;

/** The fields of a run's request records: those of runs that kept no list of peers end before `peer`. */
export function requestFieldsOf(record: Pick<RunRecord, 'peers'>): readonly string[] {
  return record.peers === undefined ? requestFields.slice(0, -1) : requestFields;
}

/** Where connections of the load ended, as far as the client can know it. */
export interface PeerRecord {
  /** Unique in the run. */
  id: number;
  /** The endpoint that the load was given: a member, or the group of which a Service picks one. */
  member: string;
  /** The peer address of the socket; behind a proxy or a Service it is theirs. */
  address: string;
}

export const requestClass = {
  acknowledged: 0,
  refused: 1,
  unknown: 2,
  missedByGenerator: 3,
  missedByTarget: 4,
} as const;
export type RequestClass = (typeof requestClass)[keyof typeof requestClass];

/**
 * One record per run of consecutive sequences of one stream within one export request that reached the sink, as it
 * stands in evidence/arrivals.bin: six little-endian float64.
 */
export const arrivalFields = [
  'stream', // 0: foreign items, `from` is meaningless
  'from',
  'count',
  'arrivalNs', // when the sink had read the request
  'accepted', // 1: the sink decided to accept; 0: seen (refused, blackholed or dropped by script)
  'request', // number of the export request at the sink, from 0
] as const;
export const arrivalRecordBytes = arrivalFields.length * 8;

/** What the run left on disk, as the verdict and the reports read it. */
export interface RunRecord {
  plan: Plan;
  /** What of the scenario the verdict needs beyond the plan. */
  judged: {
    description: string;
    expect?: { delivered: Partial<Record<Signal, { ratio: number; within: number }>> };
    /** Something of the run may still be in place. */
    recoveryIncomplete: boolean;
  };
  startedAt: string;
  /** Wall clock of t = 0, ms since 1970. */
  t0WallMs?: number;
  durationS: number;
  command: string;
  versions: Record<string, string>;
  machine: Record<string, string | number>;
  targetKind: string;
  /** What the report must say about the target, such as the embedded banner. */
  banner?: string;
  /** Why the sink's record is not whole (its thread died, the disk was full). */
  sinkFailure?: string;
  /** 'none': nothing of squall's stands behind the target, so what was delivered is not known. Default 'own'. */
  sink?: 'own' | 'none';
  members: MemberRecord[];
  /** Absent in records from before request records named their peer. */
  peers?: PeerRecord[];
  /** Why the run ended early, if it did. */
  ended:
    | { kind: 'complete' }
    | { kind: 'drilled' } // complete: the load ended with the last step of the drill
    | { kind: 'stop-condition'; slo: string }
    /** `why`: in a drill, whose word it was. */
    | { kind: 'interrupted'; why?: string }
    | { kind: 'failed'; message: string };
  drill?: DrillStepRecord[]; // of a game day, as far as it came
  settle: { fromNs: number; toNs: number; horizonNs: number; shownEmpty: boolean; reason: string };
  /** Longest residence of an item in the target, derived from the members' configuration, with its parts. */
  reach: { ns: number; parts: string[] };
  faults: FaultRecord[];
  canaries: CanaryRecord[];
  generator: { lateTicks: number; ticks: number; cpuRatioMax: number };
  prometheus: PrometheusRecord;
  processes: ProcessSample[];
  /** Of a target beside squall on one machine: what others had of its CPU meanwhile. */
  otherWork?: OtherWorkSample[];
  /** Of members that are pods, as the cluster counts them. */
  pods?: PodSample[];
  /** What happened in the cluster of the target, where that is one; ns from t = 0. */
  cluster?: ClusterRecord;
  /** Backends whose query API was asked after the run. */
  witnesses?: WitnessRecord[];
  /** Anything people should see that is neither an SLO nor a fault. */
  notes: { code: string; sentence: string; severity: 'fail' | 'warn' | 'info'; next: string }[];
}

/** Whether it went on as long as it was to. */
export function ranToEnd({ ended }: Pick<RunRecord, 'ended'>): boolean {
  return ended.kind === 'complete' || ended.kind === 'drilled';
}

export interface MemberRecord {
  name: string;
  group: string;
  version: string;
  /** Components of its pipelines that sample, filter, aggregate or deduplicate on purpose. */
  lossyComponents: string[];
  /** The load sends to it. Default true. */
  entry?: boolean;
  /** It exports to the sink. Default true. */
  exit?: boolean;
  /** What it may use, where the target says so. */
  resources?: { cpuMillis?: number; memoryBytes?: number };
  starts: {
    atNs: number;
    pid: number;
    exit?: { atNs: number; code: number | null; signal: string | null };
  }[];
}

export interface FaultRecord {
  name: string;
  kind: string;
  members: string[];
  intended: { startNs: number; endNs?: number };
  observed: { injectedNs?: number; recoveredNs?: number };
  /** Sentence with the proof: counter, exit code, state read back. */
  effect: string;
  /** The effect was seen, and its absence afterwards too. */
  verified: boolean;
  /** Stages of recovery, ns: removed, endpointReady, firstAccepted, drained. */
  recovery: Partial<Record<'removedNs' | 'endpointReadyNs' | 'firstAcceptedNs' | 'drainedNs', number>>;
  predictedWorstLoss?: { items: number; why: string };
  tries?: { why: string; count: number }; // to undo it, that failed
  /** Pods that disruption budgets kept from being evicted, ns from t = 0; without `toNs` nobody saw the end. */
  waits?: { pod: string; budget: string; why: string; fromNs: number; toNs?: number; evicted: boolean }[];
  /** Pods that it ended one after another, ns from t = 0, and what each collector had counted at the last look. */
  ended?: {
    pod: string;
    node: string;
    endingNs?: number;
    /** From TERM to KILL. */
    graceS?: number;
    goneNs?: number;
    items?: { accepted: number; sent: number };
    itemsNs?: number;
  }[];
}

export interface CanaryRecord {
  signal: Signal;
  protocol: string;
  sentNs: number;
  arrivedNs?: number;
  /** Found by comparing what arrived with what was sent: ids rewritten, times truncated, aggregated. */
  altered: string[];
}

export interface PrometheusRecord {
  available: boolean;
  url?: string;
  scrapeIntervalMs: number;
  /** Answers already asked for, by resolved query. */
  answers: PrometheusAnswer[];
  /** quantity -> resolved series name, per member. */
  names: Record<string, string>;
  /** Scrapes present over scrapes expected in the run window, 0..1; null without evidence. */
  coverage: number | null;
  skewMs: number | null;
  /** Sums over the run by deltas of raw samples, reset-aware; null where no series was found. */
  counters: {
    accepted: number | null;
    sent: number | null;
    sendFailed: number | null;
    enqueueFailed: number | null;
    refused: number | null;
  };
  /** The last two scrapes differ: items were still under way, so accepted and sent cannot be set against each other. */
  moving?: boolean;
  /** Alerts that were pending or firing in the run, and the rules it had; undefined where there can be none. */
  alerts?: AlertRecord[];
  rules?: RuleRecord[];
  matched?: true; // those without the labels of target.prometheus.match were not asked for
  /** For the timeline: [seconds from t = 0, value]. */
  series: { name: string; unit: string; points: [number, number][] }[];
}

export interface PrometheusAnswer {
  /** The SLO (or headline) that asked. */
  for: string;
  query: string;
  /** The threshold whose worst value this is, as written; undefined: asked once, for all thresholds. */
  threshold?: string;
  atS: number;
  /** One value, or why there is none. */
  value: number | null;
  reason?: string;
  raw: unknown;
  annotations: string[];
}

export interface ProcessSample {
  member: string;
  /** Seconds from t = 0. */
  atS: number;
  cpuCores: number;
  rssBytes: number;
  throttledPeriods?: number;
  periods?: number;
  /** It is another process than at the last look. */
  restarted?: true;
}

/** Means over the second before `atS`. */
export interface OtherWorkSample {
  /** Seconds from t = 0. */
  atS: number;
  /** Of the machine. */
  cores: number;
  /** Neither squall's nor the target's. */
  otherCores: number;
  /** Kept back by the host of a virtual machine. */
  stolenCores: number;
}
