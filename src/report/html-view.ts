import type { VerdictWord } from '../base/signal.ts';
import { anchorOf } from './anchor.ts';
import { answersOf } from './answers.ts';
import { backendTables } from './backend-words.ts';
import { counterRows, headlineRows, latencyRows, rateRows } from './figures.ts';
import { findingStep, fullStop, nextStep, topFindings } from './finding-words.ts';
import { chartRoomPx } from './first-screen.ts';
import {
  formatCount,
  formatDuration,
  formatMs,
  formatPercent,
  formatSeconds,
  formatUtc,
  isShort,
} from './format.ts';
import { capacityView } from './html-capacity.ts';
import { timelineViews } from './html-charts.ts';
import { comparisonView } from './html-comparison.ts';
import { faultRows, faultView } from './html-faults.ts';
import { distributionView } from './html-latency.ts';
import { ledgerView, lostView, settleWords } from './html-ledger.ts';
import { eventsView, queryView } from './html-run.ts';
import { membersView } from './members.ts';
import { runCard, t0Ms } from './run-card.ts';
import { ledgerLines, verdictReason, verdictSymbol } from './sentences.ts';
import { sloActual, sloInterval, sloMargin, sloName, worstFirst } from './slo-words.ts';
import type { Finding, Report, SloResult } from './types.ts';

/** Lists are cut, never the page: report.json has all of it. */
const rowsMax = 200;
/** SLOs that the first screen has room for: the others stand with their reasons further down. */
const firstSlosMax = 12;

/** Four lines of a cell of the answers. */
const answerCharsMax = 130;

const severitySymbol = { fail: '✘', unknown: '?', warn: '!', info: 'i' } as const;

/** Everything report.hbs prints, as text; the template only lays out. */
export function htmlView(report: Report): Record<string, unknown> {
  const slos = worstFirst(report.slos)
    .slice(0, rowsMax)
    .map((slo, i) => sloView(slo, i + 1));
  const isOneRun = report.capacity === undefined && report.comparison === undefined;
  const queries = report.slos.filter((slo) => slo.query !== undefined || slo.promql !== undefined);
  return {
    ...headView(report),
    // A search and a comparison show the figures of one of their runs.
    isOneRun,
    figuresOf: figuresOf(report),
    figuresShort:
      report.capacity !== undefined
        ? 'trial shown'
        : report.comparison !== undefined
          ? 'last candidate run'
          : 'run',
    firstFaults: faultRows(report),
    slos: slos.slice(0, firstSlosMax),
    slosBelow: Math.max(0, slos.length - firstSlosMax),
    allSlos: slos,
    slosLeftOut: Math.max(0, report.slos.length - rowsMax),
    ledger: ledgerView(report),
    backendTables: backendTables(report).map(({ names, rows, title }) => ({
      title,
      names,
      rows: rows.map((row) => row.map((value, i) => ({ name: names[i], value }))),
    })),
    lost: lostView(report),
    ...timelineViews(report, isOneRun ? chartRoomPx(report) : undefined),
    faults: report.faults.slice(0, rowsMax).map((fault, i) => faultView(fault, i + 1)),
    capacity: capacityView(report),
    comparison: comparisonView(report),
    faultsLeftOut: Math.max(0, report.faults.length - rowsMax),
    members: membersView(report),
    latency: latencyRows(report),
    distribution: distributionView(report),
    rates: rateRows(report),
    headline: headlineRows(report),
    counters: counterRows(report),
    windows: report.windows.slice(0, rowsMax).map((window) => ({
      name: window.name,
      from: formatSeconds(window.fromS),
      to: formatSeconds(window.toS),
    })),
    windowsLeftOut: Math.max(0, report.windows.length - rowsMax),
    settle: settleWords(report),
    reach: [formatSeconds(report.reach.s), report.reach.parts.join(' + ')]
      .filter((part) => part !== '')
      .join(' = '),
    queries: queries.slice(0, rowsMax).map((slo, i) => queryView(slo, i + 1)),
    card: runCard(report),
    events: eventsView(report),
    hasUtc: t0Ms(report) !== undefined,
    configuration: report.configuration ?? [],
  };
}

/** Whose figures stand below a search or a comparison; empty for a run. */
function figuresOf({ capacity, comparison }: Report): string {
  if (capacity?.shownTrial !== undefined) return `trial ${capacity.shownTrial}`;
  const last = comparison?.candidate.at(-1)?.id;
  return last === undefined ? '' : `the candidate’s run ${last}`;
}

