import { formatDuration } from '../base/units.ts';
import type { DrillStep } from '../scenario/drill-spec.ts';
import type { FaultSpec, Scenario, SloSpec } from '../scenario/types.ts';
import { entryBytes, entryPeakPerS } from './amount.ts';
import type { LossPrediction } from './facts.ts';
import type { EntryPlan, Plan } from './types.ts';

export interface PlanFacts {
  /** What this machine lacks for the run, a sentence each. */
  preconditions: string[];
  /** What the run would start, open or change, a line each. */
  touches: string[];
  /** In a cluster: what each fault asks of the account, a line each. */
  rights?: string[];
  predictions: LossPrediction[];
  /** Longest wait after the load, ms, where the members' settings say it. */
  settleMs?: number;
}

/** The plan as people read it: what would happen, what it would touch, and the worst that it may cost. */
export function printPlan(plan: Plan, scenario: Scenario, facts: PlanFacts): string {
  const items = plan.entries.reduce((sum, entry) => sum + entry.items, 0);
  const bytes = plan.entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
  const sections = [
    [
      `${plan.scenario}  (target ${scenario.target.kind}, seed ${plan.seed})`,
      ...paragraph(scenario.description),
    ],
    section('Load', plan.entries.map(loadLine)),
    [
      `  total  ${count(items)} items, about ${size(bytes)} before compression, in ${time(plan.endNs)}`,
      ...workersLine(plan),
    ],
    ...(plan.drill === undefined ? [] : [section('Drill', plan.drill.map(drillLine))]),
    section('Timeline', timeline(plan)),
    section('SLOs', plan.slos.flatMap(sloLines)),
    section('Settling', [settleLine(scenario.settleMs ?? facts.settleMs)]),
    section('Touches', facts.touches),
    ...(facts.rights === undefined ? [] : [section('Rights', facts.rights)]),
    section('Worst loss predicted', facts.predictions.map(predictionLine), whyNoPrediction(plan)),
    section('Missing here', facts.preconditions, 'nothing'),
  ];
  return `${sections
    .map((lines) => lines.map(plain).join('\n'))
    .join('\n\n')
    .replace('\n\n  total', '\n  total')}\n`;
}

/** A scenario's texts have lines, and nothing else that a terminal would follow. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (char) => (char === '\n' ? char : ' '));
}

function paragraph(text: string): string[] {
  return text === '' ? [] : [text.trim()];
}

function section(title: string, lines: readonly string[], empty = 'none'): string[] {
  return [title, ...(lines.length === 0 ? [empty] : lines).map((line) => `  ${line}`)];
}

function loadLine(entry: EntryPlan): string {
  const { spec } = entry;
  const peak = entryPeakPerS(entry);
  const pace = peak === undefined ? 'as fast as it is answered' : `up to ${count(peak)}/s`;
  const requests = `${count(entry.requests)} requests of ${count(spec.batch)}`;
  const arrivals = spec.arrivals === 'poisson' ? ', Poisson arrivals' : '';
  return `${spec.name}: ${count(entry.items)} ${itemWord(spec.signal)} over ${spec.protocol}, ${pace}, ${requests}${arrivals}`;
}

/** How many threads send, and why; entries that set their own number say so. */
function workersLine(plan: Plan): string[] {
  if (plan.workers === undefined) return [];
  const { count: shared, why } = plan.workers;
  const own = plan.entries.filter(({ spec }) => spec.workers !== undefined);
  const lines = own.map(
    ({ spec, workers }) => `  workers  ${workers} for ${spec.name}, as the scenario says`,
  );
  return own.length === plan.entries.length ? lines : [`  workers  ${shared}: ${why}`, ...lines];
}

function itemWord(signal: EntryPlan['spec']['signal']): string {
  return { traces: 'spans', metrics: 'points', logs: 'log records' }[signal];
}

function drillLine(step: DrillStep, index: number): string {
  return `${String(index + 1).padStart(2)}  ${drillText(step)}`;
}

function drillText(step: DrillStep): string {
  switch (step.kind) {
    case 'suspend': {
      const runbook = step.runbook === undefined ? '' : ` (runbook: ${step.runbook})`;
      return `ask: ${step.question}${runbook}; without an answer in ${formatDuration(step.deadlineMs)} it ends`;
    }
    case 'fault':
      return `fault ${step.fault}, once those before it are over`;
    case 'expect':
      return expectationText(step);
  }
}

