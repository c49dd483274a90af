import { expect, test } from 'vitest';
import { compilePlan } from '../../../src/plan/compile.ts';
import { type Pipelines, predictLoss } from '../../../src/plan/predict.ts';
import { stockFacts as stock } from '../../fixtures/pipeline-facts.ts';
import { parseText, scenarioText } from '../../fixtures/scenario-text.ts';

const unbatched = { ...stock, batchTimeoutMs: 0, batchSize: 0 };
const durable = { ...stock, queuePersistent: true };

const target = '{local: {members: {agent: {sendsTo: gateway}, gateway: {storage: 64Mi}}}}';
const load = '{spans: {signal: traces, executor: constant-arrival-rate, rate: 10000, duration: 600s}}';
const kill = '{name: kill, kind: container-kill, at: 20s, selector: {member: gateway}}';
const outage = (length: string, more = 'action: refuse') =>
  `{name: outage, kind: backend-outage, at: 15s, duration: ${length}, ${more}}`;
const cut = (peer: string) =>
  `{name: cut, kind: network-partition, at: 15s, duration: 400s, peer: ${peer}, selector: {member: gateway}}`;

function predict(faults: string, pipelines: Pipelines) {
  const { scenario } = parseText(scenarioText({ target, load, faults: `[${faults}]` }));
  const plan = compilePlan(scenario, { runId: 'r', seed: 1, epochNs: '0', workers: 1 });
  return Object.fromEntries(
    predictLoss(plan, pipelines).map(({ fault, items, why }) => [fault, { items, why }]),
  );
}

test.each([
  // 10,000/s x (0.2 s + 5 s)
  ['a kill takes batch and export with it', kill, stock, 'kill', 52_000, /batch timeout 200ms \+ export 5s/],
  ['without a batch processor only the export', kill, unbatched, 'kill', 50_000, /export 5s/],
  ['a durable queue keeps all but the batch', kill, durable, 'kill', 2000, /the batch processor is not/],
  [
    'a durable queue without a batch keeps all',
    kill,
    { ...durable, batchTimeoutMs: 0 },
    'kill',
    0,
    /on disk/,
  ],
  // 5 s of outage before the kill: 10,000/s x (0.2 + 5 + 5)
  [
    'a kill in an outage takes the backlog',
    `${outage('10s')}, ${kill}`,
    stock,
    'kill',
    102_000,
    /backlog of an outage 5s/,
  ],
  // ... but no more than the queue holds: 5 batches of 2,000 and one being filled
  [
    'but no more than the queue holds',
    `${outage('10s')}, ${kill}`,
    { ...stock, queueSizeBatches: 5 },
    'kill',
    12_000,
    /backlog/,
  ],
  // Its last pod may end when the outage does: 10,000/s x (0.2 + 5 + 10)
  [
    'a rollout in an outage takes all of its backlog',
    `${outage('10s')}, {name: turn, kind: collector-reconfigure, at: 20s, duration: 5s, configPatch: {}, selector: {member: gateway}}`,
    stock,
    'turn',
    152_000,
    /backlog of an outage 10s/,
  ],
  ['queue and retry outlast a short outage', outage('5s'), stock, 'outage', 0, /outlast/],
  // 400 s of outage, retry gives up after 300 s: the first 100 s
  [
    'retry gives up',
    outage('400s'),
    { ...stock, queueSizeBatches: 10_000 },
    'outage',
    1_000_000,
    /gives up after 5m/,
  ],
  // (15 s of outage + a pause of 1.5 x (5 + 15) s + a last attempt of 5 s) x 10,000 - 20 x 2,000
  [
    'the queue overflows',
    outage('15s'),
    { ...stock, queueSizeBatches: 20 },
    'outage',
    460_000,
    /holds 40,000 items .* up to 35s after the end/,
  ],
  [
    'a full queue without a batch processor refuses',
    outage('15s'),
    { ...unbatched, queueSizeBatches: 20 },
    'outage',
    0,
    /outlast/,
  ],
  ['no retry', outage('15s'), { ...stock, retryEnabled: false }, 'outage', 150_000, /retry is off/],
  [
    'endless retry',
    outage('400s'),
    { ...stock, retryMaxElapsedMs: 0, queueSizeBatches: 1e6 },
    'outage',
    0,
    /outlast/,
  ],
  [
    'half of the requests',
    outage('15s', 'action: refuse, errorRate: 50%'),
    { ...stock, retryEnabled: false },
    'outage',
    75_000,
    /retry is off/,
  ],
  // 5 s of outage and the batch of 0.2 s before it
  [
    'a permanent answer',
    outage('5s', 'action: grpc-status, grpcStatus: INVALID_ARGUMENT'),
    stock,
    'outage',
    52_000,
    /permanent/,
  ],
  [
    'a permanent answer over HTTP',
    outage('5s', 'action: http-status, httpStatus: 400'),
    stock,
    'outage',
    52_000,
    /permanent/,
  ],
  ['a retryable answer', outage('5s', 'action: http-status, httpStatus: 503'), stock, 'outage', 0, /outlast/],
  [
    'RESOURCE_EXHAUSTED alone is permanent',
    outage('5s', 'action: grpc-status, grpcStatus: RESOURCE_EXHAUSTED'),
    stock,
    'outage',
    52_000,
    /permanent/,
  ],
  [
    'with a RetryInfo it is not',
    outage('5s', 'action: grpc-status, grpcStatus: RESOURCE_EXHAUSTED, retryDelay: 1s'),
    stock,
    'outage',
    0,
    /outlast/,
  ],
  ['a sink that lies', outage('5s', 'action: accept-and-drop'), durable, 'outage', 52_000, /answers OK/],
  ['a link to the sink', cut('sink'), { ...stock, queueSizeBatches: 10_000 }, 'cut', 1_000_000, /gives up/],
] as const)('%s', (_, faults, facts, fault, items, why) => {
  const found = predict(faults, facts)[fault];
  expect(found?.items).toBe(items);
  expect(found?.why).toMatch(why);
});

test('each member counts with its own settings, and a paused one is an outage for those before it', () => {
  const pipelines = new Map([
    ['agent', { ...stock, queueSizeBatches: 20, sendsTo: 'gateway' }],
    ['gateway', durable],
  ]);
  const pause = (member: string) =>
    `{name: p, kind: container-pause, at: 15s, duration: 15s, selector: {member: ${member}}}`;
  expect(predict(kill, pipelines).kill?.items).toBe(2000);
  expect(predict(kill.replace('gateway', 'agent'), pipelines).kill?.items).toBe(52_000);
  expect(predict(pause('gateway'), pipelines).p?.items).toBe(460_000);
  expect(predict(pause('agent'), pipelines).p).toEqual({
    items: 0,
    why: 'what it stops was never acknowledged',
  });
});
