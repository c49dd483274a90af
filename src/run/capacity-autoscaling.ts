import {
  type DayResult,
  dailyCosine,
  headroomOf,
  parseCurve,
  simulateDay,
  usualLags,
} from '../capacity/day.ts';
import { defaultRules, type HpaSpec } from '../capacity/hpa.ts';
import { cpuTargetFor, manifestsFor } from '../capacity/manifests.ts';
import type { Sizing } from '../capacity/sizing.ts';
import type { SearchResult } from '../capacity/types.ts';
import type { CapacityReport } from '../report/capacity-types.ts';
import { formatCount, formatNumber, formatPercent } from '../report/format.ts';
import type { SearchHead, SearchRecord } from './capacity-record.ts';

const dayS = 86_400;

/** What a confirmed capacity means for an HPA: the one the scenario names, and the one that follows from it. */
export function autoscalingOf(
  search: SearchRecord,
  result: SearchResult,
  sizing: Sizing,
): NonNullable<CapacityReport['autoscaling']> {
  const { head } = search;
  const { capacity, workload, pods } = head;
  const perPod = result.lowerPerS / pods;
  const cpuAtCapacity = cpuShare(search, result) ?? 1;
  const { safetyFactor, tolerateLoss, hpa } = capacity;
  const target = cpuTargetFor({ safetyFactor, cpuAtCapacity }) / 100;
  const spec = (one: { minReplicas: number; maxReplicas: number; cpuTarget: number }): HpaSpec => ({
    ...defaultRules,
    minReplicas: one.minReplicas,
    maxReplicas: one.maxReplicas,
    target: one.cpuTarget,
  });
  const own = {
    minReplicas: Math.max(1, capacity.minReplicas),
    maxReplicas: Math.ceil(1.25 * sizing.replicas),
    cpuTarget: target,
  };
  const dayOf = (one: HpaSpec) => runDay(head, { hpa: one, perPod, cpuAtCapacity });
  const namedDay = hpa === undefined ? undefined : dayOf(spec(hpa));
  const row = (name: string, value: string) => ({ name, value });
  const share = formatPercent(Number(cpuAtCapacity.toFixed(3)));
  const facts = [
    row(
      'CPU at capacity',
      cpuShare(search, result) === undefined ? 'not measured, taken as 100 %' : `${share} of the request`,
    ),
    ...(hpa === undefined || namedDay === undefined
      ? []
      : [
          row(
            `HPA as named, ${formatPercent(hpa.cpuTarget)}`,
            judgement(spec(hpa), { safetyFactor, cpuAtCapacity, perPod }),
          ),
          row('a day with it', dayText(head, namedDay)),
        ]),
    row(
      `HPA that follows, ${formatPercent(target)}`,
      judgement(spec(own), { safetyFactor, cpuAtCapacity, perPod }),
    ),
    row('a day with that', dayText(head, dayOf(spec(own)))),
    row('a day is', dayWords(head)),
  ];
  const { name, ...resources } = workload;
  const manifests = manifestsFor({
    workload: name,
    replicas: sizing.replicas,
    tolerateLoss,
    safetyFactor,
    cpuAtCapacity,
    ...resources,
  });
  return { facts, manifests, ...(namedDay === undefined ? {} : { shortMinutes: namedDay.underMinutes }) };
}

/** CPU of one pod at the lower end over its request, from the trials nearest to it. */
function cpuShare({ head, trials }: SearchRecord, { lowerPerS }: SearchResult): number | undefined {
  const { cpuMillis } = head.workload;
  const near = trials
    .flatMap(({ outcome }) => (outcome.status === 'pass' ? [outcome] : []))
    .filter(({ ratePerS, cpuSPerMillion }) => cpuSPerMillion !== undefined && ratePerS >= 0.8 * lowerPerS)
    .map(({ cpuSPerMillion = 0 }) => cpuSPerMillion)
    .sort((a, b) => a - b);
  const middle = near[near.length >> 1];
  if (cpuMillis === undefined || middle === undefined) return undefined;
  return ((middle / 1e6) * lowerPerS) / head.pods / (cpuMillis / 1000);
}

function judgement(
  hpa: HpaSpec,
  by: { safetyFactor: number; cpuAtCapacity: number; perPod: number },
): string {
  const left = headroomOf(hpa, by.cpuAtCapacity);
  const enough =
    left >= by.safetyFactor - 0.005 ? 'as asked for' : `less than the ${by.safetyFactor} asked for`;
  const endPerS = (hpa.maxReplicas * by.perPod * hpa.target * (1 + hpa.tolerance)) / by.cpuAtCapacity;
  return (
    `nothing happens below ${formatPercent(hpa.target * (1 + hpa.tolerance))} CPU, so it leaves ${formatNumber(left, 3)} ` +
    `times the load, ${enough}; past its end above ${formatCount(Math.round(endPerS))} items/s`
  );
}

function runDay(
  { capacity, dayCurve, workload }: SearchHead,
  one: { hpa: HpaSpec; perPod: number; cpuAtCapacity: number },
): DayResult {
  const { peakPerS = 0, dayLowPerS = peakPerS / 5, prices } = capacity;
  const curve = dayCurve === undefined ? undefined : parseCurve(dayCurve);
  const gib = (workload.memoryBytes ?? 0) / 2 ** 30;
  return simulateDay({
    curve: curve ?? dailyCosine({ lowPerS: dayLowPerS, peakPerS }),
    lengthS: dayS,
    capacityPerS: one.perPod,
    cpuAtCapacity: one.cpuAtCapacity,
    hpa: one.hpa,
    ...usualLags,
    podHour: ((workload.cpuMillis ?? 0) / 1000) * (prices?.cpuHour ?? 0) + gib * (prices?.gibHour ?? 0),
  });
}

function dayText({ capacity, workload }: SearchHead, day: DayResult): string {
  const { prices } = capacity;
  const under =
    day.underMinutes === 0
      ? 'never too few pods'
      : `${formatNumber(day.underMinutes, 3)} min with too few pods, ${formatCount(Math.round(day.itemsAbove))} items above what they carry, computed`;
  const cost =
    prices === undefined || day.costPerMillion === null || workload.cpuMillis === undefined
      ? ''
      : `, ${formatNumber(day.costPerMillion, 2)} per million items at prices of ${prices.date}`;
  return `${under}; ${formatNumber(day.podHours, 3)} pod hours, at most ${day.replicasMax} pods${cost}`;
}

function dayWords({ capacity, dayCurve }: SearchHead): string {
  const { peakPerS = 0, dayLowPerS = peakPerS / 5 } = capacity;
  const { turnS, metricLagS, startLagS } = usualLags;
  const shape =
    dayCurve === undefined
      ? `a cosine from ${formatCount(dayLowPerS)} to ${formatCount(peakPerS)} items/s`
      : 'the curve of the scenario';
  return `${shape}; simulated: the HPA looks every ${turnS} s at CPU ${metricLagS} s old, a pod takes load after ${startLagS} s`;
}
