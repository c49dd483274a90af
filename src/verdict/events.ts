import type { ClusterRecord } from '../observe/cluster-record.ts';
import type { FaultRecord } from '../observe/evidence.ts';
import type { RunEvent } from '../report/types.ts';
import { hasBegun } from './drill.ts';
import type { Facts } from './facts.ts';
import { howInterrupted } from './interrupted.ts';
import { type Recovery, type RecoveryStage, recoveryStages } from './recovery.ts';
import { faultBounds, type Window } from './windows.ts';

/** A member that restarts all the time, or a busy cluster, must not make the report one that cannot be opened. */
const eventsMax = 1000;
const ofClusterMax = 500;

/** What happened when, in order: load and its stages, faults as intended and as seen, members, settling. */
export function listEvents(facts: Facts, run: Window, recovered: ReadonlyMap<string, Recovery>): RunEvent[] {
  const { record } = facts;
  const events = [
    ...loadEvents(facts, run),
    ...record.faults.flatMap((fault) => faultEvents(facts, fault, recovered.get(fault.name))),
    ...memberEvents(facts),
    ...alertEvents(facts),
    ...drillEvents(facts),
    at(record.settle.fromNs, 'settle', 'the load is over; waiting for the target to be empty'),
    at(record.settle.toNs, 'settle', `settling ended: ${record.settle.reason}`),
    ...endEvents(facts),
  ];
  const own = inOrder(events).slice(0, eventsMax);
  return inOrder([...own, ...clusterEvents(record.cluster)]);
}

function inOrder(events: RunEvent[]): RunEvent[] {
  return events.filter(({ atS }) => Number.isFinite(atS)).sort((a, b) => a.atS - b.atS);
}

function at(ns: number, about: RunEvent['about'], what: string): RunEvent {
  return { atS: ns / 1e9, about, what };
}

function loadEvents(facts: Facts, run: Window): RunEvent[] {
  const { entries, warmupNs } = facts.record.plan;
  const warm = warmupNs > 0 ? [at(run.fromNs, 'load', 'warmup ends; window run begins')] : [];
  const each = entries.flatMap(({ spec, startNs, stages }) => [
    at(startNs, 'load', `${spec.name} begins: ${spec.signal} over ${spec.protocol}, ${spec.batch} a request`),
    ...stages.map(({ name, fromNs }) => at(startNs + fromNs, 'load', `${spec.name}/${name} begins`)),
  ]);
  return [...each, ...warm];
}

const recoveryWords: Record<RecoveryStage, string> = {
  removed: 'is removed',
  endpointReady: 'is over for the endpoint: it answers again',
  firstAccepted: 'is over for the load: the first item is accepted again',
  drained: 'is over for the queues: what had piled up is drained',
  p95Back: 'is over: the P95 is back under its limit',
};

function faultEvents(facts: Facts, fault: FaultRecord, recovery: Recovery | undefined): RunEvent[] {
  const { injectedNs, recoveredNs } = faultBounds(fault, facts.table);
  const { drill } = facts.record;
  const on = fault.members.length === 0 ? '' : ` on ${fault.members.join(', ')}`;
  // An instant has no removal that anyone saw.
  const isOneShot = fault.intended.endNs === undefined;
  const stages = recoveryStages.flatMap((stage) => {
    const ns = stage === 'removed' && isOneShot ? undefined : recovery?.atNs[stage];
    return ns === undefined ? [] : [at(ns, 'fault', `${fault.name} ${recoveryWords[stage]}`)];
  });
  return [
    ...(drill === undefined || hasBegun(drill, fault.name)
      ? [at(fault.intended.startNs, 'fault', `${fault.name} (${fault.kind}) is to begin${on}`)]
      : []),
    ...(injectedNs === undefined
      ? []
      : [at(injectedNs, 'fault', `${fault.name} is injected: ${fault.effect}`)]),
    ...(recoveredNs === undefined ? [] : [at(recoveredNs, 'fault', `${fault.name} is seen to have ended`)]),
    ...stages,
    ...waitEvents(fault),
    ...endedEvents(fault),
  ];
}

