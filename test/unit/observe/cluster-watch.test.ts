import type { V1Pod } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import type { Clock } from '../../../src/base/clock.ts';
import { readyEndpoints } from '../../../src/base/kubernetes.ts';
import { isWorthTelling, podChanges, scaleChange } from '../../../src/observe/cluster-changes.ts';
import { openLog } from '../../../src/observe/cluster-log.ts';
import { follow, followed, type Informer } from '../../../src/observe/followed.ts';
import { clusterNotes, sinceStart } from '../../../src/run/cluster-observers.ts';

const pod = (more: {
  ready?: boolean;
  restarts?: number;
  ended?: object;
  waits?: string;
  ending?: Date;
  uid?: string;
}): V1Pod => ({
  metadata: {
    name: 'a',
    uid: more.uid ?? 'u',
    ...(more.ending === undefined ? {} : { deletionTimestamp: more.ending }),
  },
  spec: { containers: [], nodeName: 'n1' },
  status: {
    conditions: [{ type: 'Ready', status: more.ready === true ? 'True' : 'False' }],
    containerStatuses: [
      {
        name: 'c',
        image: 'i',
        imageID: '',
        ready: more.ready === true,
        restartCount: more.restarts ?? 0,
        ...(more.waits === undefined ? {} : { state: { waiting: { reason: more.waits } } }),
        ...(more.ended === undefined
          ? {}
          : { lastState: { terminated: { exitCode: 0, containerID: 'x', ...more.ended } } }),
      },
    ],
  },
});
const said = (before: V1Pod | undefined, after: V1Pod | undefined) =>
  podChanges(before, after).map(({ what }) => what);

test('a pod comes, is ready, is asked to end and is gone', () => {
  expect(said(undefined, pod({}))).toEqual(['pod a is there', 'pod a goes to node n1']);
  expect(said(pod({}), pod({ ready: true }))).toEqual(['pod a is ready']);
  expect(said(pod({ ready: true }), pod({ ready: true }))).toEqual([]);
  expect(said(pod({ ready: true }), pod({ ending: new Date() }))).toEqual([
    'pod a is asked to end',
    'pod a is not ready any more',
  ]);
  expect(said(pod({}), undefined)).toEqual(['pod a is gone']);
});

test('killed for its memory is told by the reason, also with exit code 0; each end once', () => {
  const ended = { reason: 'OOMKilled', finishedAt: '2026-11-21T10:54:23Z' };
  const killed = pod({ restarts: 1, ended, waits: 'CrashLoopBackOff' });
  expect(podChanges(pod({ ready: true }), killed)).toEqual([
    { what: 'pod a: container c ended at 10:54:23Z, OOMKilled, exit code 0', oom: true },
    { what: 'pod a: container c starts again, for the 1st time' },
    { what: 'pod a: container c waits, CrashLoopBackOff' },
    { what: 'pod a is not ready any more' },
  ]);
  expect(podChanges(killed, killed)).toEqual([]);
});

test('endpoints and autoscalers', () => {
  const conditions = [{ ready: true }, { ready: false }, {}];
  const endpoints = conditions.map((one) => ({ addresses: ['x'], conditions: one }));
  expect(readyEndpoints({ addressType: 'IPv4', endpoints })).toBe(2);
  expect(readyEndpoints(undefined)).toBe(0);
  const scaler = (desiredReplicas: number, averageUtilization: number) => ({
    metadata: { name: 'h' },
    spec: { maxReplicas: 9, scaleTargetRef: { kind: 'Deployment', name: 'd' } },
    status: {
      desiredReplicas,
      currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization } } }],
      conditions: [],
    },
  });
  expect(scaleChange(scaler(3, 60), scaler(5, 92))).toBe('autoscaler h wants 5 pods, from 3 (cpu at 92 %)');
  expect(scaleChange(scaler(3, 60), scaler(3, 61))).toBeUndefined();
});

test('what a component says again and again is told when it has doubled', () => {
  const event = (count: number) => ({ metadata: {}, involvedObject: {}, count });
  expect(isWorthTelling(undefined, event(57))).toBe(true);
  const told = Array.from({ length: 99 }, (_, i) => i + 2).filter((n) =>
    isWorthTelling(event(n - 1), event(n)),
  );
  expect(told).toEqual([2, 4, 8, 16, 32, 64]);
});

test('however much happens, what is kept is bounded and what is not is counted; no change gives way to words', () => {
  const log = openLog({ nowNs: () => 0, wallMs: () => 0, sleep: async () => undefined });
  for (let i = 0; i < 100_000; i++) {
    log.word(`pod p${i}: Pulled`);
    log.level({
      name: `ready endpoints s${i % 60}`,
      unit: 'endpoints',
      by: i % 2 === 0 ? 1 : -1,
      watch: 'w',
    });
  }
  log.change({ what: 'pod a is gone' });
  const { events, leftOut, series } = log.record();
  expect(events).toHaveLength(1001);
  expect(events.at(-1)?.what).toBe('pod a is gone');
  expect(leftOut).toBe(99_000);
  expect(series).toHaveLength(50);
  expect(series.every(({ points }) => points.length <= 2001)).toBe(true);
});

