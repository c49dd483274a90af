import { expect, test } from 'vitest';
import { makeOrderKeys, type Order, orderIdOf, trustedOrders } from '../../../src/target/node-order.ts';

const order: Order = {
  id: '0123456789ab',
  node: 'node-1',
  podUid: '12345678-1234-1234-1234-123456789abc',
  holdMs: 20_000,
  act: {
    kind: 'network',
    flows: [{ chain: 'INPUT', portOf: 'destination', port: 4317 }],
    effect: { kind: 'drop' },
  },
};
const keys = makeOrderKeys();
const bound = { publicKey: keys.publicKey, leaseUid: 'lease-1' };
const read = (...signed: unknown[]) => trustedOrders(JSON.stringify(signed), bound);

test('an order that the run signed for this Lease is taken, and found by its id', () => {
  const signed = keys.sign(order, 'lease-1');
  expect(read(signed)).toEqual([order]);
  expect(orderIdOf(signed)).toBe(order.id);
  expect([trustedOrders(undefined, bound), trustedOrders('{', bound)]).toEqual([[], []]);
});

test('for another Lease, by another key, or changed after signing, it is passed over; the others stand', () => {
  const signed = keys.sign(order, 'lease-1');
  const changed = { ...signed, text: signed.text.replace('4317', '6443') };
  const foreign = makeOrderKeys().sign(order, 'lease-1');
  expect(read(keys.sign(order, 'lease-2'), changed, foreign, { text: 1 }, null, signed)).toEqual([order]);
});

const network = order.act;
test.each([
  ['a chain', { ...order, act: { ...network, flows: [{ chain: 'FORWARD', portOf: 'source', port: 1 }] } }],
  [
    'a port',
    { ...order, act: { ...network, flows: [{ chain: 'INPUT', portOf: 'source', port: '1 -j ACCEPT' }] } },
  ],
  [
    'an address',
    {
      ...order,
      act: { ...network, flows: [{ chain: 'INPUT', portOf: 'source', port: 1, address: '$(id)' }] },
    },
  ],
  ['an effect', { ...order, act: { ...network, effect: { kind: 'loss', ratio: 2 } } }],
  ['an id', { ...order, id: '../../etc/pass' }],
  ['a container', { ...order, act: { kind: 'pause', container: '.*' } }],
  ['a signal', { ...order, act: { kind: 'signal', container: 'a'.repeat(64), signal: 'SIGSTOP' } }],
  ['an endless hold', { ...order, holdMs: Number.MAX_VALUE }],
])('%s that is none is passed over, though signed', (_, bad) => {
  expect(read(keys.sign(bad as Order, 'lease-1'))).toEqual([]);
});
