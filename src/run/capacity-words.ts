import { formatDuration } from '../base/units.ts';
import { boundsOf, groupLoads, isJudging } from '../capacity/classify.ts';
import { cellsOf } from '../capacity/factorial.ts';
import { estimateSearch } from '../capacity/settings.ts';
import { studyTrials } from '../capacity/study.ts';
import type { TrialOrder, TrialOutcome } from '../capacity/types.ts';
import { formatCount } from '../report/format.ts';
import type { Scenario } from '../scenario/types.ts';
import type { SearchHead } from './capacity-record.ts';
import { leftOut } from './capacity-trial.ts';

/** What a search is about to do, and how long that takes. */
export function planLines(scenario: Scenario, head: SearchHead): string[] {
  const { settings, warmupMs, generatorPerS, pace } = head;
  const { trials, seconds } = estimateSearch(settings);
  const { shortS, fullS, width, confirmBelow, confirmAbove } = settings;
  const time = (s: number) => formatDuration(1000 * Math.round(s));
  const out = leftOut(scenario);
  const lines = [
    `search ${formatCount(settings.minPerS)} to ${formatCount(settings.maxPerS)}/s (${settings.maxReason})`,
    `generator without a target ${formatCount(Math.round(generatorPerS))}/s`,
    `trials of ${shortS} s to steer, ${fullS} s to judge, each after ${warmupMs / 1000} s of warmup`,
    `until the ends are within ${(100 * width).toFixed(1)} %, then ${confirmBelow} fresh ones below and ${confirmAbove} above`,
    `some ${trials} trials in ${time(seconds)}, at most ${time(settings.budgetS)}${pace === 'quick' ? '; quick: indicative' : ''}`,
    ...(scenario.faults.length > 0 ? ['the search itself without the faults of the scenario'] : []),
    ...studyLines(head),
    ...(out.length > 0 ? [`without the SLOs ${out.join(', ')}`] : []),
  ];
  return lines.map((line, i) => `${(i === 0 ? 'plan' : '').padEnd(9)}${line}`);
}

/** What follows where a capacity is found, and how long that takes. */
function studyLines({ study, settings }: SearchHead): string[] {
  if (study === undefined) return [];
  const parts = [
    ...(study.replicas.length > 0 ? [`with ${study.replicas.join(', ')} replicas`] : []),
    ...study.faults.map(({ fault }) => `under ${fault}`),
    ...(study.sizing === undefined ? [] : ['the peak on the replicas that follow']),
    ...(study.factors.length === 0
      ? []
      : [
          `${cellsOf(study.factors.length).length} combinations of ${study.factors.map(({ path }) => path).join(', ')}`,
        ]),
  ];
  const { least, most } = studyTrials(study);
  const minutes = (trials: number) => Math.ceil((trials * (settings.fullS + settings.overheadS)) / 60);
  return [
    `then, if one is found: ${parts.join('; ')}`,
    `${least} to ${most} trials more, ${minutes(least)} to ${minutes(most)} min`,
  ];
}

export function describeOrder({ purpose, ratePerS, variant }: TrialOrder): string {
  return `${variant?.name ?? purpose} ${formatCount(ratePerS)}/s`;
}

/** Bounds of full trials; else what steering says, and single full trials that failed. */
export function boundsText(outcomes: readonly TrialOutcome[]): string {
  const judging = outcomes.filter(isJudging);
  const full = boundsOf(groupLoads(judging));
  const steering = outcomes.filter(({ purpose }) => purpose === 'bracket');
  const passed = new Set(judging.filter(({ status }) => status === 'pass').map(({ ratePerS }) => ratePerS));
  const failed = [...steering, ...judging]
    .filter(({ status, ratePerS }) => status === 'fail' && !passed.has(ratePerS))
    .map(({ ratePerS }) => ratePerS);
  const high = Math.min(full.upperPerS, ...(Number.isFinite(full.upperPerS) ? [] : failed));
  const held = steering
    .filter(({ status, ratePerS }) => (status === 'pass' || status === 'unknown') && ratePerS < high)
    .map(({ ratePerS }) => ratePerS);
  const low = full.lowerPerS > 0 ? full.lowerPerS : Math.max(0, ...held);
  if (low === 0 && !Number.isFinite(high)) return 'no bounds yet';
  const from = low > 0 ? formatCount(low) : '?';
  const sure = full.lowerPerS > 0 ? 'between' : 'perhaps between';
  return `${sure} ${from} and ${Number.isFinite(high) ? formatCount(high) : '?'}/s`;
}

export function shorten(text: string): string {
  return text.length <= 160 ? text : `${text.slice(0, 159)}…`;
}
