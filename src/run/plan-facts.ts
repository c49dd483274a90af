import { access, constants, readFile } from 'node:fs/promises';
import { findHierarchy } from '../base/cgroup.ts';
import { SquallError } from '../base/errors.ts';
import { opensslVersion } from '../fault/expired-certificate.ts';
import { changingSpecs, needsOf, rightsOfPlan } from '../fault/rights.ts';
import { ceilingWarnings } from '../plan/ceiling.ts';
import type { PipelineFacts } from '../plan/facts.ts';
import { hurried } from '../plan/hurried.ts';
import { predictLoss } from '../plan/predict.ts';
import { type PlanFacts, struckBy } from '../plan/print.ts';
import type { Plan } from '../plan/types.ts';
import { faults } from '../registry.ts';
import { startsPrometheus } from '../scenario/own-prometheus.ts';
import { collectorsOf, type Scenario, type TargetSpec } from '../scenario/types.ts';
import { readPipelineFacts } from '../target/collector-config.ts';
import { openDocker } from '../target/docker-client.ts';
import { absentImages } from '../target/docker-image.ts';
import { strikable } from '../target/kubernetes-backend.ts';
import { allowLabel } from '../target/kubernetes-preflight.ts';
import { neededRights, rightText } from '../target/kubernetes-rights.ts';
import { longestPath } from '../target/local-order.ts';
import { settleOf } from '../target/residence.ts';
import { stockGateway } from '../target/stock-gateway.ts';
import type { ToolName } from '../tools/find.ts';
import { defaultCacheDir, findCached, findFromEnv, findOnPath } from '../tools/present.ts';
import { readCeilings } from './ceilings-file.ts';
import { ownNeeds, ownTouches } from './cluster-site.ts';

/** What a run of the plan would touch, lack and at worst lose. Looks, and changes nothing. */
export async function planFacts(plan: Plan, scenario: Scenario): Promise<PlanFacts> {
  const pipelines = await readPipelines(scenario);
  return {
    preconditions: [
      ...(await missing(plan, scenario)),
      ...ceilingWarnings(plan, await readCeilings(defaultCacheDir(process.env))),
    ],
    touches: touches(plan, scenario),
    ...(scenario.target.kind === 'kubernetes' ? { rights: rightsLines(plan, scenario.target) } : {}),
    predictions: pipelines.size === 0 ? [] : predictLoss(hurried(plan), pipelines),
    ...settleFacts(scenario, pipelines),
  };
}

/** The pipelines of the members that squall starts; empty for a target whose configuration squall does not see. */
export async function readPipelines(scenario: Scenario): Promise<Map<string, PipelineFacts>> {
  const pipelines = new Map<string, PipelineFacts>();
  for (const [name, member] of Object.entries(collectorsOf(scenario.target))) {
    const text = member.config === undefined ? stockGateway() : await readFile(member.config, 'utf8');
    const facts = readPipelineFacts(text);
    pipelines.set(name, { ...facts, ...(member.sendsTo === undefined ? {} : { sendsTo: member.sendsTo }) });
  }
  return pipelines;
}

function settleFacts(scenario: Scenario, pipelines: Map<string, PipelineFacts>): { settleMs?: number } {
  if (pipelines.size === 0) return {};
  const hops = longestPath(collectorsOf(scenario.target)).flatMap((member) => {
    const facts = pipelines.get(member);
    return facts === undefined ? [] : [{ member, facts }];
  });
  return { settleMs: 1000 * Math.ceil(settleOf(hops) / 1e9) };
}

async function missing(plan: Plan, scenario: Scenario): Promise<string[]> {
  const found: string[] = [];
  const { target } = scenario;
  if (target.kind === 'docker') found.push(...(await missingAtDocker(target)));
  for (const name of wantedTools(target))
    if (!(await isHere(name))) found.push(`${name} is not here yet: squall setup fetches or builds it`);
  if (target.kind !== 'local') return found;
  const limited = Object.values(target.members).some((member) => member.resources !== undefined);
  const hierarchy = limited ? findHierarchy({ readOnly: true }) : undefined;
  if (hierarchy?.kind === 'none') found.push(`CPU and memory limits are not kept: ${hierarchy.reason}`);
  const volumes = Object.values(target.members).some((member) => member.storageBytes !== undefined);
  if (volumes && process.getuid?.() !== 0) found.push('a storage volume of its own needs root to mount');
  const certificates = plan.faults.some(({ spec }) => spec.kind === 'tls-expiry');
  if (certificates && (await opensslVersion()) === undefined) found.push('tls-expiry needs openssl');
  try {
    await access('.', constants.W_OK);
  } catch {
    found.push('this folder cannot be written: give --out');
  }
  return found;
}

function wantedTools(target: TargetSpec): ToolName[] {
  return [
    ...(target.kind === 'local' ? ['otelcol' as const] : []),
    ...(target.kind !== 'docker' && startsPrometheus(target) ? ['prometheus' as const] : []),
  ];
}

