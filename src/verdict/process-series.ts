import type { PodSample } from '../observe/cluster-record.ts';
import type { ProcessSample } from '../observe/evidence.ts';
import type { TimelineSeries } from '../report/types.ts';

/** Points kept of one series: a soak of many members must stay a report that can be opened. */
const pointsMax = 600;

interface Kind<S> {
  name: string;
  unit: string;
  read(sample: S): number | undefined;
}

const throttled: Kind<Pick<ProcessSample, 'periods' | 'throttledPeriods'>> = {
  name: 'throttled',
  unit: '% of CPU periods',
  read: ({ throttledPeriods, periods }) =>
    throttledPeriods === undefined || periods === undefined || periods === 0
      ? undefined
      : (throttledPeriods / periods) * 100,
};
const processKinds: Kind<ProcessSample>[] = [
  { name: 'CPU', unit: 'cores', read: ({ cpuCores }) => cpuCores },
  { name: 'RSS', unit: 'bytes', read: ({ rssBytes }) => rssBytes },
  throttled,
];
const podCpu: Kind<PodSample> = { name: 'CPU', unit: 'cores', read: ({ cpuCores }) => cpuCores };
const podKinds: Kind<PodSample>[] = [
  { name: 'working set', unit: 'bytes', read: ({ memoryBytes }) => memoryBytes },
  throttled,
];

/**
 * CPU, memory and throttled periods of each member over time; of many samples, the greatest of each stretch. A pod's CPU
 * is what its collector says, which is closer in time, and the kubelet's where it says nothing.
 */
export function processSeries(
  samples: readonly ProcessSample[],
  pods: readonly PodSample[] = [],
): TimelineSeries[] {
  const told = new Set(samples.map(({ member }) => member));
  const untold = pods.filter(({ member }) => !told.has(member));
  return [...seriesOf(processKinds, samples), ...seriesOf([podCpu], untold), ...seriesOf(podKinds, pods)];
}

function seriesOf<S extends { member: string; atS: number }>(
  kinds: readonly Kind<S>[],
  samples: readonly S[],
): TimelineSeries[] {
  const byMember = Map.groupBy(samples, ({ member }) => member);
  return kinds.flatMap(({ name, unit, read }) =>
    [...byMember].flatMap(([member, of]) => {
      const points = of.flatMap((sample): [number, number][] => {
        const value = read(sample);
        return value === undefined || sample.atS < 0 ? [] : [[sample.atS, value]];
      });
      return points.length === 0 ? [] : [{ name: `${name} ${member}`, unit, points: greatest(points) }];
    }),
  );
}

function greatest(points: [number, number][]): [number, number][] {
  const every = Math.ceil(points.length / pointsMax);
  if (every <= 1) return points;
  const kept: [number, number][] = [];
  for (let i = 0; i < points.length; i += every) {
    const stretch = points.slice(i, i + every);
    kept.push(stretch.reduce((most, point) => (point[1] > most[1] ? point : most)));
  }
  return kept;
}