function waitEvents({ name, waits = [] }: FaultRecord): RunEvent[] {
  return waits.flatMap(({ pod, budget, fromNs, toNs, evicted }) => [
    at(fromNs, 'fault', `${name} waits for ${pod}: the disruption budget ${budget} keeps it`),
    ...(toNs === undefined
      ? []
      : [at(toNs, 'fault', evicted ? `${name} evicts ${pod}` : `${name} waits no longer for ${pod}`)]),
  ]);
}

function endedEvents({ name, ended = [] }: FaultRecord): RunEvent[] {
  return ended.flatMap(({ pod, endingNs, goneNs }) => [
    ...(endingNs === undefined ? [] : [at(endingNs, 'fault', `${pod} is told to end by ${name}`)]),
    ...(goneNs === undefined ? [] : [at(goneNs, 'fault', `${pod} is gone`)]),
  ]);
}

function alertEvents({ record }: Facts): RunEvent[] {
  const event = (atS: number | undefined, what: string): RunEvent[] =>
    atS === undefined ? [] : [{ atS, about: 'alert', what }];
  return (record.prometheus.alerts ?? []).flatMap(({ alert, labels, activeS, firingS, endS }) => {
    const name = labels === '' ? alert : `${alert} (${labels})`;
    return [
      ...(activeS < 0 ? event(0, `${name} is active already`) : []),
      ...(activeS < 0 || activeS === firingS ? [] : event(activeS, `${name} is pending`)),
      ...(firingS !== undefined && firingS < 0 ? [] : event(firingS, `${name} fires`)),
      ...event(endS, `${name} is ${firingS === undefined ? 'not pending any more' : 'resolved'}`),
    ];
  });
}

function memberEvents(facts: Facts): RunEvent[] {
  return facts.record.members.flatMap(({ name, version, starts }) =>
    starts.flatMap(({ atNs, exit }, i) => [
      at(atNs, 'member', `${name} ${i === 0 ? `starts (${version})` : 'starts again'}`),
      ...(exit === undefined ? [] : [at(exit.atNs, 'member', `${name} exits, ${exitWords(exit)}`)]),
    ]),
  );
}

function exitWords(exit: { code: number | null; signal: string | null }): string {
  return exit.signal === null ? `code ${exit.code ?? 'not known'}` : `ended by ${exit.signal}`;
}

function clusterEvents(cluster: ClusterRecord | undefined): RunEvent[] {
  if (cluster === undefined) return [];
  const { events, gaps, leftOut = 0 } = cluster;
  const shown = events.slice(0, ofClusterMax);
  const more = events.length - shown.length + leftOut;
  return [
    ...shown.map(({ atNs, what }) => at(atNs, 'cluster', what)),
    ...(more === 0
      ? []
      : [at(shown.at(-1)?.atNs ?? 0, 'cluster', `${more} more changes are not shown from here on`)]),
    ...gaps.flatMap(({ what, fromNs, toNs }) => [
      at(fromNs, 'cluster', `${what} are not watched from here on: the API server is not reached`),
      at(toNs, 'cluster', `${what} are watched again; what changed since has this time`),
    ]),
  ];
}

function drillEvents({ record: { drill = [], plan } }: Facts): RunEvent[] {
  const steps = plan.drill?.length ?? 0;
  return drill.flatMap(({ step, fromNs, toNs, outcome }, index) => {
    if (step.kind === 'fault') return []; // told by what was seen of it
    const what = step.kind === 'suspend' ? step.question : `${step.alert} is expected of ${step.fault}`;
    const begin = at(fromNs, 'drill', `step ${index + 1} of ${steps}: ${what}`);
    return toNs === undefined ? [begin] : [begin, at(toNs, 'drill', `step ${index + 1} is over: ${outcome}`)];
  });
}

function endEvents({ record }: Facts): RunEvent[] {
  const { ended } = record;
  const ns = record.durationS * 1e9;
  if (ended.kind === 'stop-condition') return [at(ns, 'load', `${ended.slo} stopped the run`)];
  if (ended.kind === 'drilled') return [at(ns, 'drill', 'the drill is over, and the load with it')];
  if (ended.kind === 'interrupted') return [at(ns, 'load', `the run was ${howInterrupted(record)}`)];
  return ended.kind === 'failed' ? [at(ns, 'load', `the run ended early: ${ended.message}`)] : [];
}
