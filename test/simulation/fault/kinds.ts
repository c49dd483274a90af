import { z } from 'zod';
import type { Fault } from '../../../src/fault/fault.ts';
import { backupOf, undoOfChange } from '../../../src/fault/file-backup.ts';
import type { Life } from './virtual-time.ts';
import type { World } from './world.ts';

export interface KindOptions {
  world: World;
  life: Life;
  /** Throws when no durable intent covers what is about to be done to the member. */
  mustBeIntended(fault: string, member: string): void;
  restartAfter(member: string): void;
  /** recover() never returns. */
  stuck: boolean;
}

/** Kinds with the names and the undos of the real ones, acting on the simulated world step by step. */
export function simulatedKinds(options: KindOptions): Record<string, Fault> {
  const { world, life } = options;
  const act = (context: { fault: string }, member: string, what: () => void) => {
    life.step();
    options.mustBeIntended(context.fault, member);
    what();
    life.step();
  };
  const base = {
    summary: '',
    params: z.unknown(),
    oneShot: false,
    needs: { targets: ['sim'] },
    precondition: async () => undefined,
    recover: async () => {
      life.step();
      if (options.stuck) await new Promise(() => {});
    },
  };
  const pause: Fault = {
    ...base,
    kind: 'container-pause',
    undo: async (member, _, { memory }) => {
      const pid = world.processes.get(member.name)?.pid ?? 0;
      memory.set('pid', pid);
      return [{ kind: 'signal', pid, startTicks: pid, signal: 'SIGCONT' }];
    },
    inject: async (member, _, context) =>
      act(context, member.name, () => {
        const process = world.byPid(Number(context.memory.get('pid')));
        if (process !== undefined) process.stopped = true;
      }),
    effect: async (_, __, { memory }) =>
      world.byPid(Number(memory.get('pid')))?.stopped === true ? 'stopped' : undefined,
    absence: async (_, __, { memory }) =>
      world.byPid(Number(memory.get('pid')))?.stopped === true ? undefined : 'runs',
  };
  const fillPath = (member: string, fault: string) => `/${member}/fill-${fault}`;
  const fill: Fault = {
    ...base,
    kind: 'disk-fill',
    undo: async (member, _, { fault }) => [{ kind: 'unlink', path: fillPath(member.name, fault) }],
    inject: async (member, _, context) =>
      act(context, member.name, () => world.files.set(fillPath(member.name, context.fault), 'full')),
    effect: async (member, _, { fault }) =>
      world.files.has(fillPath(member.name, fault)) ? 'full' : undefined,
    absence: async (member, _, { fault }) =>
      world.files.has(fillPath(member.name, fault)) ? undefined : 'free',
  };
  const configOf = (member: string) => `/${member}/config`;
  const rewrite: Fault = {
    ...base,
    kind: 'collector-reconfigure',
    undo: async (member, _, context) =>
      undoOfChange(configOf(member.name), backupOf(configOf(member.name), context), member),
    inject: async (member, _, context) => {
      const file = configOf(member.name);
      const backup = backupOf(file, context);
      const part = `${backup}.part`;
      act(context, member.name, () => world.files.set(part, ''));
      act(context, member.name, () => world.files.set(part, world.files.get(file) ?? ''));
      act(context, member.name, () => world.rename(part, backup));
      act(context, member.name, () => world.files.set(part, `changed by ${context.fault}`));
      act(context, member.name, () => world.rename(part, file));
    },
    effect: async (member, _, { fault }) =>
      world.files.get(configOf(member.name)) === `changed by ${fault}` ? 'changed' : undefined,
    absence: async (member, _, { fault }) =>
      world.files.get(configOf(member.name)) === `changed by ${fault}` ? undefined : 'as before',
  };
  const partition: Fault = {
    ...base,
    kind: 'network-partition',
    undo: async () => [{ kind: 'in-process', what: 'partition' }],
    inject: async (member, _, context) => act(context, member.name, () => world.cut.add(member.name)),
    effect: async (member) => (world.cut.has(member.name) ? 'cut' : undefined),
    recover: async (member, _, context) => {
      await base.recover();
      act(context, member.name, () => world.cut.delete(member.name));
    },
    absence: async (member) => (world.cut.has(member.name) ? undefined : 'whole'),
  };
  const kill: Fault = {
    ...base,
    kind: 'container-kill',
    oneShot: true,
    recover: async () => {},
    undo: async () => [],
    inject: async (member, _, context) =>
      act(context, member.name, () => {
        context.memory.set('pid', world.processes.get(member.name)?.pid);
        world.processes.delete(member.name);
        options.restartAfter(member.name);
      }),
    effect: async (_, __, { memory }) =>
      world.byPid(Number(memory.get('pid'))) === undefined ? 'ended' : undefined,
    absence: async (member) => (world.processes.has(member.name) ? 'back' : undefined),
  };
  return Object.fromEntries([pause, fill, rewrite, partition, kill].map((kind) => [kind.kind, kind]));
}