/** What of an alert is expected, as a sentence without its dot. */
export function expectationText(step: DrillStep & { kind: 'expect' }): string {
  const { alert, fault, firesWithinMs, resolvesWithinMs } = step;
  const end =
    resolvesWithinMs === undefined
      ? ''
      : ` and to resolve within ${formatDuration(resolvesWithinMs)} of its end`;
  return `alert ${alert} is to fire within ${formatDuration(firesWithinMs)} of ${fault}${end}`;
}

interface Step {
  atNs: number;
  text: string;
}

function timeline(plan: Plan): string[] {
  const steps: Step[] = [
    ...plan.entries.flatMap(entrySteps),
    ...(plan.warmupNs > 0 ? [{ atNs: plan.warmupNs, text: 'warm-up over: windows begin' }] : []),
    ...plan.faults.flatMap((fault): Step[] => {
      const { name, kind } = fault.spec;
      const on = struckBy(fault.spec, 'the target');
      const length = fault.endNs === undefined ? '' : ` for ${time(fault.endNs - fault.startNs)}`;
      const latest = plan.drill === undefined ? '' : ', at the latest';
      const begin = { atNs: fault.startNs, text: `fault ${name}: ${kind} on ${on}${length}${latest}` };
      return fault.endNs === undefined
        ? [begin]
        : [begin, { atNs: fault.endNs, text: `fault ${name}: recovered` }];
    }),
    {
      atNs: plan.endNs,
      text: `load over${plan.drill === undefined ? '' : ' at the latest, sooner with the drill'}: settling`,
    },
  ];
  return steps
    .toSorted((a, b) => a.atNs - b.atNs)
    .map((step) => `${time(step.atNs).padStart(9)}  ${step.text}`);
}

/** What a fault acts on, where it names no member on `all` of them. */
export function struckBy({ acts, selector }: FaultSpec, all: string): string {
  if (acts === 'sink') return 'the sink';
  if (acts === 'backend') return `the backend ${selector.member}`;
  const whose = selector.member ?? all;
  return `${selector.mode} of ${acts === 'node' ? `the nodes of ${whose}` : whose}`;
}

function entrySteps(entry: EntryPlan): Step[] {
  const { name } = entry.spec;
  const bound = entry.pace.kind === 'closed' ? ' at the latest' : '';
  return [
    { atNs: entry.startNs, text: `load ${name} begins` },
    ...entry.stages.map((stage) => ({
      atNs: entry.startNs + stage.fromNs,
      text: `load ${name}: stage ${stage.name}`,
    })),
    { atNs: entry.endNs, text: `load ${name} ends${bound}` },
  ];
}

function sloLines(slo: SloSpec): string[] {
  const window = slo.name.endsWith(` in ${slo.window}`) ? '' : ` in ${slo.window}`;
  return slo.thresholds.map((threshold) => {
    return `${slo.name}${window}: ${threshold.text}${threshold.abortOnFail ? ', else the run stops' : ''}`;
  });
}

function settleLine(settleMs: number | undefined): string {
  const most =
    settleMs === undefined ? 'as long as its settings allow' : `at most ${formatDuration(settleMs)}`;
  return `until the target is empty, ${most}`;
}

function whyNoPrediction(plan: Plan): string {
  return plan.faults.length === 0
    ? 'no fault, so none'
    : "not known: squall does not see this target's configuration";
}

function predictionLine(prediction: LossPrediction): string {
  return `${prediction.fault}: at most ${count(prediction.items)} items (${prediction.why})`;
}

function time(ns: number): string {
  return formatDuration(ns / 1e6);
}

/** 1234567.8 -> "1,234,567.8" */
function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 3 });
}

function size(bytes: number): string {
  const steps: [number, string][] = [
    [1e12, 'TB'],
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
  ];
  const [step, unit] = steps.find(([limit]) => bytes >= limit) ?? [1, 'B'];
  return `${(bytes / step).toLocaleString('en-US', { maximumFractionDigits: 1 })} ${unit}`;
}