/** The first screen but for its tables and charts. */
function headView(report: Report): Record<string, unknown> {
  const { run, validity } = report;
  const sentence = verdictReason(report);
  const next = nextStep(report);
  const findings = report.findings.map((finding, i) => findingView(report, finding, i + 1));
  return {
    title: `${report.verdict.toUpperCase()} · ${run.scenario} · squall`,
    verdict: verdictView(report.verdict),
    reason: sentence,
    description: run.description,
    scenario: run.scenario,
    banner: run.banner ?? '',
    exitCode: report.exitCode,
    answers: answersOf(report),
    findings: findings
      .slice(0, 3)
      // The answers say what comes first, where they have room for all of it.
      .map((finding) =>
        finding.step === `Do: ${next}` && next.length < answerCharsMax ? { ...finding, step: '' } : finding,
      )
      // Of a search and a comparison the verdict is the finding.
      .filter((finding) => finding.sentence !== sentence || finding.step !== ''),
    moreFindings: findings.slice(3, rowsMax),
    valid: validity.valid,
    // A finding on the first screen says it already, where there is one.
    validityReasons: topFindings(report).some(({ code }) => code === 'RUN-NOT-VALID')
      ? ''
      : validity.reasons
          .filter((reason) => !sentence.includes(reason))
          .slice(0, rowsMax)
          .join('; '),
    validity: validityView(report),
    ledgerLines: ledgerLines(report),
    machine: Object.entries(run.machine)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
    seed: String(run.seed),
    command: run.command,
    started: formatUtc(run.startedAt),
    duration: formatDuration(run.durationS),
    target: run.target,
    runId: run.id,
  };
}

function verdictView(verdict: VerdictWord): { word: string; symbol: string; css: string } {
  return { word: verdict.toUpperCase(), symbol: verdictSymbol[verdict], css: verdict };
}

function findingView(report: Report, finding: Finding, number: number) {
  return {
    id: anchorOf('finding', number, finding.code),
    css: finding.severity,
    symbol: severitySymbol[finding.severity],
    severity: finding.severity,
    code: finding.code,
    sentence: fullStop(finding.sentence),
    window: finding.window ?? '',
    evidence: finding.evidence ?? '',
    step: findingStep(report, finding),
  };
}

function validityView(report: Report): { label: string; value: string; bad: boolean; why: string }[] {
  const v = report.validity;
  // Where no SLO asks it, there need be none.
  const unasked = v.scrapeCoverage === null && report.slos.every(({ source }) => source !== 'prometheus');
  const tile = (label: string, value: string, bad: boolean, why: string) => ({ label, value, bad, why });
  return [
    tile('offered of plan', formatPercent(v.offeredRatio), (v.offeredRatio ?? 0) < 0.99, '< 99'),
    tile('not sent: squall late', formatCount(v.missedByGenerator), v.missedByGenerator > 0, ''),
    tile('not sent: target slow', formatCount(v.missedByTarget), v.missedByTarget > 0, ''),
    tile('send lag P99', formatMs(v.sendLagMs.p99), !v.valid && (v.sendLagMs.p99 ?? 0) > 10, '> 10'),
    tile('generator CPU', formatPercent(v.generatorCpuRatio), (v.generatorCpuRatio ?? 0) > 0.95, '> 95'),
    tile(
      'scrapes seen',
      unasked ? 'no Prometheus' : formatPercent(v.scrapeCoverage),
      !unasked && (v.scrapeCoverage ?? 0) < 0.9,
      v.scrapeCoverage === null ? '' : '< 90',
    ),
    ...(v.clockSkewMs === undefined || v.clockSkewMs === null
      ? []
      : [tile('clock skew', formatMs(v.clockSkewMs), Math.abs(v.clockSkewMs) > 1000, 'above 1 s')]),
  ];
}

function sloView(slo: SloResult, number: number): Record<string, unknown> {
  const name = sloName(slo);
  const brace = name.indexOf('{');
  const at = brace < 0 ? name.length : brace;
  return {
    id: anchorOf('slo', number, sloName(slo)),
    ...verdictView(slo.verdict),
    // A narrow column may part the two.
    name: name.slice(0, at),
    of: name.slice(at),
    why: shortReason(slo),
    limit: slo.threshold,
    limitShort: isShort(slo.threshold),
    windowShort: isShort(slo.window),
    actual: sloActual(slo),
    interval: sloInterval(slo),
    margin: sloMargin(slo),
    window: slo.window,
    source: sourceWords(slo),
    reason: slo.reason,
  };
}

/** Where a latency begins and ends, as every latency has two points; otherwise who saw it. */
function sourceWords(slo: SloResult): string {
  const measure = slo.measure?.split('{')[0] ?? '';
  const points = pointWords[measure];
  return points === undefined ? slo.source : `${slo.source}, ${points}`;
}

const pointWords: Record<string, string | undefined> = {
  ack_duration: 'due to answer',
  send_duration: 'first send to answer',
  delivery_duration: 'due to sink',
};

/**
 * The first screen says why only where something is wrong, without what stands beside it (value and limit, the
 * reasons of a run that is not valid); the reasons of all stand further down.
 */
function shortReason(slo: SloResult): string {
  if (slo.verdict === 'pass') return '';
  // How many there were stands in the ledger line.
  if (slo.source === 'ledger' && slo.verdict === 'fail') return '';
  if (slo.reason.includes('does not count: the run is not valid')) return 'does not count';
  const beside = ` against ${slo.threshold}, `;
  const at = slo.reason.indexOf(beside);
  return at < 0 ? slo.reason : slo.reason.slice(at + beside.length);
}
