import type { Signal } from '../base/signal.ts';
import type { FaultRecord, RunRecord } from '../observe/evidence.ts';
import { computeLedger } from '../observe/ledger.ts';
import type { Columns } from '../observe/ledger-types.ts';
import { observePrometheus, withoutAnswers } from '../observe/observe-prometheus.ts';
import { createPrometheus } from '../observe/prometheus.ts';
import { predictLoss } from '../plan/predict.ts';
import type { Plan } from '../plan/types.ts';
import { evidencePaths } from '../record.ts';
import type { Report } from '../report/types.ts';
import { rulesOf } from '../scenario/own-prometheus.ts';
import { collectorsOf } from '../scenario/types.ts';
import { judgeRun } from '../verdict/judge.ts';
import { requestTable } from '../verdict/request-table.ts';
import { findWindows } from '../verdict/windows.ts';
import { clusterPart } from './cluster-observers.ts';
import { readConfiguration } from './configuration.ts';
import { readArrivals, readRequests } from './evidence-files.ts';
import { machineFacts } from './machine-facts.ts';
import { scrapeIntervalMs } from './own-prometheus.ts';
import { readPipelines } from './plan-facts.ts';
import { withRecoveries } from './recovery.ts';
import { need, type Session } from './session.ts';
import type { SettleResult } from './settle.ts';
import { takeWitnesses, witnessLedgers } from './witnesses.ts';

/** The run's record, taken while target and Prometheus are still up. */
export async function takeRecord(
  session: Session,
  ended: RunRecord['ended'],
  settled: SettleResult,
  startedAt: string,
): Promise<RunRecord> {
  const target = need(session, 'target');
  const { generator, peers = [] } = need(session, 'load').progress();
  const requests = (await readRequests(session.dir, { peers })).map(({ columns }) => columns);
  const { description, expect } = session.scenario;
  const sinkFailure = session.sink?.failure();
  const { notes: ofCluster, ...inCluster } = clusterPart(session);
  const record: RunRecord = {
    plan: session.plan,
    judged: { description, ...(expect === undefined ? {} : { expect }), recoveryIncomplete: false },
    ...(target.banner === undefined ? {} : { banner: target.banner }),
    sink: session.sink === undefined ? 'none' : 'own',
    ...(sinkFailure === undefined ? {} : { sinkFailure }),
    startedAt,
    t0WallMs: need(session, 't0WallMs'),
    durationS: (session.clock.nowNs() - need(session, 't0Ns')) / 1e9,
    command: session.command,
    versions: session.versions,
    machine: machineFacts(),
    targetKind: target.kind,
    members: target.members.map((member) => memberRecord(session, member)),
    peers,
    ended,
    ...(session.drill === undefined ? {} : { drill: session.drill.records }),
    settle: settled,
    reach: target.reach,
    faults: await withPredictions(session, withRecoveries(need(session, 'faults').records(), requests)),
    canaries: session.canaries,
    generator: { lateTicks: generator.lateTicks, ticks: generator.ticks, cpuRatioMax: generator.cpuRatio },
    prometheus: withoutAnswers({ scrapeIntervalMs }),
    processes: session.processes,
    ...(session.otherWork.length === 0 ? {} : { otherWork: session.otherWork }),
    notes: [...session.notes, ...ofCluster],
    ...inCluster,
  };
  return {
    ...record,
    prometheus: await askPrometheus(session, record, requests),
    ...(await takeWitnesses(session, requests)),
  };
}

/** What the members' settings allowed each fault to cost at worst, to stand beside what it did cost. */
async function withPredictions(session: Session, faults: FaultRecord[]): Promise<FaultRecord[]> {
  const pipelines = await readPipelines(session.scenario);
  if (pipelines.size === 0) return faults;
  const plan = { ...session.plan, faults: asBegun(session.plan, faults) };
  const predicted = new Map(predictLoss(plan, pipelines).map((one) => [one.fault, one]));
  return faults.map((fault) => {
    const found = predicted.get(fault.name);
    return found === undefined
      ? fault
      : { ...fault, predictedWorstLoss: { items: found.items, why: found.why } };
  });
}

/** The plan of a drill knows only when its faults begin at the latest. */
function asBegun({ faults: planned }: Plan, seen: readonly FaultRecord[]): Plan['faults'] {
  return planned.map(({ spec, ...times }) => ({
    spec,
    ...(seen.find(({ name }) => name === spec.name)?.intended ?? times),
  }));
}

