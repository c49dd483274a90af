import type { OtherWorkSample, RunRecord } from '../observe/evidence.ts';
import type { VerdictFinding } from './findings.ts';
import { format } from './measured.ts';

/** Part of the machine that may go to others before a run says so. */
const otherShareMax = 0.1;

/**
 * Why what was measured from `fromS` to `toS` is not the target's own doing alone; undefined where others had no more
 * than `shareMax` of the machine.
 */
export function whyDisturbed(
  record: Pick<RunRecord, 'otherWork'>,
  { fromS, toS, shareMax }: { fromS: number; toS: number; shareMax: number },
): string | undefined {
  const inside = (record.otherWork ?? []).filter(({ atS }) => atS > fromS && atS <= toS);
  const cores = inside[0]?.cores ?? 0;
  if (cores === 0) return undefined;
  const mean = (of: (one: OtherWorkSample) => number) =>
    inside.reduce((sum, one) => sum + of(one), 0) / inside.length;
  const [other, stolen] = [mean(({ otherCores }) => otherCores), mean(({ stolenCores }) => stolenCores)];
  if (other + stolen <= shareMax * cores) return undefined;
  const say = (who: string, taken: number) => (taken >= 0.01 * cores ? [`${who} ${rounded(taken)}`] : []);
  const takers = [...say('other work took', other), ...say('its host kept back', stolen)];
  return `${takers.join(' and ')} of this machine's ${cores} cores, where ${rounded(shareMax * cores)} may be`;
}

/** Cores, up to a hundredth of one: what is a little over what may be must not read as if it were not. */
function rounded(value: number): string {
  return format(Math.ceil(Number((value * 100).toFixed(3))) / 100);
}

/** Beside a verdict on latency or rate: nobody should look for the cause in the target first. */
export function otherWorkFindings(record: RunRecord): VerdictFinding[] {
  const { warmupNs, endNs } = record.plan;
  const why = whyDisturbed(record, { fromS: warmupNs / 1e9, toS: endNs / 1e9, shareMax: otherShareMax });
  if (why === undefined) return [];
  return [
    {
      code: 'MACHINE-SHARED',
      severity: 'warn',
      sentence: `While the load ran, ${why}: latencies and rates may be worse than the target's own.`,
      window: 'run',
      next: 'squall explain code MACHINE-SHARED',
    },
  ];
}
