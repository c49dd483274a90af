import type { CapacityReport, StudyReport } from './capacity-types.ts';
import { formatCount, formatMs, formatNumber, formatPercent } from './format.ts';
import type { Report } from './types.ts';

/** What stands behind the number of replicas besides arithmetic. */
export function demandText({ study }: CapacityReport): string {
  if (study?.demand === null || study === undefined)
    return study === undefined || study.demandReason === '' ? '' : `; ${study.demandReason}`;
  const { pods, ratePerS, passed } = study.demand;
  return `; ${pods} ${passed ? 'carried' : 'did not carry'} ${formatCount(ratePerS)}/s in a trial of their own`;
}

export function studyFacts({ study, items }: CapacityReport): { name: string; value: string }[] {
  if (study === undefined) return [];
  const { usl, best, ended } = study;
  const facts: { name: string; value: string }[] = [];
  if (usl !== null) {
    const constants = ({ sigma, kappa }: typeof usl.low) =>
      `sigma ${formatNumber(sigma, 2)}, kappa ${formatNumber(kappa, 2)}`;
    facts.push({
      name: 'law of scaling',
      value: `replicas carry less than as many single ones (USL: ${constants(usl.low)} to ${constants(usl.high)})`,
    });
  }
  if (best !== null)
    facts.push({
      name: 'settings that follow',
      value: `${best.sets.join(', ')}: ${heldText(best)} ${items}/s`,
    });
  if (ended !== '') facts.push({ name: 'what follows was cut short', value: ended });
  return facts;
}

/** Replicas, faults and settings, where they were looked at. */
export function studyTables({
  capacity,
}: Report): { id: string; title: string; names: string[]; rows: string[][] }[] {
  const study = capacity?.study;
  if (capacity === undefined || study === undefined) return [];
  const tables = [
    {
      id: 'capacity-scaling',
      title: 'Capacity of several replicas (one trial a rate)',
      names: ['replicas', 'hold at', 'break at', 'of as many single ones'],
      rows: study.scaling.map((one) => [String(one.pods), ...ends(one), efficiencyText(one)]),
    },
    {
      id: 'capacity-faults',
      title: 'Capacity under faults (one trial a rate)',
      names: ['replicas', 'fault', 'hold at', 'break at', 'of as many healthy ones'],
      rows: faultRows(capacity, study),
    },
    {
      id: 'capacity-effects',
      title: 'Settings: CPU per item at the second value over the first',
      names: ['setting', 'values', 'CPU per item', '95 %', 'set it to'],
      rows: (study.factors?.effects ?? []).map(({ path, values, ratio, atLeast, atMost, choose }) => [
        path,
        values.join(' or '),
        formatPercent(ratio),
        `${formatPercent(atLeast)} to ${atMost === 'Infinity' ? '?' : formatPercent(atMost)}`,
        choose ?? 'no difference was seen',
      ]),
    },
    {
      id: 'capacity-cells',
      title: `Combinations of settings, at ${formatCount(study.factors?.ratePerS ?? 0)}/s`,
      names: ['settings', 'verdict', 'CPU s per million', 'P99'],
      rows: (study.factors?.cells ?? []).map(({ sets, status, cpuSPerMillion, p99Ms }) => [
        sets.join(', '),
        status,
        formatNumber(cpuSPerMillion, 3),
        formatMs(p99Ms),
      ]),
    },
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

function faultRows(capacity: CapacityReport, { underFault }: StudyReport): string[][] {
  if (underFault.length === 0) return [];
  return [
    [String(capacity.pods), 'none', ...ends(capacity), ''],
    ...underFault.map((one) => [String(one.pods), one.fault, ...ends(one), shareText(one)]),
  ];
}

function efficiencyText({
  efficiencyAtLeast: least,
  efficiencyBelow: below,
}: StudyReport['scaling'][number]): string {
  if (below !== 'Infinity') return `${formatPercent(least)} to ${formatPercent(below)}`;
  return least > 0 ? `at least ${formatPercent(least)}` : '';
}

function shareText({ lowerPerS, upperPerS, healthyPerS }: StudyReport['underFault'][number]): string {
  if (upperPerS !== 'Infinity')
    return `${formatPercent(lowerPerS / healthyPerS)} to ${formatPercent(upperPerS / healthyPerS)}`;
  return lowerPerS > 0 ? 'all of it' : '';
}

type Held = Pick<CapacityReport, 'lowerPerS' | 'upperPerS'>;

function ends({ lowerPerS, upperPerS }: Held): [string, string] {
  if (lowerPerS <= 0 && upperPerS === 'Infinity') return ['not decided', 'not decided'];
  return [
    lowerPerS > 0 ? `${formatCount(Math.floor(lowerPerS))}/s` : '',
    upperPerS === 'Infinity' ? '' : `${formatCount(Math.ceil(upperPerS))}/s`,
  ];
}

function heldText({ lowerPerS, upperPerS }: Held): string {
  const low = formatCount(Math.floor(lowerPerS));
  if (upperPerS === 'Infinity') return lowerPerS > 0 ? `at least ${low}` : 'not decided, in';
  return lowerPerS > 0
    ? `${low} to ${formatCount(Math.ceil(upperPerS))}`
    : `below ${formatCount(Math.ceil(upperPerS))}`;
}
