import { expect, test } from 'vitest';
import { strikesOf } from '../../../src/fault/blast-radius.ts';
import type { PlannedFault } from '../../../src/plan/types.ts';
import type { SelectorSpec } from '../../../src/scenario/types.ts';
import { checkRadius } from '../../../src/target/kubernetes-radius.ts';

function planned(
  kind: string,
  more: {
    from?: number;
    to?: number;
    selector?: Partial<SelectorSpec>;
    params?: Record<string, unknown>;
  } = {},
): PlannedFault {
  const { from = 0, to, selector = {}, params = {} } = more;
  const outage = params.action === 'scale' ? 'backend' : 'sink';
  const acts = kind === 'backend-outage' ? outage : kind.startsWith('node-') ? 'node' : 'pod';
  const spec = {
    name: kind,
    kind,
    atMs: 0,
    selector: { member: 'gateway', mode: 'one' as const, ...selector },
    params,
    acts,
  } as const;
  return { spec, startNs: from, ...(to === undefined ? {} : { endNs: to }) };
}

const check = (faults: PlannedFault[], size: number, share = 0.5) =>
  checkRadius({ strikes: strikesOf(faults), sizes: { gateway: size, other: 9 }, share }).map(
    ({ found }) => found,
  );

test('one pod may be taken whatever the share, all only where the share says so', () => {
  expect(check([planned('pod-kill')], 1)).toEqual([]);
  const all = planned('pod-kill', { selector: { mode: 'all' } });
  expect(check([all], 3)).toEqual(['3']);
  expect(check([all], 3, 1)).toEqual([]);
  expect(check([planned('pod-kill', { selector: { mode: 'fixed-percent', value: 50 } })], 4)).toEqual([]);
});

test('scaling takes what it takes away; the sink’s outage takes none, a real backend’s all, a rollout one at a time', () => {
  expect(check([planned('scale', { params: { replicas: 1 } })], 3)).toEqual(['2']);
  expect(check([planned('scale', { params: { replicas: 5 } })], 3)).toEqual([]);
  expect(check([planned('collector-reconfigure'), planned('backend-outage')], 3)).toEqual([]);
  expect(check([planned('backend-outage', { params: { action: 'scale' } })], 3)).toEqual(['3']);
});

test('faults that overlap are added up, those that follow one another are not; other workloads count for themselves', () => {
  const early = planned('pod-failure', { from: 0, to: 10 });
  expect(check([early, planned('pod-kill', { from: 5 })], 3)).toEqual(['2']);
  expect(check([early, planned('pod-kill', { from: 11 })], 3)).toEqual([]);
  expect(check([early, planned('pod-kill', { from: 5, selector: { member: 'other' } })], 3)).toEqual([]);
});

test('a drain takes what its nodes carry, of every member; a cordon takes nothing', () => {
  const strike = (kind: string, selector: Partial<SelectorSpec> = {}) =>
    checkRadius({
      strikes: strikesOf([planned(kind, { from: 1, to: 2, selector })]),
      sizes: { gateway: 3, other: 4 },
      spread: { gateway: [2, 1], other: [4] },
      share: 0.5,
    }).map(({ what }) => what);
  expect(strike('node-cordon', { mode: 'all' })).toEqual([]);
  expect(strike('node-drain')).toEqual([
    'node-drain would take 2 of the 3 pods of gateway at once',
    'node-drain would take 4 of the 4 pods of other at once',
  ]);
  expect(strike('node-drain', { mode: 'all' })[0]).toMatch(/take 3 of the 3 pods of gateway/);
});
