import { type FaultRecord, type RunRecord, requestClass } from '../observe/evidence.ts';
import type { EntryPlan, Plan } from '../plan/types.ts';
import type { RequestTable } from './request-table.ts';

/** A stretch of the load timeline, (fromNs, toNs]: it holds what was due in it. */
export interface Window {
  name: string;
  fromNs: number;
  toNs: number;
  /** Counts reach back into the warmup where the window begins with the run: the ledger leaves nothing out. */
  ledgerFromNs: number;
}

/** Observed bounds of a fault, ns; recovered is absent while it was never seen to end. */
export interface FaultBounds {
  injectedNs?: number;
  recoveredNs?: number;
}

/** t = 0 itself belongs to the run, although windows are open at their start. */
const beforeStartNs = -1;

/**
 * `run`, each load entry, `entry/stage` of named stages, and before:F, during:F and after:F of each fault by its
 * observed bounds. A window that evidence does not bound (a fault never injected) is left out.
 */
export function findWindows(record: RunRecord, table: RequestTable): Window[] {
  const run = runWindow(record, table);
  const windows = [run];
  for (const [index, entry] of record.plan.entries.entries()) {
    const endNs = entryEndNs(entry, index, table);
    windows.push(clip(run, { name: entry.spec.name, fromNs: entry.startNs, toNs: endNs }));
    for (const stage of entry.stages) {
      const name = `${entry.spec.name}/${stage.name}`;
      const bounds = { fromNs: entry.startNs + stage.fromNs, toNs: entry.startNs + stage.toNs };
      windows.push(clip(run, { name, ...bounds }));
    }
  }
  for (const fault of record.faults) windows.push(...faultWindows(run, fault, table));
  return windows;
}

export function findWindow(windows: Window[], name: string): Window | undefined {
  return windows.find((window) => window.name === name);
}

/** For a window that holds nothing: says so, and how the scenario gives it room. */
export function whyEmpty(name: string): string {
  const [when, fault] = name.split(':');
  const mend =
    fault === undefined
      ? 'shorten the warmup or lengthen its load'
      : when === 'before'
        ? `let ${fault} begin later after the warmup, in a drill after a suspend that people take their time for`
        : `lengthen the load, or let ${fault} begin earlier`;
  return `nothing was due in window ${name}: ${mend}`;
}

export function contains(window: Window, dueNs: number): boolean {
  return dueNs > window.fromNs && dueNs <= window.toNs;
}

export function ledgerContains(window: Window, dueNs: number): boolean {
  return dueNs > window.ledgerFromNs && dueNs <= window.toNs;
}

/** Time of the window in which at least one of the entries ran, s: rates are over this. */
export function activeS(window: Window, entries: EntryPlan[], ends: number[]): number {
  const spans = entries
    .map((entry, i) => [
      Math.max(window.fromNs, entry.startNs),
      Math.min(window.toNs, ends[i] ?? entry.endNs),
    ])
    .filter(([from = 0, to = 0]) => to > from)
    .sort(([a = 0], [b = 0]) => a - b);
  let total = 0;
  let reached = Math.max(0, window.fromNs);
  for (const [from = 0, to = 0] of spans) {
    if (to > reached) total += to - Math.max(from, reached);
    reached = Math.max(reached, to);
  }
  return total / 1e9;
}

/** A closed entry (shared-iterations) ends with its last request, not with its maxDuration. */
export function entryEndNs(entry: EntryPlan, index: number, table: RequestTable): number {
  if (entry.pace.kind === 'open') return entry.endNs;
  return lastDueNs(table, index) ?? entry.endNs;
}

/** As the fault engine observed it; for a kill, the first item accepted after it is looked up when nobody saw it. */
export function faultBounds(fault: FaultRecord, table: RequestTable): FaultBounds {
  const { injectedNs, recoveredNs } = fault.observed;
  if (injectedNs === undefined) return {};
  if (recoveredNs !== undefined) return { injectedNs, recoveredNs };
  if (fault.intended.endNs !== undefined) return { injectedNs };
  const acceptedNs = fault.recovery.firstAcceptedNs ?? firstAcceptedNs(table, injectedNs);
  return acceptedNs === undefined ? { injectedNs } : { injectedNs, recoveredNs: acceptedNs };
}

/** When the first request that was sent after `afterNs` was acknowledged. */
export function firstAcceptedNs(table: RequestTable, afterNs: number): number | undefined {
  let first: number | undefined;
  for (let i = 0; i < table.count; i++) {
    if (table.kind[i] !== requestClass.acknowledged || !((table.sendNs[i] ?? 0) > afterNs)) continue;
    const finalNs = table.finalNs[i] ?? Number.NaN;
    if (!Number.isNaN(finalNs) && (first === undefined || finalNs < first)) first = finalNs;
  }
  return first;
}

function runWindow(record: RunRecord, table: RequestTable): Window {
  const fromNs = record.plan.warmupNs > 0 ? record.plan.warmupNs : beforeStartNs;
  return { name: 'run', fromNs, toNs: runEndNs(record, table), ledgerFromNs: beforeStartNs };
}

/** Of a run that was cut short, what was due after the cut was never recorded: the window ends with the last due. */
function runEndNs(record: RunRecord, table: RequestTable): number {
  const last = lastDueNs(table) ?? 0;
  if (record.ended.kind !== 'complete') return Math.max(last, beforeStartNs);
  return Math.max(last, plannedEndNs(record.plan, table));
}

function plannedEndNs(plan: Plan, table: RequestTable): number {
  if (plan.entries.length === 0) return plan.endNs;
  return Math.max(...plan.entries.map((entry, index) => entryEndNs(entry, index, table)));
}

function lastDueNs(table: RequestTable, entry?: number): number | undefined {
  let last: number | undefined;
  for (let i = 0; i < table.count; i++) {
    if (entry !== undefined && table.entry[i] !== entry) continue;
    const due = table.dueNs[i] ?? Number.NaN;
    if (Number.isFinite(due) && (last === undefined || due > last)) last = due;
  }
  return last;
}

function faultWindows(run: Window, fault: FaultRecord, table: RequestTable): Window[] {
  const { injectedNs, recoveredNs } = faultBounds(fault, table);
  if (injectedNs === undefined) return [];
  const clamp = (ns: number) => Math.min(run.toNs, Math.max(run.fromNs, ns));
  const start = clamp(injectedNs);
  const end = recoveredNs === undefined ? run.toNs : Math.max(start, clamp(recoveredNs));
  const windows = [
    { ...run, name: `before:${fault.name}`, toNs: start },
    { name: `during:${fault.name}`, fromNs: start, toNs: end, ledgerFromNs: start },
  ];
  if (recoveredNs === undefined) return windows;
  return [...windows, { name: `after:${fault.name}`, fromNs: end, toNs: run.toNs, ledgerFromNs: end }];
}

function clip(run: Window, part: { name: string; fromNs: number; toNs: number }): Window {
  const ledgerFromNs = part.fromNs <= 0 ? beforeStartNs : part.fromNs;
  const toNs = Math.min(part.toNs, run.toNs);
  return { name: part.name, fromNs: Math.min(Math.max(ledgerFromNs, run.fromNs), toNs), toNs, ledgerFromNs };
}
