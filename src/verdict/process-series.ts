import type { ProcessSample } from '../observe/evidence.ts';
import type { TimelineSeries } from '../report/types.ts';

/** Points kept of one series: a soak of many members must stay a report that can be opened. */
const pointsMax = 600;

const kinds: { name: string; unit: string; read(sample: ProcessSample): number | undefined }[] = [
  { name: 'CPU', unit: 'cores', read: ({ cpuCores }) => cpuCores },
  { name: 'RSS', unit: 'bytes', read: ({ rssBytes }) => rssBytes },
  {
    name: 'throttled',
    unit: '% of CPU periods',
    read: ({ throttledPeriods, periods }) =>
      throttledPeriods === undefined || periods === undefined || periods === 0
        ? undefined
        : (throttledPeriods / periods) * 100,
  },
];

/** CPU, memory and throttled periods of each member over time; of many samples, the greatest of each stretch. */
export function processSeries(samples: readonly ProcessSample[]): TimelineSeries[] {
  const byMember = new Map<string, ProcessSample[]>();
  for (const sample of samples) {
    const known = byMember.get(sample.member);
    if (known === undefined) byMember.set(sample.member, [sample]);
    else known.push(sample);
  }
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