/** What a run would have to pull, or that it would not get that far. */
async function missingAtDocker(target: TargetSpec & { kind: 'docker' }): Promise<string[]> {
  const own = Object.values(target.members).map(({ image }) => image ?? target.image);
  const wanted = [...new Set([...own, ...(target.prometheus === undefined ? [target.prometheusImage] : [])])];
  try {
    const absent = await absentImages(await openDocker(), wanted);
    return absent.map((image) => `the image ${image} is not here yet: a run pulls it`);
  } catch (error) {
    return [`no Docker daemon answers: ${error instanceof SquallError ? error.parts.found : error}`];
  }
}

/** Whether a run would find the tool without fetching or building it. */
async function isHere(name: ToolName): Promise<boolean> {
  const options = { env: process.env, cacheDir: defaultCacheDir(process.env), say: () => undefined };
  for (const find of [findFromEnv, findOnPath, findCached]) {
    const found = await find(name, options).catch(() => undefined); // not in this place: the next one
    if (found !== undefined) return true;
  }
  return false;
}

type ClusterSpec = TargetSpec & { kind: 'kubernetes' };

function clusterTouches(plan: Plan, target: ClusterSpec): string[] {
  const home = target.namespaces[0] ?? '';
  const specs = plan.faults.map(({ spec }) => spec);
  return [
    `context ${target.context}: a Job without pods, a Lease and a ConfigMap in ${home}, which must be labelled ${allowLabel}=allowed`,
    ...Object.entries(target.members).map(
      ([name, { namespace, workload }]) =>
        `${name}: the pods of ${workload.kind}/${workload.name} in ${namespace}`,
    ),
    ...Object.entries(target.backends ?? {}).map(
      ([name, { namespace, workload, witness }]) =>
        `${name}: the backend ${workload.kind}/${workload.name} in ${namespace}${witness === undefined ? '' : `, asked after the run by the API of ${witness.api}`}`,
    ),
    ...ownTouches(target, changingSpecs(specs, faults).length > 0),
  ];
}

/** What each fault asks of the account, and then all that the run does. */
function rightsLines(plan: Plan, target: ClusterSpec): string[] {
  const specs = plan.faults.map(({ spec }) => spec);
  const home = target.namespaces[0] ?? '';
  const needs = [...needsOf(specs, faults), ...ownNeeds(target, plan)];
  const rights = neededRights({ members: strikable(target), home, needs });
  return [...rightsOfPlan(specs, faults), `in all: ${rights.map(rightText).join('; ')}`];
}

function starts(target: TargetSpec, { name, replicas }: { name: string; replicas: number }): string {
  const plural = replicas === 1 ? '' : 's';
  if (target.kind === 'docker')
    return `starts ${replicas} collector container${plural} (${name}) on networks of the run`;
  if (target.kind === 'kind') return `starts ${replicas} collector pod${plural} (${name}) in that cluster`;
  return `starts ${replicas} collector process${plural && 'es'} (${name}) on loopback`;
}

/** What a fault on a link makes, by its `via`. */
const madeFor: Readonly<Record<string, string>> = {
  policy: 'a NetworkPolicy, a Job without pods and a label',
  'chaos-mesh': 'a NetworkChaos and a Job without pods',
};

function touches(plan: Plan, scenario: Scenario): string[] {
  const { target } = scenario;
  const lines: string[] = ['a folder for the run, below reports/ unless --out says otherwise'];
  if (target.kind === 'kind') lines.push('makes a cluster with kind, and deletes it after the run');
  const started = target.kind === 'kubernetes' ? {} : collectorsOf(target);
  for (const [name, { replicas }] of Object.entries(started)) lines.push(starts(target, { name, replicas }));
  if (target.kind === 'docker') lines.push('makes a Docker network for each link, without a way out of them');
  if (startsPrometheus(target))
    lines.push(`starts a Prometheus ${target.kind === 'docker' ? 'in a container' : 'on loopback'}`);
  if (target.kind === 'external') {
    const where = [target.otlp.grpc, target.otlp.http].filter((address) => address !== undefined);
    lines.push(`sends to ${where.join(' and ')}; starts nothing there`);
  }
  if (target.kind === 'kubernetes') lines.push(...clusterTouches(plan, target));
  if (target.kind === 'embedded') lines.push('runs a small reference collector inside squall');
  if (target.sink !== 'none' && target.sink.cluster === undefined)
    lines.push('opens a sink for OTLP/gRPC and OTLP/HTTP');
  for (const { spec } of plan.faults) {
    const by = madeFor[String(spec.params.via)];
    const made = by === undefined ? '' : `, by ${by} for each`;
    lines.push(`${spec.kind} (${spec.name}) on ${struckBy(spec, 'the members')}${made}`);
  }
  return lines;
}
