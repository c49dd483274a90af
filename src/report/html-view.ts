import type { VerdictWord } from '../base/signal.ts';
import { formatCount, formatDuration, formatMs, formatPercent, formatSeconds } from './format.ts';
import { chartViews } from './html-charts.ts';
import {
  cardView,
  countersView,
  faultView,
  headlineView,
  latencyView,
  ledgerView,
  lostView,
  queryView,
  ratesView,
  settleWords,
} from './html-sections.ts';
import {
  fullStop,
  ledgerLines,
  sloActual,
  sloInterval,
  sloName,
  topFindings,
  verdictReason,
  verdictSymbol,
  whoseFault,
  worstFirst,
} from './sentences.ts';
import type { Report, SloResult } from './types.ts';

/** Lists are cut, never the page: report.json has all of it. */
const rowsMax = 200;
/** Texts up to here are not broken into lines. */
const keepCharsMax = 16;

const severitySymbol = { fail: '✘', unknown: '?', warn: '!', info: 'i' } as const;

/** Everything report.hbs prints, as text; the template only lays out. */
export function htmlView(report: Report): Record<string, unknown> {
  const { run, validity } = report;
  const sentence = verdictReason(report);
  const blame = whoseFault(report);
  return {
    title: `${report.verdict.toUpperCase()} · ${run.scenario} · squall`,
    verdict: verdictView(report.verdict),
    reason: sentence,
    description: run.description,
    scenario: run.scenario,
    banner: run.banner ?? '',
    exitCode: report.exitCode,
    // What the sentence says already is not said again below it.
    blame: { party: blame.party, why: sentence.includes(blame.why) ? '' : blame.why },
    findings: topFindings(report).map(findingView),
    moreFindings: report.findings.slice(3, rowsMax).map(findingView),
    valid: validity.valid,
    // A finding on the first screen says it already, where there is one.
    validityReasons: topFindings(report).some(({ code }) => code === 'RUN-NOT-VALID')
      ? ''
      : validity.reasons
          .filter((reason) => !sentence.includes(reason))
          .slice(0, rowsMax)
          .join('; '),
    validity: validityView(report),
    slos: worstFirst(report.slos)
      .slice(0, rowsMax)
      .map((slo) => sloView(slo)),
    slosLeftOut: Math.max(0, report.slos.length - rowsMax),
    ledgerLines: ledgerLines(report),
    ledger: ledgerView(report),
    lost: lostView(report),
    ...chartViews(report),
    faults: report.faults.slice(0, rowsMax).map(faultView),
    latency: latencyView(report),
    rates: ratesView(report),
    headline: headlineView(report),
    counters: countersView(report),
    windows: report.windows.map((window) => ({
      name: window.name,
      from: formatSeconds(window.fromS),
      to: formatSeconds(window.toS),
    })),
    settle: settleWords(report),
    reach: [formatSeconds(report.reach.s), report.reach.parts.join(' + ')]
      .filter((part) => part !== '')
      .join(' = '),
    queries: report.slos.filter((slo) => slo.query !== undefined || slo.promql !== undefined).map(queryView),
    card: cardView(report),
    machine: Object.entries(run.machine)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
    seed: String(run.seed),
    command: run.command,
    started: run.startedAt,
    duration: formatDuration(run.durationS),
    target: run.target,
    runId: run.id,
  };
}

function verdictView(verdict: VerdictWord): { word: string; symbol: string; css: string } {
  return { word: verdict.toUpperCase(), symbol: verdictSymbol[verdict], css: verdict };
}

function findingView(finding: Report['findings'][number]): Record<string, string> {
  return {
    css: finding.severity,
    symbol: severitySymbol[finding.severity],
    severity: finding.severity,
    code: finding.code,
    sentence: fullStop(finding.sentence),
    window: finding.window ?? '',
    evidence: finding.evidence ?? '',
    next: finding.next,
  };
}

function validityView(report: Report): { label: string; value: string; bad: boolean; why: string }[] {
  const v = report.validity;
  const tile = (label: string, value: string, bad: boolean, why: string) => ({ label, value, bad, why });
  return [
    tile('offered of plan', formatPercent(v.offeredRatio), (v.offeredRatio ?? 0) < 0.99, 'below 99 %'),
    tile(
      'missed by generator',
      formatCount(v.missedByGenerator),
      v.missedByGenerator > 0,
      'load was not offered',
    ),
    tile(
      'missed by target',
      formatCount(v.missedByTarget),
      v.missedByTarget > 0,
      'its in-flight bound was full',
    ),
    tile('send lag P99', formatMs(v.sendLagMs.p99), !v.valid && (v.sendLagMs.p99 ?? 0) > 10, 'above 10 ms'),
    tile(
      'generator CPU',
      formatPercent(v.generatorCpuRatio),
      (v.generatorCpuRatio ?? 0) > 0.95,
      'above 95 %',
    ),
    tile('scrapes seen', formatPercent(v.scrapeCoverage), (v.scrapeCoverage ?? 0) < 0.9, 'below 90 %'),
  ];
}

function sloView(slo: SloResult): Record<string, unknown> {
  return {
    ...verdictView(slo.verdict),
    name: sloName(slo),
    why: shortReason(slo),
    limit: slo.threshold,
    limitShort: slo.threshold.length <= keepCharsMax,
    windowShort: slo.window.length <= keepCharsMax,
    actual: sloActual(slo),
    interval: sloInterval(slo),
    window: slo.window,
    source: slo.source,
    reason: slo.reason,
  };
}

/**
 * The first screen says why only where something is wrong, without what stands beside it (value and limit, the
 * reasons of a run that is not valid); the reasons of all stand further down.
 */
function shortReason(slo: SloResult): string {
  if (slo.verdict === 'pass') return '';
  if (slo.reason.includes('does not count: the run is not valid'))
    return 'does not count, the run is not valid';
  const beside = ` against ${slo.threshold}, `;
  const at = slo.reason.indexOf(beside);
  return at < 0 ? slo.reason : slo.reason.slice(at + beside.length);
}
