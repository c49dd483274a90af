import { expect, test } from 'vitest';
import { readPipelineFacts } from '../../../src/target/collector-config.ts';
import { quietOf, reachOf, settleOf } from '../../../src/target/residence.ts';
import { stockGateway } from '../../../src/target/stock-gateway.ts';

const facts = readPipelineFacts(stockGateway());

test('an item stays at most for batch timeout, retry and last attempt, over every hop', () => {
  const reach = reachOf([
    { member: 'agent', facts: { ...facts, batchTimeoutMs: 0, retryEnabled: false } },
    { member: 'gateway', facts },
  ]);
  expect(reach.ns).toBe((5000 + 200 + 300_000 + 5000) * 1e6);
  expect(reach.parts).toEqual([
    "agent: last attempt's timeout 5 s",
    'gateway: batch timeout 200 ms',
    'gateway: retry 300 s',
    "gateway: last attempt's timeout 5 s",
  ]);
});

test('a retry without an end counts as ten minutes and says so', () => {
  const endless = { ...facts, retryMaxElapsedMs: 0 };
  expect(reachOf([{ member: 'a', facts: endless }]).parts[1]).toBe(
    'a: retry without an end, counted as 600 s',
  );
});

test('settling outlasts the reach; quiet outlasts the batch timeouts', () => {
  expect(settleOf([{ member: 'a', facts }])).toBeGreaterThan(reachOf([{ member: 'a', facts }]).ns);
  expect(quietOf([{ member: 'a', facts: { ...facts, batchTimeoutMs: 5000 } }])).toBeGreaterThan(5e9);
});
