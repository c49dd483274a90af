import { expect, test } from 'vitest';
import { changingSpecs } from '../../../src/fault/rights.ts';
import { faults } from '../../../src/registry.ts';
import type { FaultSpec } from '../../../src/scenario/types.ts';

/** Every way of every fault, as a plan has it. */
const ways = Object.values(faults).flatMap(({ kind, rights = [] }) =>
  rights.map(({ when = {} }) => ({
    name: [kind, ...Object.values(when)].join(' '),
    kind,
    params: { ...when },
  })),
);

test('somebody must put back what a fault changes by the API server; what happens once, or agents hold, needs nobody', () => {
  const changing = changingSpecs(ways as FaultSpec[], faults).map(({ name }) => name);
  expect(changing.toSorted()).toEqual([
    'backend-outage scale',
    'backend-outage selector',
    'collector-reconfigure',
    'network-partition policy',
    'node-cordon',
    'node-drain',
    'pod-failure',
    'resource-limit',
    'scale',
  ]);
});
