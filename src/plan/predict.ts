import { formatDuration } from '../base/units.ts';
import { itemsDueBetween } from './amount.ts';
import type { LossPrediction, PipelineFacts } from './facts.ts';
import { backlogBefore, fullestNs, isPermanent, retryPauseMaxNs } from './outages.ts';
import type { Plan, PlannedFault } from './types.ts';

/** The pipelines of a target: one for all members, or one for each by name. */
export type Pipelines = PipelineFacts | ReadonlyMap<string, PipelineFacts>;

/** The first such pause at most (retry_on_failure.initial_interval, 5 s by default), ns. */
const retryPauseFirstNs = 5e9;

/**
 * The worst loss of each fault, as an upper bound: acknowledged items that the settings allow to vanish. What a client
 * was not told to be safe (refused, unknown) is no loss.
 */
export function predictLoss(plan: Plan, pipelines: Pipelines): LossPrediction[] {
  return plan.faults.map((fault) => ({ fault: fault.spec.name, ...predict({ plan, fault, pipelines }) }));
}

interface Case {
  plan: Plan;
  fault: PlannedFault;
  pipelines: Pipelines;
}

type Loss = Omit<LossPrediction, 'fault'>;

function predict(one: Case): Loss {
  const { spec } = one.fault;
  switch (spec.kind) {
    case 'container-kill':
    case 'pod-kill':
    case 'pod-failure':
    case 'node-drain':
    case 'scale':
      return worst(membersOf(one), (facts) => killLoss(one, facts));
    case 'rolling-restart':
    case 'collector-reconfigure': {
      // Its last pods end when an outage has lasted longest.
      const last = { ...one, fault: { ...one.fault, startNs: fullestNs(one.plan, one.fault) } };
      return worst(membersOf(one), (facts) => killLoss(last, facts));
    }
    case 'backend-outage':
      return spec.acts === 'backend' ? noLoss : outageOfSink(one);
    case 'network-partition':
    case 'network-delay':
    case 'network-bandwidth':
    case 'network-loss':
    case 'connection-reset':
      return (spec.params.peer ?? 'load') === 'load'
        ? noLoss
        : worst(membersOf(one), (facts) => outageLoss(one, facts));
    case 'container-pause':
      return worst(upstreamOf(one), (facts) => outageLoss(one, facts));
    case 'resource-limit':
      // Short of CPU it is slow, as if it stood still for a part of the time; short of memory the kernel may kill it.
      return spec.params.memory === undefined
        ? worst(upstreamOf(one), (facts) => outageLoss(one, facts))
        : { items: dueIn(one), why: 'the kernel may kill it while it lasts, more than once' };
    case 'disk-fill':
      return worst(membersOf(one), (facts) => diskLoss(one, facts));
    case 'tls-expiry':
      return noLoss;
    case 'node-cordon':
      return { items: 0, why: 'what runs on the node stays' };
    default:
      return { items: dueIn(one), why: 'no model of this kind: everything due while it lasts' };
  }
}

const noLoss: Loss = { items: 0, why: 'what it stops was never acknowledged' };

function worst(pipelines: readonly PipelineFacts[], loss: (facts: PipelineFacts) => Loss): Loss {
  return pipelines
    .map(loss)
    .reduce((a, b) => (b.items > a.items ? b : a), pipelines.length === 0 ? noLoss : nothing);
}

const nothing: Loss = { items: -1, why: '' };

/** What memory holds at the kill: the batch processor, the queue and the export under way, and an outage's backlog. */
function killLoss(one: Case, facts: PipelineFacts): Loss {
  const { plan, fault } = one;
  const batchNs = facts.batchTimeoutMs * 1e6;
  const since = (fromNs: number) => itemsDueBetween(plan, { fromNs, toNs: fault.startNs });
  const batched = Math.min(since(fault.startNs - batchNs), facts.batchSize || Number.POSITIVE_INFINITY);
  if (facts.queuePersistent) {
    if (facts.batchTimeoutMs === 0)
      return { items: 0, why: 'the queue is on disk and nothing is batched before it' };
    return {
      items: batched,
      why: `the queue is on disk, ${formatDuration(facts.batchTimeoutMs)} of items in the batch processor is not`,
    };
  }
  const backlogNs = backlogBefore(plan, fault);
  const residentNs = batchNs + facts.exporterTimeoutMs * 1e6 + backlogNs;
  const parts = [
    ...(facts.batchTimeoutMs > 0 ? [`batch timeout ${formatDuration(facts.batchTimeoutMs)}`] : []),
    `export ${formatDuration(facts.exporterTimeoutMs)}`,
    ...(backlogNs > 0 ? [`backlog of an outage ${formatDuration(backlogNs / 1e6)}`] : []),
  ];
  const bound = batched + queueItems(one, facts);
  const items = Math.min(since(fault.startNs - residentNs), backlogNs > 0 ? bound : Number.POSITIVE_INFINITY);
  return { items, why: `the queue is in memory: all that came in within ${parts.join(' + ')} can be in it` };
}

function outageOfSink(one: Case): Loss {
  const { action, errorRate } = one.fault.spec.params;
  const share = typeof errorRate === 'number' ? errorRate : 1;
  // What is exported at the start was due a batch earlier.
  const batchMs = Math.max(0, ...exportersOf(one).map((facts) => facts.batchTimeoutMs));
  const due = Math.ceil(dueIn(one, batchMs) * share);
  if (action === 'accept-and-drop') return { items: due, why: 'the sink answers OK and drops' };
  if (action === 'partial-success')
    return { items: due, why: 'a collector counts a partial success as sent' };
  if (isPermanent(one.fault.spec))
    return { items: due, why: 'the answer is permanent: a collector drops and does not retry' };
  return worst(exportersOf(one), (facts) => outageLoss(one, facts, share));
}

