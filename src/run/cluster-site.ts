import { rightsOf } from '../fault/rights.ts';
import type { LoadRun } from '../load/engine.ts';
import type { Plan } from '../plan/types.ts';
import { faults } from '../registry.ts';
import { images } from '../scenario/images.ts';
import type { TargetSpec } from '../scenario/types.ts';
import { recoverCommand } from '../target/kubernetes-guard.ts';
import type { OwnPods } from '../target/kubernetes-own-pods.ts';
import { loadRules, type Need, sinkRules } from '../target/kubernetes-rights.ts';
import { copyNeeds } from '../target/pull-secrets.ts';
import { type ClusterLoadOptions, startClusterLoad } from './cluster-load.ts';
import { startClusterSink } from './cluster-sink.ts';
import { need, type Session } from './session.ts';

type ClusterSpec = TargetSpec & { kind: 'kubernetes' };

/** Beyond that a difference between clocks shows in latencies between pods. */
const clockWarnNs = 5e6;

/** Agents are put on the nodes only where the scenario lets them be, and a fault asks for them. */
export function asksAgents({ agent }: ClusterSpec, plan: Plan): boolean {
  return (
    agent === 'deploy' &&
    plan.faults.some(({ spec: { kind, params } }) => {
      const fault = faults[kind];
      return fault !== undefined && rightsOf(fault, params)?.class === 'agent';
    })
  );
}

/** What squall's own pods ask of the account, beyond what a run without them does and a fault asks for. */
export function ownNeeds(target: TargetSpec, plan: Plan): Need[] {
  if (target.kind !== 'kubernetes') return [];
  const inCluster = target.sink !== 'none' && target.sink.cluster !== undefined;
  return [
    ...(inCluster ? [{ home: true as const, rules: sinkRules }] : []),
    ...(target.load === undefined ? [] : [{ home: true as const, rules: loadRules }]),
    ...(asksAgents(target, plan) ? copyNeeds(target.imagePullSecrets ?? []) : []),
  ];
}

/** What of squall's own a run puts into the cluster, for people. */
export function ownTouches(target: ClusterSpec, faultsChange: boolean): string[] {
  const { namespaces, sink, load, image = images.squall } = target;
  const where = `in ${namespaces[0]}, with the image ${image}`;
  return [
    ...(sink === 'none' || sink.cluster === undefined
      ? []
      : [`a sink's pod behind the Service ${sink.cluster.service} ${where}`]),
    ...(load === undefined ? [] : [`a Job of ${load.pods} load pods ${where}`]),
    ...(faultsChange ? [guardTouch(target, where)] : []),
  ];
}

function guardTouch({ context, namespaces }: ClusterSpec, where: string): string {
  const command = recoverCommand({ context, namespace: namespaces[0] ?? '' });
  return `a guard's pod ${where}, where its account is (k8s/squall/guard.yaml); without it what faults change stays, should this machine be lost, until ${command}`;
}

function ownPods(session: Session): OwnPods {
  const { target } = session.scenario;
  const { place } = need(session, 'target');
  if (target.kind !== 'kubernetes' || place === undefined) throw new Error('the target is in no cluster');
  return {
    ...place,
    image: target.image ?? images.squall,
    pullSecrets: target.imagePullSecrets ?? [],
    clock: session.clock,
  };
}

/** The sink as a pod, once the run's record stands that owns it; other sinks are up by then. */
export async function clusterSinkUp(session: Session): Promise<void> {
  const { sink } = session.scenario.target;
  if (sink === 'none' || sink.cluster === undefined) return;
  const started = await startClusterSink({
    own: ownPods(session),
    service: sink.cluster.service,
    task: {
      plan: session.plan,
      capture: session.capture,
      durable: false,
      threads: 1,
      secrets: session.secrets,
    },
    evidenceDir: session.evidenceDir,
    clock: session.clock,
  });
  session.sink = started;
  noteClock(session, `the pod ${started.pod}`, started.clockBoundNs);
}

/** Ends when its evidence is here, before its pod goes with the record. */
export async function clusterSinkDown(session: Session): Promise<void> {
  const { sink } = session.scenario.target;
  if (sink !== 'none' && sink.cluster !== undefined) await session.sink?.stop();
}

/** The load as pods of a Job; undefined: the scenario sends it from this machine. */
export async function clusterLoadUp(
  session: Session,
  options: Pick<ClusterLoadOptions, 'endpoints' | 'onProgress'>,
): Promise<LoadRun | undefined> {
  const { target } = session.scenario;
  if (target.kind !== 'kubernetes' || target.load === undefined) return undefined;
  const { plan, evidenceDir, clock } = session;
  const place = { plan, evidenceDir, clock };
  const load = await startClusterLoad({ own: ownPods(session), ...target.load, ...place, ...options });
  noteClock(session, `the ${target.load.pods} load pods`, load.clockBoundNs);
  return load;
}

function noteClock(session: Session, whose: string, boundNs: number): void {
  const warn = boundNs > clockWarnNs;
  session.notes.push({
    code: 'SQ-NOTE-CLOCK',
    severity: warn ? 'warn' : 'info',
    sentence: `times of ${whose} are within ${(boundNs / 1e6).toFixed(1)} ms of this machine's, as asked before t = 0`,
    next: warn
      ? 'read delivery_duration with that in mind, or run squall nearer to the API server'
      : 'nothing',
  });
}
