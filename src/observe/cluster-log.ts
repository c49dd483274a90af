import type { Clock } from '../base/clock.ts';
import type { Change } from './cluster-changes.ts';
import type { ClusterRecord } from './cluster-record.ts';

/** A pod that crashes all the time, or a busy namespace, must not make the record one that cannot be read. */
const most = { change: 2000, word: 1000 };
/** Kept of one level; beyond that every second one goes. */
const pointsMax = 2000;
const levelsMax = 50;

export type ClusterLog = ReturnType<typeof openLog>;

/** A step of something that is counted, such as the ready endpoints of a Service. */
export interface LevelStep {
  name: string;
  unit: string;
  by: number;
  /** What is watched to know it. */
  watch: string;
}

interface Level {
  unit: string;
  watch: string;
  value: number;
  points: [number, number][];
}

/** What was seen of a cluster, with its times; of bounded size however much happens. */
export function openLog(clock: Clock) {
  const events: ClusterRecord['events'] = [];
  const kept = { change: 0, word: 0 };
  let leftOut = 0;
  const gaps: ClusterRecord['gaps'] = [];
  const open = new Map<string, number>();
  const levels = new Map<string, Level>();
  const unwatched: string[] = [];
  const add = (kind: keyof typeof kept, change: Change) => {
    kept[kind] += 1;
    if (kept[kind] > most[kind]) leftOut += 1;
    else events.push({ atNs: clock.nowNs(), ...change });
  };
  return {
    unwatched,
    change: (change: Change) => add('change', change),
    /** Said by a component of the cluster: many, and no reason to leave a change out. */
    word: (what: string) => add('word', { what }),
    /** Gives the level before and after. */
    level: ({ name, unit, by, watch }: LevelStep): { was: number; now: number } => {
      const level = levels.get(name) ?? { unit, watch, value: 0, points: [] };
      const was = level.value;
      level.value += by;
      if (by !== 0 || level.points.length === 0) level.points.push([clock.nowNs(), level.value]);
      if (level.points.length > pointsMax) level.points = level.points.filter((_, i) => i % 2 === 0);
      levels.set(name, level);
      return { was, now: level.value };
    },
    lost: (name: string) => {
      if (!open.has(name)) open.set(name, clock.nowNs());
    },
    back: (name: string) => {
      const fromNs = open.get(name);
      if (fromNs !== undefined) gaps.push({ what: name, fromNs, toNs: clock.nowNs() });
      open.delete(name);
    },
    record: (): ClusterRecord => ({
      events: [...events],
      ...(leftOut === 0 ? {} : { leftOut }),
      gaps: [...gaps, ...[...open].map(([what, fromNs]) => ({ what, fromNs, toNs: clock.nowNs() }))],
      unwatched: [...unwatched],
      series: busiest(levels).map(([name, { unit, watch, value, points }]) => ({
        name,
        unit,
        watch,
        points: [...points, [clock.nowNs(), value]],
      })),
    }),
  };
}

/** Of more than are kept, those that changed most. */
function busiest(levels: ReadonlyMap<string, Level>): [string, Level][] {
  return [...levels].sort(([, a], [, b]) => b.points.length - a.points.length).slice(0, levelsMax);
}
