import type { FaultSpec } from '../scenario/types.ts';
import type { Plan, PlannedFault } from './types.ts';

/** The longest pause between two attempts of a collector's exporter (retry_on_failure.max_interval), ns. */
export const retryPauseMaxNs = 30e9;
/** How long a rollout may take, pod after pod. */
const rolloutMaxNs = 300e9;

/** How much of an outage of what lies behind is still queued when `fault` strikes, ns of load. */
export function backlogBefore(plan: Plan, fault: PlannedFault): number {
  const outages = plan.faults.filter((other) => other !== fault && stopsExport(other.spec));
  const open = outages.filter((other) => {
    const endNs = other.endNs ?? other.startNs;
    return other.startNs < fault.startNs && fault.startNs <= endNs + retryPauseMaxNs;
  });
  return Math.max(
    0,
    ...open.map((other) => Math.min(fault.startNs, other.endNs ?? fault.startNs) - other.startNs),
  );
}

function stopsExport(spec: FaultSpec): boolean {
  if (spec.kind === 'backend-outage')
    return !['accept-and-drop', 'partial-success', 'scale', 'selector'].includes(String(spec.params.action));
  return spec.kind.startsWith('network-') && (spec.params.peer ?? 'load') !== 'load';
}

/** When pods that end one after another, from the start of `fault` on, can hold most: at the end of an outage. */
export function fullestNs(plan: Plan, { startNs }: PlannedFault): number {
  const ends = plan.faults.filter(({ spec }) => stopsExport(spec)).map((one) => one.endNs ?? one.startNs);
  return Math.max(startNs, ...ends.filter((endNs) => endNs <= startNs + rolloutMaxNs));
}

/** Answers that OTLP clients must not retry (opentelemetry-proto docs/specification.md). */
export function isPermanent(spec: FaultSpec): boolean {
  const { action, grpcStatus, httpStatus, retryDelay, retryDelayMs } = spec.params;
  if (action === 'http-status') return ![429, 502, 503, 504].includes(Number(httpStatus ?? 503));
  if (action !== 'grpc-status') return false;
  const status = String(grpcStatus ?? 'UNAVAILABLE');
  if (status === 'RESOURCE_EXHAUSTED') return (retryDelay ?? retryDelayMs) === undefined;
  const retryable = ['CANCELLED', 'DEADLINE_EXCEEDED', 'ABORTED', 'OUT_OF_RANGE', 'UNAVAILABLE', 'DATA_LOSS'];
  return !retryable.includes(status);
}