/** A collector that cannot export: what its queue cannot hold and what its retry gives up. */
function outageLoss(one: Case, facts: PipelineFacts, share = 1): Loss {
  const { fault } = one;
  const due = Math.ceil(dueIn(one) * share);
  const pausedNs = retryPauseNs(one, facts);
  const stalled = itemsDueBetween(one.plan, { fromNs: fault.startNs, toNs: endOf(fault) + pausedNs });
  if (!facts.retryEnabled) return { items: due, why: 'retry is off: each failed export is dropped' };
  const lengthNs = endOf(fault) - fault.startNs;
  const patienceNs = facts.retryMaxElapsedMs === 0 ? Number.POSITIVE_INFINITY : facts.retryMaxElapsedMs * 1e6;
  const expired =
    lengthNs <= patienceNs
      ? 0
      : itemsDueBetween(one.plan, { fromNs: fault.startNs, toNs: fault.startNs + lengthNs - patienceNs });
  // Without a batch processor a full queue refuses at the receiver: the client knows, so nothing is lost.
  const held = queueItems(one, facts);
  const overflow = facts.batchTimeoutMs === 0 ? 0 : Math.max(0, Math.ceil(stalled * share) - held);
  const items = Math.min(Math.max(due, overflow), Math.ceil(expired * share) + overflow);
  if (items === 0) return { items, why: 'queue and retry outlast it' };
  const reasons = [
    ...(expired > 0 ? [`retry gives up after ${formatDuration(facts.retryMaxElapsedMs)}`] : []),
    ...(overflow > 0
      ? [
          `the queue holds ${held.toLocaleString('en-US')} items and the rest overflows until the exporter tries again, ` +
            `up to ${formatDuration(Math.round(pausedNs / 1e6))} after the end`,
        ]
      : []),
  ];
  return { items, why: reasons.join('; ') };
}

/**
 * How long after the end the exporter may still wait. Its pauses grow by half each time, each stretched or shrunk
 * by up to half: after L s of failures the next one is at most 1.5 (first + L), and never over 1.5 times the longest
 * (cenkalti/backoff as the collector sets it). An attempt that was under way ends by its timeout.
 */
function retryPauseNs({ fault }: Case, facts: PipelineFacts): number {
  const growing = retryPauseFirstNs + endOf(fault) - fault.startNs;
  return 1.5 * Math.min(retryPauseMaxNs, growing) + facts.exporterTimeoutMs * 1e6;
}

function endOf(fault: PlannedFault): number {
  return fault.endNs ?? fault.startNs;
}

function diskLoss(one: Case, facts: PipelineFacts): Loss {
  if (!facts.queuePersistent) return { items: 0, why: 'nothing of the pipeline is on the disk' };
  if (facts.batchTimeoutMs === 0)
    return { items: 0, why: 'a queue that cannot write refuses at the receiver' };
  return {
    items: dueIn(one, facts.batchTimeoutMs),
    why: 'a queue that cannot write drops what the batch processor hands on',
  };
}

/** Items in a full queue: requests of the batch processor's size, or of the load's where there is none. */
function queueItems(one: Case, facts: PipelineFacts): number {
  const { plan, fault } = one;
  const perBatch =
    facts.batchTimeoutMs === 0
      ? Math.min(...plan.entries.map((entry) => entry.pace.batch))
      : batchItems(one, facts, fault.startNs);
  return facts.queueSizeBatches * Math.max(1, perBatch);
}

/** Items that one batch collects before its timeout, at most the batch size. */
function batchItems(one: Case, facts: PipelineFacts, atNs: number): number {
  const window = { fromNs: atNs - facts.batchTimeoutMs * 1e6, toNs: atNs };
  return Math.min(itemsDueBetween(one.plan, window), facts.batchSize || Number.POSITIVE_INFINITY);
}

/** Due while the fault lasts, and `beforeMs` ahead of it. */
function dueIn(one: Case, beforeMs = 0): number {
  const { plan, fault } = one;
  return itemsDueBetween(plan, { fromNs: fault.startNs - beforeMs * 1e6, toNs: endOf(fault) });
}

function membersOf({ fault, pipelines }: Case): PipelineFacts[] {
  if (!isMap(pipelines)) return [pipelines];
  const { member } = fault.spec.selector;
  const own = member === undefined ? undefined : pipelines.get(member);
  return own === undefined ? [...pipelines.values()] : [own];
}

/** Those that export to the sink. */
function exportersOf({ pipelines }: Case): PipelineFacts[] {
  return isMap(pipelines)
    ? [...pipelines.values()].filter((facts) => facts.sendsTo === undefined)
    : [pipelines];
}

/** Those that export to the member that the fault stops; the load itself is told when it fails. */
function upstreamOf({ fault, pipelines }: Case): PipelineFacts[] {
  if (!isMap(pipelines)) return [];
  const { member } = fault.spec.selector;
  return [...pipelines.values()].filter((facts) => facts.sendsTo !== undefined && facts.sendsTo === member);
}

function isMap(pipelines: Pipelines): pipelines is ReadonlyMap<string, PipelineFacts> {
  return pipelines instanceof Map;
}
