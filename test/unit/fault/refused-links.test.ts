import { expect, test } from 'vitest';
import { mustHaveLinks } from '../../../src/fault/refused-links.ts';
import { compilePlan } from '../../../src/plan/compile.ts';
import { faults } from '../../../src/registry.ts';
import type { Member, Target } from '../../../src/target/target.ts';
import { parseText, scenarioText } from '../../fixtures/scenario-text.ts';

const { scenario } = parseText(
  scenarioText({
    target: '{local: {members: {gateway: {replicas: 2}}}}',
    faults: `
  - {name: kill, kind: container-kill, at: 1s, selector: {member: gateway}}
  - {name: cut, kind: network-partition, at: 2s, duration: 1s, peer: sink, selector: {member: gateway, mode: all}}
  - {name: slow, kind: network-delay, at: 4s, duration: 1s, latency: 5ms, peer: sink, selector: {member: gateway}}`,
  }),
);
const plan = compilePlan(scenario, { runId: 'links', seed: 1, epochNs: '0', workers: 1 });

/** A member whose link to the sink says this when it is asked. */
function member(name: string, refusal: (kind: string) => Promise<string | undefined>): Member {
  const proof = async () => ({ affectedBytes: 0, affectedConnections: 0 });
  const link = {
    peers: () => ['sink'],
    set: async () => undefined,
    proof,
    refusal: (_: string, { kind }: { kind: string }) => refusal(kind),
  };
  return { name, group: 'gateway', otlp: { headers: {} }, version: '', link };
}

function target(...refusals: Parameters<typeof member>[1][]): Target {
  const members = refusals.map((refusal, i) => member(`gateway-${i}`, refusal));
  const reach = { ns: 0, parts: [] };
  return {
    kind: 'local',
    members,
    entry: members,
    reach,
    settleNs: 0,
    notes: [],
    down: async () => undefined,
  };
}

const able = async () => undefined;
const slowless = async (kind: string) => (kind === 'delay' ? 'there is no netem' : undefined);

test('every fault that no member of its own can have is told by name, before any effect', async () => {
  await expect(mustHaveLinks(plan, faults, target(slowless, slowless))).rejects.toMatchObject({
    parts: { code: 'SQ-PRECONDITION', what: 'fault slow (network-delay) cannot be done: there is no netem' },
    others: [],
  });
  const all = async () => 'it has none';
  await expect(mustHaveLinks(plan, faults, target(all, all))).rejects.toMatchObject({
    parts: { where: 'faults.cut' },
    others: [{ where: 'faults.slow' }],
  });
});

test('one member that can have it is enough, and who cannot be asked now is asked when it strikes', async () => {
  const silent = async () => Promise.reject(new Error('no answer'));
  const onlyCut = { ...plan, faults: plan.faults.filter(({ spec }) => spec.name === 'cut') };
  await mustHaveLinks(
    onlyCut,
    faults,
    target(able, async () => 'it has none'),
  );
  await mustHaveLinks(plan, faults, target(silent, silent));
});
