import { expect, test } from 'vitest';
import { deadlineGraceMs, heartbeatTtlMs, judgeWatch, type Watch } from '../../../src/fault/heartbeat.ts';

const pause = { kind: 'signal', pid: 1, startTicks: 1, signal: 'SIGCONT' } as const;
const link = { kind: 'in-process', what: 'partition' } as const;
const inPod = { kind: 'in-pod', what: 'refuse' } as const;
const watch = (extra: Partial<Watch>, undo: Watch['open'][number]['undo'] = [pause]): Watch => ({
  runnerAlive: true,
  released: false,
  beatAgeMs: 0,
  nowNs: 0,
  open: [{ injection: 'i', fault: 'f', member: 'm', undo, deadlineNs: 1e9 }],
  ...extra,
});
const lateNs = 1e9 + deadlineGraceMs * 1e6 + 1;

test.each<[string, Watch, string]>([
  ['all is well', watch({}), 'watch'],
  ['the runner is gone', watch({ runnerAlive: false }), 'sweep'],
  ['released', watch({ released: true }), 'sweep'],
  ['hung with a fault', watch({ beatAgeMs: heartbeatTtlMs + 1 }), 'fence'],
  ['hung without a fault', watch({ beatAgeMs: heartbeatTtlMs + 1, open: [] }), 'watch'],
  [
    'hung since what was late was undone',
    watch({ beatAgeMs: heartbeatTtlMs + 1, open: [], overslept: true }),
    'fence',
  ],
  [
    'slow since what was late was undone',
    watch({ beatAgeMs: heartbeatTtlMs, open: [], overslept: true }),
    'watch',
  ],
  ['hung in the wait after a kill', watch({ beatAgeMs: heartbeatTtlMs + 1 }, []), 'watch'],
  ['past a deadline', watch({ nowNs: lateNs }), 'expire'],
  ['at the deadline', watch({ nowNs: 1e9 }), 'watch'],
  ['past the deadline of what only the runner can undo', watch({ nowNs: lateNs }, [link]), 'fence'],
  ['past the deadline of what ended by itself', watch({ nowNs: lateNs }, [inPod]), 'expire'],
])('the guard, %s', (_, seen, kind) => {
  expect(judgeWatch(seen).kind).toBe(kind);
});
