import { z } from 'zod';
import type { Fault } from './fault.ts';
import {
  carriedWords,
  cordon,
  cordonRefusal,
  isCordoned,
  nodeFields,
  nodeOf,
  nodeRules,
} from './node-fields.ts';

const params = z.strictObject(nodeFields);
type Params = z.infer<typeof params>;

/** A node that takes no new pod: what is restarted or scaled up meanwhile must find its place elsewhere. */
export const nodeCordon: Fault<Params> = {
  kind: 'node-cordon',
  summary: "lets no new pod onto a node that carries a member's pods, and opens it again after the duration",
  params,
  oneShot: false,
  needs: { targets: ['kubernetes'], power: 'node' },
  rights: [{ class: 'nodes', rules: nodeRules }],
  precondition: cordonRefusal,
  undo: async (member) => [{ kind: 'kubernetes-restore', ...(await nodeOf(member).object.undo(cordon)) }],
  inject: async (member, _, { fault }) => nodeOf(member).object.change(fault, cordon),
  effect: async (member) => {
    if (!(await isCordoned(member))) return undefined;
    const { object, pods } = nodeOf(member);
    const { length } = await pods();
    return `${object.id} takes no new pod; the ${length} that it has stay${await carriedWords(member)}`;
  },
  recover: async () => {
    // The undo opened it; absence() reads that back.
  },
  absence: async (member) => {
    if (await isCordoned(member)) return undefined;
    return `${nodeOf(member).object.id} takes pods again`;
  },
};
