import { strikesOf } from '../fault/blast-radius.ts';
import type { Undo } from '../fault/fault.ts';
import { changingSpecs, needsOf } from '../fault/rights.ts';
import { faults } from '../registry.ts';
import { images } from '../scenario/images.ts';
import type { FaultSpec, TargetSpec } from '../scenario/types.ts';
import { startDocker } from '../target/docker.ts';
import { startEmbedded } from '../target/embedded.ts';
import { startExternal } from '../target/external.ts';
import { startKind } from '../target/kind.ts';
import { startKubernetes } from '../target/kubernetes.ts';
import type { GuardWish } from '../target/kubernetes-guard.ts';
import type { Need } from '../target/kubernetes-rights.ts';
import { startProxy } from '../target/link.ts';
import { startLocal } from '../target/local.ts';
import type { Target } from '../target/target.ts';
import { asksAgents, ownNeeds } from './cluster-site.ts';
import { sinkReached } from './docker-site.ts';
import { need, type Session } from './session.ts';

/** What a run may take besides its load: start, settling, clean-up, s. Then the cluster removes its record itself. */
const recordMarginS = 1800;

/** Starts (or reaches) the system under test that the scenario names. */
export async function startTarget(session: Session): Promise<Target> {
  const spec = session.scenario.target;
  switch (spec.kind) {
    case 'local':
      return startLocal({
        spec,
        runId: session.plan.runId,
        runDir: session.dir,
        sink: sinkAddresses(session),
        otelcol: need(session, 'tools').otelcol ?? '',
        clock: session.clock,
        links: linksOf(session),
        startProxy,
      });
    case 'docker':
      return startDocker({
        spec,
        site: need(session, 'site'),
        runDir: session.dir,
        sink: sinkReached(session),
        clock: session.clock,
        links: linksOf(
          session,
          ({ kind, params }) => !(kind === 'network-partition' && params.direction === 'both'),
        ),
        startProxy,
        onNote: (sentence) => session.say(sentence),
      });
    case 'kind':
      return startKind({
        spec,
        made: need(session, 'kind'),
        runId: session.plan.runId,
        needs: faultNeeds(session),
        deadlineS: Math.ceil(session.plan.endNs / 1e9) + recordMarginS,
        sink: sinkReached(session),
        clock: session.clock,
        onNote: (sentence) => session.say(sentence),
      });
    case 'kubernetes':
      return startKubernetes({
        spec,
        runId: session.plan.runId,
        needs: [...faultNeeds(session), ...ownNeeds(spec, session.plan)],
        strikes: strikesOf(session.plan.faults),
        deadlineS: Math.ceil(session.plan.endNs / 1e9) + recordMarginS,
        clock: session.clock,
        ...(asksAgents(spec, session.plan) ? { agents: { image: spec.image ?? images.squall } } : {}),
        ...guardOf(session, spec),
        intend: (undo, what) => intendInCluster(session, { ...undo, kind: `kubernetes-${what}` }),
      });
    case 'external':
      return startExternal({ spec, clock: session.clock });
    case 'embedded':
      return startEmbedded({
        spec,
        runId: session.plan.runId,
        runDir: session.dir,
        sink: sinkAddresses(session),
        clock: session.clock,
      });
  }
}

/** For what stays changed when nobody is left to put it back; what agents hold ends by itself. */
function guardOf(session: Session, spec: TargetSpec & { kind: 'kubernetes' }): { guard?: GuardWish } {
  const changing = changingSpecs(
    session.plan.faults.map((fault) => fault.spec),
    faults,
  );
  if (changing.length === 0) return {};
  return { guard: { image: spec.image ?? images.squall, needs: needsOf(changing, faults) } };
}

function intendInCluster(session: Session, undo: Undo): void {
  need(session, 'journal').append({ kind: 'resource', what: 'objects in the cluster', undo: [undo] });
}

function faultNeeds(session: Session): Need[] {
  const specs = session.plan.faults.map(({ spec }) => spec);
  return needsOf(specs, faults);
}

function sinkAddresses(session: Session): { grpc: string; http: string } {
  return session.sink ?? { grpc: '127.0.0.1:1', http: '127.0.0.1:1' };
}

/** The links that some fault of the plan acts on by a proxy: only those get one. */
function linksOf(
  session: Session,
  shaped: (spec: FaultSpec) => boolean = () => true,
): { member: string; peer: string }[] {
  const links: { member: string; peer: string }[] = [];
  for (const { spec } of session.plan.faults) {
    if (faults[spec.kind]?.needs.power !== 'link' || !shaped(spec)) continue;
    links.push({ member: spec.selector.member ?? '', peer: String(spec.params.peer ?? 'load') });
  }
  return links;
}
