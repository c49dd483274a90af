import { oneLine } from './format.ts';
import type { Finding, Report } from './types.ts';

/** The words about findings and what to do about them that terminal, Markdown, JUnit and HTML share. */

/** The same three everywhere. */
export function topFindings(report: Report): Finding[] {
  return report.findings.slice(0, 3);
}

export function findingSentence(report: Report, finding: Finding): string {
  const step = findingStep(report, finding);
  const sentence = `${oneLine(finding.code, 60)}: ${fullStop(oneLine(finding.sentence))}`;
  return step === '' ? sentence : `${sentence} ${step}`;
}

/**
 * Of all steps one comes first ("Do:"); what it holds already is not said again, others come after it ("Then:"), and
 * what explains is no step ("More:").
 */
export function findingStep(report: Report, finding: Finding): string {
  const [step, first] = [oneLine(finding.next), nextStep(report)];
  if (step === first) return `Do: ${step}`;
  if (first.includes(step)) return '';
  if (step === oneLine(report.run.command)) return 'Then: run it again';
  return `${isExplanation(step) ? 'More' : 'Then'}: ${step}`;
}

function isExplanation(step: string): boolean {
  return step.startsWith('squall explain');
}

/** The text with a full stop, unless it ends like a sentence already. */
export function fullStop(text: string): string {
  return text === '' || /[.!?:…]$/.test(text) ? text : `${text}.`;
}

/**
 * One thing to do, also after a run in which nothing was found: of the findings' own, the first that mends something
 * rather than explains it.
 */
export function nextStep(report: Report): string {
  const steps = report.findings.map(({ next }) => next).filter((next) => next !== '');
  const next = steps.find((step) => !isExplanation(step)) ?? steps[0];
  if (next !== undefined) return oneLine(next);
  if (report.verdict === 'pass') return afterPass(report);
  return 'read the reasons of the SLOs below';
}

/** Runs are in folders of their ids unless the user named another. */
function afterPass({ run, capacity, comparison }: Report): string {
  if (comparison !== undefined) return 'nothing to mend; the candidate can be the baseline from here on';
  if (capacity !== undefined) return 'nothing to mend';
  const compare = `squall compare reports/${oneLine(run.id, 80)} reports/latest`;
  return `nothing to mend; run it again with the next build, then: ${compare}`;
}
