import { z } from 'zod';
import type { RolloutPower } from '../target/cluster-powers.ts';
import type { Member } from '../target/target.ts';
import { noteReady } from './endpoint-ready.ts';
import type { Fault, FaultContext } from './fault.ts';
import { allGone, noteSights, watchedPods } from './pod-ends.ts';

const params = z.strictObject({});

/** Each look asks every pod for its metrics page. */
const lookEveryMs = 500;
const rolloutMs = 300_000;

/** Every pod of a workload ends and another takes its place, a few at a time by the workload's own strategy. */
export const rollingRestart: Fault<z.infer<typeof params>> = {
  kind: 'rolling-restart',
  summary:
    'replaces every pod of a workload by its own rolling update, as kubectl rollout restart does; there is nothing to undo: it is over when the rollout is complete',
  params,
  oneShot: true,
  effectWithinMs: rolloutMs,
  needs: { targets: ['kubernetes'], power: 'workload' },
  rights: [{ class: 'role', rules: [{ group: 'apps', resource: 'workloads', verbs: ['get', 'patch'] }] }],
  precondition: async (member) => rolloutOf(member).refusal(),
  undo: async () => [],
  inject: async (member, _, { fault, ended, memory, clock }) => {
    const rollout = rolloutOf(member);
    ended?.push(...watchedPods(await rollout.pods()));
    await rollout.restart(fault);
    memory.set('injectedNs', clock.nowNs());
  },
  pursue: async (member, _, { ended = [], memory, clock }) => {
    if (clock.nowNs() < Number(memory.get('lookNs') ?? 0)) return;
    memory.set('lookNs', clock.nowNs() + lookEveryMs * 1e6);
    const sights = await rolloutOf(member).pods();
    noteSights(ended, { sights, atNs: clock.nowNs() });
  },
  effect: async (member, _, context) => {
    const { ended = [], memory, clock } = context;
    const id = member.workload?.object.id;
    if (!allGone(ended) || !(await isOver(member, context))) return undefined;
    const tookS = ((clock.nowNs() - Number(memory.get('injectedNs'))) / 1e9).toFixed(1);
    return `all ${ended.length} pods of ${id} were replaced, and its rollout was complete after ${tookS} s; nothing to undo`;
  },
  noEffect: async (member, _, { ended = [] }) => {
    const gone = ended.filter(({ goneNs }) => goneNs !== undefined).length;
    const id = member.workload?.object.id;
    return `${gone} of ${ended.length} pods of ${id} were replaced within ${rolloutMs / 1000} s`;
  },
  recover: async () => {
    // What came stays, as after kubectl rollout restart.
  },
  absence: async (member, _, { memory, clock }) => {
    if (!(await rolloutOf(member).isComplete())) return undefined;
    noteReady({ memory, clock });
    return `the rollout of ${member.workload?.object.id} is complete`;
  },
};

/** Asked as seldom as the pods are: the look at them comes before. */
async function isOver(member: Member, { memory }: FaultContext): Promise<boolean> {
  if (memory.get('checkedNs') === memory.get('lookNs')) return false;
  memory.set('checkedNs', memory.get('lookNs'));
  return rolloutOf(member).isComplete();
}

function rolloutOf({ workload, name }: Member): RolloutPower {
  if (workload?.rollout === undefined) throw new Error(`${name} is no workload that rolls out`);
  return workload.rollout;
}
