import { verdictOfMeasure } from './comparison.ts';
import type { ComparedMeasure } from './comparison-types.ts';
import { findingSentence, topFindings } from './finding-words.ts';
import { formatSeconds, oneLine } from './format.ts';
import { ledgerLines, verdictSentence, whoseFault } from './sentences.ts';
import { sloActual, sloInterval, sloSentence } from './slo-words.ts';
import type { Report, SloResult } from './types.ts';
import { escapeXml } from './xml.ts';

export interface JunitOptions {
  /** CI shows skipped as green, so an unknown is an error unless the user says otherwise. */
  unknownAs: 'error' | 'skipped';
}

interface Case {
  name: string;
  timeS: number;
  outcome?: { tag: 'failure' | 'error' | 'skipped'; type: string; message: string; text: string };
}

/**
 * One suite per scenario, one case per SLO and window, and the case "run", which fails or errs when
 * the run's exit code is not 0 and no SLO says why.
 */
export function renderJunit(report: Report, options: JunitOptions = { unknownAs: 'error' }): string {
  const cases = [
    ...report.slos.map((slo) => sloCase(report, slo, options)),
    ...(report.comparison?.measures ?? []).map((measure) => measureCase(report, measure, options)),
    runCase(report),
  ];
  const count = (tag: string) => cases.filter((one) => one.outcome?.tag === tag).length;
  const totals =
    `tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" ` +
    `skipped="${count('skipped')}" time="${seconds(report.run.durationS)}"`;
  const suite = attribute('name', report.run.scenario);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="squall" ${totals}>`,
    `  <testsuite ${suite} ${totals} ${attribute('timestamp', report.run.startedAt)}>`,
    '    <properties>',
    ...properties(report).map(
      ([name, value]) => `      <property ${attribute('name', name)} ${attribute('value', value)}/>`,
    ),
    '    </properties>',
    ...cases.flatMap((one) => caseLines(one, report.run.scenario)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function properties(report: Report): [string, string][] {
  const blame = whoseFault(report);
  return [
    ['verdict', verdictSentence(report)],
    ...topFindings(report).map((finding, i): [string, string] => [
      `finding.${i + 1}`,
      findingSentence(report, finding),
    ]),
    ['exitCode', String(report.exitCode)],
    ['run', report.run.id],
    ['seed', String(report.run.seed)],
    ['target', report.run.target],
    ['faultOf', `${blame.party}: ${blame.why}`],
    ...ledgerLines(report).map((line): [string, string] => ['ledger', line]),
    ['command', report.run.command],
  ];
}

function sloCase(report: Report, slo: SloResult, options: JunitOptions): Case {
  const window = report.windows.find((one) => one.name === slo.window);
  const base = {
    name: oneLine(`${slo.name} ${slo.threshold} [${slo.window}, ${slo.source}]`, 400),
    timeS: window === undefined ? report.run.durationS : window.toS - window.fromS,
  };
  if (slo.verdict === 'pass') return base;
  const text = [
    `limit ${oneLine(slo.threshold)}`,
    `actual ${sloActual(slo)}`,
    ...(slo.interval === undefined ? [] : [`interval ${sloInterval(slo)}`]),
    window === undefined
      ? `window ${oneLine(slo.window)}`
      : `window ${oneLine(slo.window)} ${formatSeconds(window.fromS)} to ${formatSeconds(window.toS)}`,
    `why ${oneLine(slo.reason)}`,
    ...(slo.query === undefined ? [] : [`query ${oneLine(slo.query, 2000)}`]),
  ].join('\n');
  const tag = slo.verdict === 'fail' ? 'failure' : options.unknownAs;
  const type = slo.verdict === 'fail' ? 'slo-violated' : 'slo-unknown';
  return { ...base, outcome: { tag, type, message: sloSentence(slo), text } };
}

/** One measure of a comparison; what does not hold it up when it is unknown is no error either. */
function measureCase(report: Report, measure: ComparedMeasure, options: JunitOptions): Case {
  const base = { name: oneLine(measure.name, 400), timeS: report.run.durationS };
  const verdict = verdictOfMeasure(measure);
  if (verdict === 'pass' || (verdict === 'unknown' && !measure.needed)) return base;
  const text = oneLine(measure.reason);
  const failed = verdict === 'fail';
  const outcome = {
    tag: failed ? 'failure' : options.unknownAs,
    type: failed ? 'regression' : 'regression-unknown',
    message: `${base.name}: ${text}`,
    text,
  } as const;
  return { ...base, outcome };
}

function runCase(report: Report): Case {
  const base = { name: 'run', timeS: report.run.durationS };
  const explained =
    report.comparison?.measures.some((one) => one.needed && one.verdict === 'unknown') === true ||
    (report.exitCode === 1 && report.comparison !== undefined) ||
    (report.exitCode === 1 && report.slos.some((slo) => slo.verdict === 'fail')) ||
    (report.exitCode === 2 && report.slos.some((slo) => slo.verdict === 'unknown') && report.validity.valid);
  if (report.exitCode === 0 || explained) return base;
  const text = [
    ...report.validity.reasons.map((reason) => oneLine(reason)),
    ...topFindings(report).map((finding) => findingSentence(report, finding)),
    `exit code ${report.exitCode}`,
  ].join('\n');
  const tag = report.exitCode === 1 ? 'failure' : 'error';
  const outcome = { tag, type: `exit-${report.exitCode}`, message: verdictSentence(report), text } as const;
  return { ...base, outcome };
}

function caseLines(one: Case, scenario: string): string[] {
  const names = `${attribute('classname', scenario)} ${attribute('name', one.name)}`;
  const open = `    <testcase ${names} time="${seconds(one.timeS)}"`;
  if (one.outcome === undefined) return [`${open}/>`];
  const { tag, type, message, text } = one.outcome;
  const body = text.split('\n').map(escapeXml).join('\n');
  return [
    `${open}>`,
    `      <${tag} ${attribute('type', type)} ${attribute('message', message)}>${body}</${tag}>`,
    '    </testcase>',
  ];
}

function attribute(name: string, value: string): string {
  return `${name}="${escapeXml(value)}"`;
}

function seconds(value: number): string {
  return Number.isFinite(value) ? value.toFixed(3) : '0.000';
}