/** An informer that the test drives: `down` while its API server is away. */
function drivenInformer(objects: V1Pod[]) {
  const seen = new Map<string, ((object: V1Pod) => void)[]>();
  const lost: ((error: unknown) => void)[] = [];
  const state = { down: false, starts: 0 };
  const tell = (verb: string, object: V1Pod) => {
    for (const one of seen.get(verb) ?? []) one(object);
  };
  const fail = () => {
    for (const one of lost) one(new Error('no connection'));
  };
  const informer: Informer<V1Pod> = {
    on: (verb, told) => {
      if (verb === 'error') lost.push(told as (error: unknown) => void);
      else seen.set(verb, [...(seen.get(verb) ?? []), told as (object: V1Pod) => void]);
    },
    start: async () => {
      state.starts += 1;
      if (state.down) fail();
      else for (const object of objects) tell('add', object);
    },
    stop: async () => undefined,
  };
  return { informer, state, tell, fail };
}

const versioned = (version: string, more: Parameters<typeof pod>[0]): V1Pod => {
  const one = pod(more);
  return { ...one, metadata: { ...one.metadata, resourceVersion: version } };
};

test('what was there before is no news; a lost connection is a gap until it is back, and is tried again until then', async () => {
  let ns = 0;
  const waits: (() => void)[] = [];
  const clock: Clock = {
    nowNs: () => ns,
    wallMs: () => 0,
    sleep: () => new Promise<void>((resolve) => waits.push(resolve)),
  };
  const log = openLog(clock);
  const objects = [versioned('1', { ready: true })];
  const { informer, state, tell, fail } = drivenInformer(objects);
  const part = {
    name: 'pods in n',
    open: () =>
      followed(informer, (before, after, isNew) => {
        for (const change of isNew ? podChanges(before, after) : []) log.change(change);
      }),
  };
  const following = await follow(part, { clock, log });
  expect(log.record()).toEqual({ events: [], gaps: [], unwatched: [], series: [] });
  ns = 5e9;
  tell('update', versioned('2', {}));
  expect(log.record().events).toEqual([{ atNs: 5e9, what: 'pod a is not ready any more' }]);
  state.down = true;
  ns = 6e9;
  fail();
  fail();
  ns = 7e9;
  waits.shift()?.();
  await expect.poll(() => state.starts).toBe(2);
  expect(log.record().gaps).toEqual([{ what: 'pods in n', fromNs: 6e9, toNs: 7e9 }]);
  state.down = false;
  // While it was away the pod became ready again: seen at the end of the gap.
  objects[0] = versioned('3', { ready: true });
  ns = 9e9;
  await expect.poll(() => waits.length).toBeGreaterThan(0);
  waits.shift()?.();
  await expect.poll(() => log.record().events).toHaveLength(2);
  expect(log.record().events[1]).toEqual({ atNs: 9e9, what: 'pod a is ready' });
  await expect.poll(() => log.record().gaps).toEqual([{ what: 'pods in n', fromNs: 6e9, toNs: 9e9 }]);
  // Another pod has the name by now: the end of the first was not seen.
  tell('update', versioned('4', { ready: true, uid: 'v' }));
  expect(log.record().events.slice(2)).toMatchObject([
    { what: 'pod a is gone' },
    { what: 'pod a is there' },
    { what: 'pod a goes to node n1' },
    { what: 'pod a is ready' },
  ]);
  await following.stop();
});

test('from t = 0 on: what was before is left out, a level before it stands at it; gaps and memory kills are findings', () => {
  const cluster = sinceStart(
    {
      events: [
        { atNs: 1e9, what: 'early' },
        { atNs: 4e9, what: 'pod a: OOMKilled', oom: true },
      ],
      gaps: [
        { what: 'pods in n', fromNs: 2e9, toNs: 5e9 },
        { what: 'endpoints in n', fromNs: 4e9, toNs: 6e9 },
        { what: 'events in n', fromNs: 0, toNs: 1e9 },
      ],
      unwatched: ['autoscalers in n'],
      series: [
        {
          name: 'ready endpoints s',
          unit: 'endpoints',
          watch: 'endpoints in n',
          points: [
            [1e9, 2],
            [2e9, 3],
            [6e9, 1],
          ],
        },
      ],
    },
    3e9,
  );
  expect(cluster).toMatchObject({
    events: [{ atNs: 1e9 }],
    gaps: [
      { fromNs: 0, toNs: 2e9 },
      { fromNs: 1e9, toNs: 3e9 },
    ],
    series: [
      {
        points: [
          [0, 3],
          [3e9, 1],
        ],
      },
    ],
  });
  expect(clusterNotes(cluster).map(({ code, severity }) => [code, severity])).toEqual([
    ['OOM-KILLED', 'warn'],
    ['CLUSTER-GAP', 'warn'],
    ['CLUSTER-UNWATCHED', 'info'],
  ]);
  expect(clusterNotes(cluster)[1]?.sentence).toBe(
    'From 0.0 to 3.0 s the API server was not reached: pods in n, endpoints in n were not watched.',
  );
});
