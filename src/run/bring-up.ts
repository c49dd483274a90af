import { join } from 'node:path';
import { folderName, limitParents } from '../base/cgroup.ts';
import { startFaultEngine } from '../fault/engine.ts';
import type { Undo } from '../fault/fault.ts';
import { startGuard } from '../fault/guard.ts';
import { openJournal } from '../fault/journal.ts';
import { mustHaveLinks } from '../fault/refused-links.ts';
import { openRun } from '../fault/state.ts';
import { startLoad } from '../load/engine.ts';
import type { LoadCounts } from '../load/messages.ts';
import { startClientMetrics } from '../observe/client-metrics.ts';
import { startSink } from '../observe/sink.ts';
import { faults } from '../registry.ts';
import { sendCanaries } from './canaries.ts';
import { observersDown, observersUp } from './cluster-observers.ts';
import { clusterLoadUp, clusterSinkDown, clusterSinkUp } from './cluster-site.ts';
import { imageVersions, sinkListens, siteUp, watchHost } from './docker-site.ts';
import { kindDown, kindUp } from './kind-site.ts';
import { prometheusTask } from './own-prometheus.ts';
import { maskLogs } from './secrets.ts';
import { need, type Session } from './session.ts';
import { startTarget } from './start-target.ts';
import type { Task } from './tasks.ts';

/** The run's set-up in order; every later piece may rely on the earlier ones, and goes down before them. */
export function bringUp(session: Session): Task[] {
  return [
    // First up is last down: by then nothing writes to a log any more.
    { title: 'logs', up: async () => undefined, down: () => logsDown(session) },
    { title: 'journal and guard', up: () => guardUp(session), down: () => guardDown(session) },
    { title: 'cluster', up: () => kindUp(session), down: () => kindDown(session) },
    { title: 'networks', up: () => siteUp(session), down: async () => session.site?.down() },
    { title: 'sink', up: () => sinkUp(session), down: () => sinkDown(session) },
    { title: 'target', up: () => targetUp(session), down: async () => session.target?.down() },
    {
      title: 'observers of the cluster',
      up: () => observersUp(session),
      down: () => observersDown(session),
    },
    // Behind the run's record in the cluster, which owns it.
    { title: 'sink in the cluster', up: () => clusterSinkUp(session), down: () => clusterSinkDown(session) },
    { title: 'client metrics', up: () => metricsUp(session), down: async () => session.metrics?.close() },
    prometheusTask(session),
    { title: 'load workers', up: () => loadUp(session), down: async () => session.load?.close() },
    { title: 'canaries', up: () => sendCanaries(session) },
    { title: 'faults', up: () => faultsUp(session), down: () => faultsDown(session) },
  ];
}

async function logsDown(session: Session): Promise<void> {
  const removed = await maskLogs(session.dir, session.secrets);
  if (removed.length > 0)
    session.say(`removed, as it could not be masked on this disk: ${removed.join(', ')}`);
}

async function guardUp(session: Session): Promise<void> {
  const journalFile = join(session.dir, 'journal.jsonl');
  const { runId } = session.plan;
  const { runner } = openRun({ runId, runDir: session.dir, journalFile });
  session.journal = openJournal(journalFile, session.clock);
  session.journal.append({ kind: 'run', runId, dir: session.dir, ...runner });
  session.journal.append({ kind: 'resource', what: 'members', undo: undoOfMembers(session) });
  session.guard = await startGuard({ runId, runDir: session.dir, journalFile, clock: session.clock });
}

/** What is left of members whose holders were killed with them; written down before the first one is started. */
function undoOfMembers(session: Session): Undo[] {
  const { target } = session.scenario;
  const groups = target.kind === 'local' ? Object.keys(target.members) : [];
  const prefixes = groups.map((group) => folderName(`${session.plan.runId}-${group}`));
  return [
    { kind: 'remove-work', runDir: session.dir },
    { kind: 'control-groups', parents: limitParents(), prefixes },
  ];
}

async function guardDown(session: Session): Promise<void> {
  session.journal?.close();
  const result = await session.guard?.release();
  if (result !== undefined && !result.clean) throw new Error(`left: ${result.left.join(', ')}`);
  session.shownClean = result !== undefined;
}

async function sinkUp(session: Session): Promise<void> {
  const { sink } = session.scenario.target;
  if (sink === 'none' || sink.cluster !== undefined) return;
  session.sink = await startSink({
    plan: session.plan,
    ...sinkListens(session, sink),
    ...(sink.tls === undefined ? {} : { tls: sink.tls }),
    arrivalsFile: join(session.evidenceDir, 'arrivals.bin'),
    ...(session.capture ? { captureFile: join(session.evidenceDir, 'capture.bin') } : {}),
    secrets: session.secrets,
    durable: false,
  });
}

async function sinkDown(session: Session): Promise<void> {
  const { sink } = session.scenario.target;
  if (sink !== 'none' && sink.cluster === undefined) await session.sink?.stop();
}

async function targetUp(session: Session): Promise<void> {
  session.target = await startTarget(session);
  session.notes.push(...session.target.notes);
  Object.assign(session.versions, imageVersions(session.scenario.target, session.target.members));
}

async function metricsUp(session: Session): Promise<void> {
  session.metrics = await startClientMetrics(watchHost(session));
}

async function loadUp(session: Session): Promise<void> {
  const { entry } = need(session, 'target');
  const options = {
    endpoints: entry.map((member) => ({ member: member.name, otlp: member.otlp })),
    onProgress: (counts: LoadCounts) => session.metrics?.observe(counts),
  };
  const { plan, evidenceDir } = session;
  session.load =
    (await clusterLoadUp(session, options)) ?? (await startLoad({ plan, evidenceDir, ...options }));
}

async function faultsUp(session: Session): Promise<void> {
  const target = need(session, 'target');
  await mustHaveLinks(session.plan, faults, target);
  session.faults = startFaultEngine({
    plan: session.plan,
    faults,
    target,
    ...(session.sink === undefined ? {} : { sink: session.sink.script }),
    journal: need(session, 'journal'),
    guard: need(session, 'guard'),
    onLate: session.say,
    clock: session.clock,
    runId: session.plan.runId,
    seed: session.plan.seed,
  });
}

async function faultsDown(session: Session): Promise<void> {
  const result = await session.faults?.rollback();
  if (result !== undefined && !result.clean) throw new Error(`still in place: ${result.left.join(', ')}`);
}
