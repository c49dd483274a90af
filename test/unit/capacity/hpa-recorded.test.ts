import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { HpaSample } from '../../../bench/hpa-look.ts';
import { freshHpa, type HpaSpec, stepHpa, wholePercent } from '../../../src/capacity/hpa.ts';

/** A real HorizontalPodAutoscaler, written down by bench/hpa.ts: what it saw, as it changed, and what it did. */
interface Recording {
  name: string;
  kubernetes: string;
  requestMillis: number;
  /** Of the controller that was watched. */
  turnS: number;
  spec: HpaSpec;
  samples: HpaSample[];
}

/** One turn of a controller as Kubernetes has it by default. */
const agreeWithinS = 15;

const dir = new URL('../../fixtures/hpa/', import.meta.url).pathname;
const recordings = readdirSync(dir).map((file): Recording => {
  const [head = '', ...samples] = readFileSync(join(dir, file), 'utf8').trimEnd().split('\n');
  return { ...JSON.parse(head), samples: samples.map((line) => JSON.parse(line)) };
});

interface Change {
  atS: number;
  replicas: number;
}

const utilizationOf = ({ requestMillis }: Recording, { usedMillis, readyPods }: HpaSample) =>
  wholePercent(usedMillis / (readyPods * requestMillis));

/** The same series handed to the simulator, which goes its own way, with its first turn at `fromS`. */
function simulate(recording: Recording, fromS: number): Change[] {
  const { spec, samples, turnS } = recording;
  let [replicas, state] = [samples[0]?.replicas ?? 0, freshHpa];
  const changes: Change[] = [];
  for (let atS = fromS; atS <= (samples.at(-1)?.atS ?? 0); atS += turnS) {
    const seen = samples.findLast((one) => one.atS <= atS);
    if (seen === undefined || seen.readyPods === 0) continue;
    const metric = utilizationOf(recording, seen);
    const { readyPods, missingPods } = seen;
    const next = stepHpa(spec, state, { atS, replicas, metric, readyPods, missingPods });
    if (next.replicas !== replicas) changes.push({ atS, replicas: next.replicas });
    [replicas, state] = [next.replicas, next.state];
  }
  return changes;
}

function changesOf({ samples }: Recording): Change[] {
  return samples.flatMap(({ atS, replicas }, i) =>
    i > 0 && samples[i - 1]?.replicas !== replicas ? [{ atS, replicas }] : [],
  );
}

describe.each(recordings.map((recording) => [recording.name, recording] as const))(
  'beside a real HPA: %s',
  (_, recording) => {
    test('the same steps, each within one turn', () => {
      const real = changesOf(recording);
      // When within its period the real one looks is not seen from outside; it matters where a metric is only just new.
      const phases = Array.from({ length: recording.turnS }, (_, fromS) => simulate(recording, fromS));
      const steps = (changes: Change[]) => changes.map(({ replicas }) => replicas);
      const alike = phases.filter((changes) => String(steps(changes)) === String(steps(real)));
      expect(alike, `${steps(real)} but simulated ${phases.map(steps).join(' | ')}`).not.toEqual([]);
      const apartS = alike.map((changes) =>
        Math.max(...changes.map(({ atS }, i) => Math.abs(atS - (real[i]?.atS ?? Number.NaN)))),
      );
      expect(Math.min(...apartS)).toBeLessThanOrEqual(agreeWithinS);
    });

    test('the pods that count are those that it counts: its own utilization is theirs', () => {
      const { samples, turnS } = recording;
      const apart = samples.filter(({ atS, utilization }, i) => {
        if (utilization === undefined || utilization === samples[i - 1]?.utilization) return false;
        // It was written at most a turn after it was so.
        const recent = samples.filter((_one, j) => j <= i && (samples[j + 1]?.atS ?? atS) >= atS - turnS - 2);
        return !recent.some((one) => Math.round(100 * utilizationOf(recording, one)) === utilization);
      });
      expect(apart).toEqual([]);
    });
  },
);
