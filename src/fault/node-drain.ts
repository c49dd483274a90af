import { z } from 'zod';
import { durationField } from '../base/fields.ts';
import { formatDuration } from '../base/units.ts';
import type { Member } from '../target/target.ts';
import { beginDrain, closeWaits, type Drain, drainWords, leftWords, stepDrain } from './drain.ts';
import { noteReady } from './endpoint-ready.ts';
import type { Fault, FaultContext } from './fault.ts';
import {
  carriedWords,
  cordon,
  cordonRefusal,
  isCordoned,
  nodeFields,
  nodeOf,
  nodeRules,
} from './node-fields.ts';
import { watchedPods } from './pod-ends.ts';

const params = z.strictObject({
  ...nodeFields,
  timeout: durationField()
    .optional()
    .describe('gives up after it and is undone at once; default: the duration'),
  gracePeriod: durationField()
    .optional()
    .describe("whole seconds from TERM to KILL of each pod; default: the pod's own"),
  force: z.boolean().default(false).describe('evicts pods that no controller makes again'),
  deleteEmptyDirData: z.boolean().default(false).describe('evicts pods whose scratch space goes with them'),
});
type Params = z.infer<typeof params>;

/** A node that is emptied, as before its maintenance: closed to new pods, and what a run may strike is evicted from it. */
export const nodeDrain: Fault<Params> = {
  kind: 'node-drain',
  summary:
    "empties a node that carries a member's pods, as far as disruption budgets let it, and opens it again after the duration",
  params,
  oneShot: false,
  // As long as it lasts: a budget may let go of a pod late.
  effectWithinMs: 24 * 3600_000,
  absenceWithinMs: 120_000,
  needs: { targets: ['kubernetes'], power: 'node' },
  rights: [
    {
      class: 'nodes',
      rules: [...nodeRules, { group: '', resource: 'pods/eviction', verbs: ['create'] }],
    },
  ],
  precondition: async (member, given) => (await cordonRefusal(member, given)) ?? drainRefusal(member, given),
  undo: async (member) => [{ kind: 'kubernetes-restore', ...(await nodeOf(member).object.undo(cordon)) }],
  inject: async (member, _, context) => {
    context.memory.set('serving', await nodeOf(member).serving());
    await nodeOf(member).object.change(context.fault, cordon);
    context.ended?.push(...watchedPods(await nodeOf(member).sights()));
    context.memory.set('drain', beginDrain(context));
  },
  pursue: async (member, given, context) => {
    const drain = drainOf(context);
    if (drain === undefined) return;
    const { timeout } = given;
    const order = { ...graceOf(given), ...(timeout === undefined ? {} : { timeoutMs: timeout }) };
    await stepDrain(drain, { member, order, context });
  },
  effect: async (member, _, context) => {
    const drain = drainOf(context);
    if (drain?.endNs === undefined || !(await isCordoned(member))) return undefined;
    return `${nodeOf(member).object.id} is drained: ${drainWords(drain)}${await carriedWords(member)}`;
  },
  noEffect: async (member, { timeout }, context) => {
    const drain = drainOf(context);
    if (drain === undefined || drain.endNs !== undefined) return undefined;
    const limit = timeout === undefined ? 'while it lasted' : `within ${formatDuration(timeout)}`;
    const words = `${leftWords(drain, context)}; ${drainWords(drain)}`;
    return `${nodeOf(member).object.id} could not be drained ${limit}: ${words}`;
  },
  recover: async (_, __, context) => closeWaits(context, () => true, false),
  absence: async (member, _, { memory, clock }) => {
    if (await isCordoned(member)) return undefined;
    const { object, serving } = nodeOf(member);
    const now = await serving();
    if (now < Number(memory.get('serving'))) return undefined;
    noteReady({ memory, clock });
    return `${object.id} takes pods again and ${now} pods serve, as before`;
  },
};

/** What kubectl drain would refuse too, each pod by name; and what the API server refuses for other reasons than a budget. */
async function drainRefusal(member: Member, given: Params): Promise<string | undefined> {
  const { object, pods, evict } = nodeOf(member);
  const going = (await pods()).filter(({ stays, ending }) => stays === undefined && !ending);
  if (going.length === 0) return `${object.id} has no pod that a drain would evict`;
  const lacking = going.flatMap(({ id, needs }) =>
    needs === undefined || given[needs] ? [] : [`${id} needs ${needs}: true`],
  );
  if (lacking.length > 0) return `${object.id}: ${lacking.join(', ')}`;
  for (const pod of going) {
    const refused = await evict(pod, { ...graceOf(given), dryRun: true }).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (refused !== undefined) return `${pod.id}: ${refused}`;
  }
  return undefined;
}

function graceOf({ gracePeriod }: Params): { gracePeriodS?: number } {
  return gracePeriod === undefined ? {} : { gracePeriodS: Math.round(gracePeriod / 1000) };
}

function drainOf({ memory }: FaultContext): Drain | undefined {
  return memory.get('drain') as Drain | undefined;
}
