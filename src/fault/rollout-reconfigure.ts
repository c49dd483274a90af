import { parse, stringify } from 'yaml';
import type { Member, WorkloadPower } from '../target/target.ts';
import { noteReady } from './endpoint-ready.ts';
import type { FaultContext, Undo } from './fault.ts';
import { mergePatch } from './merge-patch.ts';

/*
 * collector-reconfigure of a workload: its ConfigMap is changed and its pods are replaced by its own rolling update, by
 * a label in the template that also tells the new pods from the old. The way back is the same in reverse.
 */

type Patch = Record<string, unknown>;

export async function rolloutRefusal(member: Member, patch: Patch): Promise<string | undefined> {
  const { object, mark } = powerOf(member);
  const config = await configOf(member);
  if (config === undefined) return `${object.id} reads its configuration from no ConfigMap that it names`;
  return (await config.object.refusal([await changed(config, patch)])) ?? object.refusal([mark]);
}

/** The configuration first, then the template: the last of the list is undone first. */
export async function rolloutUndo(member: Member, patch: Patch): Promise<Undo[]> {
  const { object, mark } = powerOf(member);
  const config = await neededConfig(member);
  return [
    { kind: 'kubernetes-restore', ...(await object.undo([mark])) },
    { kind: 'kubernetes-restore', ...(await config.object.undo([await changed(config, patch)])) },
  ];
}

export async function rollOut(member: Member, patch: Patch, { fault, memory }: FaultContext): Promise<void> {
  const { object, mark, look } = powerOf(member);
  const config = await neededConfig(member);
  memory.set('serving', (await look()).serving);
  await config.object.change(fault, [await changed(config, patch)]);
  await object.change(fault, [mark]);
}

export async function rolloutSeen(member: Member, { memory }: FaultContext): Promise<string | undefined> {
  const { object, look } = powerOf(member);
  const { running, serving, marked } = await look();
  if (marked < running || serving < Number(memory.get('serving'))) return undefined;
  return `all ${running} pods of ${object.id} were replaced and run the changed configuration`;
}

export async function rolledBack(
  member: Member,
  { memory, clock }: FaultContext,
): Promise<string | undefined> {
  const { object, look } = powerOf(member);
  const { running, serving, marked } = await look();
  if (marked > 0 || serving < Number(memory.get('serving'))) return undefined;
  noteReady({ memory, clock });
  return `all ${running} pods of ${object.id} run the former configuration`;
}

type Config = NonNullable<Awaited<ReturnType<WorkloadPower['config']>>>;

async function changed({ object, path }: Config, patch: Patch) {
  const prior = String(await object.read(path));
  return { path, value: stringify(mergePatch(parse(prior), patch)) };
}

function configOf(member: Member): Promise<Config | undefined> {
  return powerOf(member).config();
}

async function neededConfig(member: Member): Promise<Config> {
  const config = await configOf(member);
  if (config === undefined) throw new Error(`${member.name} has no ConfigMap`);
  return config;
}

function powerOf({ workload, name }: Member): WorkloadPower {
  if (workload === undefined) throw new Error(`${name} is no workload`);
  return workload;
}
