import { z } from 'zod';
import { durationField } from '../base/fields.ts';
import type { PodEnd } from '../target/target.ts';
import { noteReady } from './endpoint-ready.ts';
import type { Fault } from './fault.ts';

const params = z.strictObject({
  method: z
    .enum(['delete', 'evict'])
    .default('delete')
    .describe('evict asks the disruption budgets, delete does not'),
  gracePeriod: durationField()
    .optional()
    .describe(
      "whole seconds from TERM to KILL; default: the pod's own; 0s removes the pod at once and sends TERM too",
    ),
});
type Params = z.infer<typeof params>;

/** Ends a pod; its workload makes another, with another name, address and empty volumes. */
export const podKill: Fault<Params> = {
  kind: 'pod-kill',
  summary: 'ends a pod through the API server, by delete or by eviction; its workload makes another',
  params,
  oneShot: true,
  effectWithinMs: 10_000,
  // To be scheduled, pulled, started and ready; after it the old one may still be ending.
  absenceWithinMs: 120_000,
  needs: { targets: ['kubernetes'], power: 'pod' },
  rights: [
    {
      when: { method: 'delete' },
      class: 'role',
      rules: [{ group: '', resource: 'pods', verbs: ['delete'] }],
    },
    {
      when: { method: 'evict' },
      class: 'role',
      rules: [{ group: '', resource: 'pods/eviction', verbs: ['create'] }],
    },
  ],
  precondition: async (member, given) => {
    if (member.pod === undefined) return `${member.name} is no pod`;
    return member.pod.refusal(howOf(given, ''));
  },
  undo: async () => [],
  inject: async (member, given, { fault }) => {
    if (member.pod === undefined) throw new Error(`${member.name} is no pod`);
    await member.pod.end(howOf(given, fault));
  },
  effect: async (member, { method }) => {
    const { state } = (await member.pod?.look()) ?? {};
    if (state === undefined || state === 'there') return undefined;
    const how = method === 'evict' ? 'evicted' : 'deleted';
    return `pod ${member.pod?.id} was ${how} and is ${state}`;
  },
  recover: async () => {
    // The workload's controller makes the next pod; absence() waits for it.
  },
  absence: async (member, _, { memory, clock }) => {
    const { state, replacedBy } = (await member.pod?.look()) ?? {};
    if (replacedBy === undefined) return undefined;
    // Ready from here on, though the old pod may still be on its way out.
    noteReady({ memory, clock });
    return state === 'gone' ? `pod ${replacedBy} is ready in its place` : undefined;
  },
};

function howOf({ method, gracePeriod }: Params, fault: string): PodEnd {
  return {
    method,
    fault,
    ...(gracePeriod === undefined ? {} : { gracePeriodS: Math.round(gracePeriod / 1000) }),
  };
}