function memberRecord(
  session: Session,
  member: NonNullable<Session['target']>['members'][number],
): RunRecord['members'][number] {
  const t0Ns = need(session, 't0Ns');
  const { target } = session.scenario;
  const spec = collectorsOf(target)[member.group];
  const resources = member.resources ?? spec?.resources;
  return {
    name: member.name,
    group: member.group,
    version: member.version,
    lossyComponents: member.lossyComponents ?? [],
    entry: need(session, 'target').entry.some(
      // A Service stands for all members behind it.
      ({ name, group }) => name === member.name || (name === group && group === member.group),
    ),
    exit: spec?.sendsTo === undefined,
    ...(resources === undefined ? {} : { resources }),
    starts: (member.process?.starts() ?? []).map((start) => ({
      atNs: start.startedNs - t0Ns,
      pid: start.host?.pid ?? 0,
      ...(start.exit === undefined ? {} : { exit: { ...start.exit, atNs: start.exit.atNs - t0Ns } }),
    })),
  };
}

async function askPrometheus(
  session: Session,
  record: RunRecord,
  requests: Columns[],
): Promise<RunRecord['prometheus']> {
  if (session.prometheus === undefined) return withoutAnswers({ scrapeIntervalMs });
  const client = createPrometheus(session.prometheus, session.clock, session.prometheusAgent);
  const { target } = session.scenario;
  return observePrometheus({
    client,
    plan: session.plan,
    members: record.members,
    slos: session.plan.slos,
    t0WallMs: need(session, 't0WallMs'),
    windows: findWindows(record, requestTable(session.plan, requests)),
    scrapeIntervalMs,
    ownJob: 'squall',
    // A Prometheus that was there before may have rules that nobody here knows of.
    hasRules: target.prometheus !== undefined || rulesOf(target) !== undefined,
    matched: Object.keys(session.prometheus.match).length > 0,
  });
}

/** Evidence on disk -> report, pure but for reading the files: `squall run` and `squall report` both end in it. */
export async function judgeEvidence(dir: string, record: RunRecord): Promise<Report> {
  const { plan, judged } = record;
  const requests = await readRequests(dir, record);
  const arrivals = await readArrivals(dir, record);
  const hasSink = record.sink !== 'none';
  const unknownReason = whyUnknown(record);
  const joined = {
    plan,
    requests: requests.map(({ records }) => records),
    settled: record.settle.shownEmpty || record.settle.toNs - record.settle.fromNs >= record.settle.horizonNs,
    expect: judged.expect,
    ...(unknownReason === undefined ? {} : { unknownReason }),
    faults: record.faults,
    reachNs: record.reach.ns,
  };
  const ledger = computeLedger({ ...joined, arrivals: arrivals.records, hasSink });
  const report = judgeRun({
    record,
    scenario: {
      name: plan.scenario,
      description: judged.description,
      slos: plan.slos,
      warmupMs: plan.warmupNs / 1e6,
      ...(judged.expect === undefined ? {} : { expect: judged.expect }),
    },
    requests: requests.map(({ columns }) => columns),
    arrivals: arrivals.columns,
    ledger,
    witnesses: witnessLedgers(dir, record, joined),
    interrupted: record.ended.kind === 'interrupted',
    recoveryIncomplete: judged.recoveryIncomplete,
    hasSink,
  });
  const { evidence } = evidencePaths(dir);
  return { ...report, configuration: await readConfiguration(evidence, record.prometheus.rules) };
}

/** Why what arrived says nothing about loss: the canary came back changed, or the pipeline drops on purpose. */
function whyUnknown(record: RunRecord): Partial<Record<Signal, string>> | string | undefined {
  if (record.sinkFailure !== undefined) return `the sink failed: ${record.sinkFailure}`;
  const lossy = record.members.flatMap((member) => member.lossyComponents);
  if (lossy.length > 0 && record.judged.expect === undefined) {
    return `the pipeline leaves items out on purpose (${[...new Set(lossy)].join(', ')}) and the scenario has no expect`;
  }
  const bySignal: Partial<Record<Signal, string>> = {};
  for (const canary of record.canaries) {
    if (canary.altered.length > 0)
      bySignal[canary.signal] = `the canary came back changed: ${canary.altered.join(', ')}`;
  }
  return Object.keys(bySignal).length === 0 ? undefined : bySignal;
}
