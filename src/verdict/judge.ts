import type { RunRecord } from '../observe/evidence.ts';
import type { Columns, LedgerResult } from '../observe/ledger-types.ts';
import type { Report, SloResult } from '../report/types.ts';
import type { Scenario, SloSpec } from '../scenario/types.ts';
import { backendFindings } from './backend-findings.ts';
import { reportBackends, type WitnessLedger } from './backends.ts';
import { balanceLoad, imbalanceFindings } from './balance.ts';
import { mergeExitCodes, mergeVerdicts } from './comparison.ts';
import { joinDeliveries } from './deliveries.ts';
import { judgeDrill } from './drill.ts';
import { listEvents } from './events.ts';
import { judgeExpectations } from './expectation.ts';
import type { Facts } from './facts.ts';
import { listFindings } from './findings.ts';
import { compareHeadlines } from './headline.ts';
import { howInterrupted } from './interrupted.ts';
import { type Doubts, judgeSlo } from './judge-slo.ts';
import { lateFaultFindings } from './late-faults.ts';
import { otherWorkFindings } from './other-work.ts';
import { reconcileCounters } from './reconcile.ts';
import { recoveries } from './recovery.ts';
import { joinColumn, requestTable } from './request-table.ts';
import { summarizeFaults, summarizeSignals } from './summary.ts';
import { drawTimeline } from './timeline.ts';
import { assessValidity, faultsWithoutEffect } from './validity.ts';
import { findWindows, type Window } from './windows.ts';

export interface JudgeInput {
  record: RunRecord;
  scenario: {
    name: string;
    description: string;
    slos: SloSpec[];
    warmupMs: number;
    expect?: Scenario['expect'];
  };
  requests: Columns[];
  arrivals: Columns;
  ledger: LedgerResult;
  /** What backends beside the sink were found to have. */
  witnesses?: readonly WitnessLedger[];
  interrupted: boolean;
  recoveryIncomplete: boolean;
  /** False: nothing of squall's stands behind the target (also record.sink 'none'). */
  hasSink?: boolean;
}

/** The whole of report.json, from evidence alone: the same evidence gives the same report, and nothing throws. */
export function judgeRun(input: JudgeInput): Report {
  const { record, scenario, ledger, interrupted, recoveryIncomplete } = input;
  const facts = tabulate(input);
  const run = facts.windows[0] ?? { name: 'run', fromNs: 0, toNs: 0, ledgerFromNs: 0 };
  const validity = assessValidity(facts, scenario.slos);
  const withoutEffect = faultsWithoutEffect(facts);
  const doubts = doubtsOf(
    input,
    validity,
    withoutEffect.map(({ name }) => name),
  );
  const slos = [
    ...scenario.slos.flatMap((slo) => judgeSlo(facts, doubts, slo)),
    ...judgeExpectations(facts, doubts),
    ...judgeDrill(facts, doubts),
  ];
  const verdict = mergeVerdicts(slos.map((slo) => slo.verdict));
  const recovered = recoveries(facts);
  const headline = compareHeadlines(facts, run);
  const balance = balanceLoad(facts);
  const backends = reportBackends(facts, input.witnesses ?? []);
  const context = { facts, slos, validity, withoutEffect, recoveryIncomplete, interrupted };
  return {
    schema: 'squall.report/v1',
    verdict,
    exitCode: exitCodeOf(input, slos, verdict),
    findings: listFindings(context, [
      ...backendFindings(backends),
      ...imbalanceFindings(balance),
      ...lateFaultFindings(record.faults),
      ...otherWorkFindings(record),
      ...headline.findings,
    ]),
    run: describeRun(input),
    validity,
    slos,
    ledger: ledger.bySignal,
    ...(backends.length === 0 ? {} : { backends }),
    ...summarizeSignals(facts, run),
    faults: summarizeFaults(facts, recovered),
    counters: reconcileCounters(facts),
    headline: headline.pairs,
    ...(balance === undefined ? {} : { balance }),
    windows: facts.windows.map(describeWindow),
    timeline: drawTimeline(facts, run),
    settle: {
      fromS: record.settle.fromNs / 1e9,
      toS: record.settle.toNs / 1e9,
      horizonS: record.settle.horizonNs / 1e9,
      shownEmpty: record.settle.shownEmpty,
      reason: record.settle.reason,
    },
    reach: { s: record.reach.ns / 1e9, parts: record.reach.parts },
    events: listEvents(facts, run, recovered),
  };
}

function tabulate({ scenario, requests, arrivals, ledger, ...rest }: JudgeInput): Facts {
  const record: RunRecord = rest.hasSink === false ? { ...rest.record, sink: 'none' } : rest.record;
  const table = requestTable(record.plan, requests);
  return {
    record,
    expect: scenario.expect?.delivered ?? {},
    table,
    ...(record.peers === undefined
      ? {}
      : { peerOf: joinColumn(requests, 'peer', new Int32Array(table.count)) }),
    deliveries: joinDeliveries(table, arrivals),
    ledger,
    windows: findWindows(record, table),
  };
}

function doubtsOf(input: JudgeInput, validity: Report['validity'], withoutEffect: string[]): Doubts {
  const { missedByGenerator } = validity;
  return { ...endOf(input, voidedBy(validity, withoutEffect)), missedByGenerator };
}

function voidedBy(validity: Report['validity'], withoutEffect: string[]): string[] {
  return [
    ...(validity.reasons.length > 0 ? [`the run is not valid (${validity.reasons.join('; ')})`] : []),
    ...withoutEffect.map((name) => `fault ${name} had no proven effect`),
  ];
}

function endOf(input: JudgeInput, voided: string[]): Doubts {
  const { ended } = input.record;
  if (ended.kind === 'stop-condition')
    return { voided, cutShort: `${ended.slo} stopped the run before its end`, stoppedBy: ended.slo };
  if (ended.kind === 'failed') return { voided, cutShort: `the run ended early: ${ended.message}` };
  if (input.interrupted || ended.kind === 'interrupted')
    return { voided, cutShort: `the run was ${howInterrupted(input.record)} before its end` };
  return { voided };
}

/** A failed run is one whose target or tools could not be had (4); every other code is one row of the contract. */
function exitCodeOf(input: JudgeInput, slos: SloResult[], verdict: Report['verdict']): number {
  const codes = [{ pass: 0, fail: 1, unknown: 2 }[verdict]];
  if (input.recoveryIncomplete) codes.push(5);
  if (input.interrupted || input.record.ended.kind === 'interrupted') codes.push(130);
  if (input.record.ended.kind === 'failed') codes.push(4);
  if (slos.some((slo) => slo.verdict === 'unknown')) codes.push(2);
  return mergeExitCodes(codes);
}

function describeRun({ record, scenario }: JudgeInput): Report['run'] {
  return {
    id: record.plan.runId,
    scenario: scenario.name,
    description: scenario.description,
    seed: record.plan.seed,
    startedAt: record.startedAt,
    ...(record.t0WallMs === undefined ? {} : { t0At: new Date(Math.round(record.t0WallMs)).toISOString() }),
    durationS: record.durationS,
    target: record.targetKind,
    ...(record.banner === undefined ? {} : { banner: record.banner }),
    command: record.command,
    versions: record.versions,
    machine: record.machine,
    members: record.members.map(({ name, version, starts }) => ({ name, version, starts: starts.length })),
  };
}

function describeWindow(window: Window): Report['windows'][number] {
  return { name: window.name, fromS: Math.max(0, window.fromNs) / 1e9, toS: Math.max(0, window.toNs) / 1e9 };
}
