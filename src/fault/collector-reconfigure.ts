import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import type { Member } from '../target/target.ts';
import type { Fault, FaultContext } from './fault.ts';
import { backUp, backupOf, undoOfChange } from './file-backup.ts';
import { listeningInodes } from './listening.ts';
import { mergePatch } from './merge-patch.ts';
import { rolledBack, rollOut, rolloutRefusal, rolloutSeen, rolloutUndo } from './rollout-reconfigure.ts';

const params = z.strictObject({
  configPatch: z
    .record(z.string(), z.unknown())
    .describe("merged into the member's configuration; null takes a key away"),
});

/** Changes the configuration of a running collector and makes it take it up (SIGHUP, or a rollout in a cluster), and back. */
export const collectorReconfigure: Fault<z.infer<typeof params>> = {
  kind: 'collector-reconfigure',
  summary: 'changes the configuration of a running collector, and back after the duration',
  params,
  oneShot: false,
  // A reload takes seconds, a rollout some for each pod.
  effectWithinMs: 180_000,
  absenceWithinMs: 180_000,
  needs: { targets: ['local', 'docker', 'kubernetes'], power: 'reconfigure' },
  rights: [
    {
      class: 'role',
      rules: [
        { group: 'apps', resource: 'workloads', verbs: ['get', 'patch'] },
        { group: '', resource: 'configmaps', verbs: ['get', 'patch'] },
        { group: 'apps', resource: 'replicasets', verbs: ['list', 'delete'] },
        { group: 'apps', resource: 'controllerrevisions', verbs: ['list', 'delete'] },
      ],
    },
  ],
  precondition: async (member, { configPatch }) => {
    if (member.workload !== undefined) return rolloutRefusal(member, configPatch);
    if (member.reconfigure === undefined) return `${member.name} cannot be reconfigured`;
    if (member.process?.current() === undefined) return `${member.name} has no running process`;
    const listens = listeningInodes(member.process.current()?.host?.pid ?? 0).length > 0;
    return listens ? undefined : `the sockets of ${member.name} cannot be seen`;
  },
  undo: async (member, { configPatch }, context) => {
    if (member.workload !== undefined) return rolloutUndo(member, configPatch);
    const file = fileOf(member);
    return undoOfChange(file, backupOf(file, context), member);
  },
  inject: async (member, { configPatch }, context) => {
    if (member.workload !== undefined) return rollOut(member, configPatch, context);
    const file = fileOf(member);
    const prior = readFileSync(file, 'utf8');
    remember(member, context);
    context.memory.set('prior', prior);
    backUp(file, backupOf(file, context));
    await member.reconfigure?.apply(stringify(mergePatch(parse(prior), configPatch)));
  },
  effect: async (member, _, context) =>
    member.workload === undefined
      ? reloadSeen(member, context, 'took up the changed configuration')
      : rolloutSeen(member, context),
  recover: async (member, _, context) => {
    const before = context.memory.get('id');
    const now = member.process?.current()?.id;
    // Restarted meanwhile: the undo's signal was for a process that is gone.
    if (now !== undefined && now !== before) await member.process?.signal('SIGHUP');
  },
  absence: async (member, _, context) => {
    if (member.workload !== undefined) return rolledBack(member, context);
    if (readFileSync(fileOf(member), 'utf8') !== context.memory.get('prior')) return undefined;
    const seen = reloadSeen(member, context, 'is back on its configuration');
    if (seen === undefined || (await member.process?.ready(1_000)) === undefined) return undefined;
    return seen;
  },
};

function fileOf(member: Member): string {
  if (member.reconfigure === undefined) throw new Error(`${member.name} cannot be reconfigured`);
  return member.reconfigure.configFile;
}

function remember(member: Member, { memory }: FaultContext): void {
  const current = member.process?.current();
  memory.set('id', current?.id);
  memory.set('sockets', listeningInodes(current?.host?.pid ?? 0));
}

/**
 * A proof, once: the sockets are then remembered anew, so that the way back has a proof of its own. A collector
 * closes all of its ports before it opens the first one again, so not one of the old sockets may be left.
 */
function reloadSeen(member: Member, context: FaultContext, what: string): string | undefined {
  const current = member.process?.current();
  if (current?.host === undefined) return undefined;
  const before = new Set(context.memory.get('sockets') as number[]);
  const sockets = listeningInodes(current.host.pid);
  const anew = sockets.length > 0 && !sockets.some((inode) => before.has(inode));
  if (!anew && current.id === context.memory.get('id')) return undefined;
  remember(member, context);
  return `${member.name} ${what}: ${current.id} opened its ports anew`;
}
