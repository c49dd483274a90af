import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { bytesField, cpuField } from '../base/fields.ts';
import { formatBytes } from '../base/units.ts';
import type { LimitPower, ResourceLimits } from '../target/limit-power.ts';
import type { Member } from '../target/target.ts';
import type { Fault, Undo } from './fault.ts';

const params = z
  .strictObject({
    cpu: cpuField().optional().describe('share of CPU while it lasts, such as 100m'),
    memory: bytesField().optional().describe('memory while it lasts; below what is in use it may be refused'),
  })
  .refine(({ cpu, memory }) => cpu !== undefined || memory !== undefined, {
    error: 'expected cpu, memory or both',
  });
type Params = z.infer<typeof params>;

/** Kernels keep memory limits in whole pages. */
const pageBytes = 65_536;

/** Less CPU or memory than the member was started with: a busy neighbour, or limits that were set too low. */
export const resourceLimit: Fault<Params> = {
  kind: 'resource-limit',
  summary: 'lowers the CPU or memory limit of a running member, and restores it after the duration',
  params,
  oneShot: false,
  needs: { targets: ['local', 'docker', 'kubernetes'], power: 'limits' },
  rights: [
    {
      class: 'role',
      rules: [
        { group: '', resource: 'pods', verbs: ['get', 'patch'] },
        { group: '', resource: 'pods/resize', verbs: ['patch'] },
      ],
    },
  ],
  precondition: async (member, chosen) => {
    if (member.limits === undefined) return `${member.name} has no limits that could be changed`;
    const prior = await member.limits.current();
    // Where a limit is a control group or of a pod, only one that is there from the start can be changed.
    const missing = (['cpu', 'memory'] as const).filter(
      (name) => chosen[name] !== undefined && prior[keyOf[name]] === null,
    );
    const { writes, refusal } = member.limits;
    if ((writes === undefined && refusal === undefined) || missing.length === 0)
      return refusal?.(wantedOf(prior, chosen));
    return `${member.name} was started without resources.${missing.join(' and resources.')}`;
  },
  undo: async (member, chosen, { memory }) => {
    const prior = await powerOf(member).current();
    memory.set('prior', prior);
    memory.set('wanted', wantedOf(prior, chosen));
    return undoOf(member, wantedOf(prior, chosen), prior);
  },
  inject: async (member, _, { memory }) => powerOf(member).set(memory.get('wanted') as ResourceLimits),
  effect: async (member, _, { memory }) => {
    const now = await powerOf(member).current();
    const before = memory.get('prior') as ResourceLimits;
    if (!same(now, memory.get('wanted') as ResourceLimits)) return undefined;
    return `${member.name} has ${describe(now)} in place of ${describe(before)}`;
  },
  recover: async () => {
    // The undo restored the limits.
  },
  absence: async (member, _, { memory }) => {
    if ((await member.limits?.gone?.()) === true) return `${member.name} is gone, and its limits with it`;
    const now = await powerOf(member).current();
    return same(now, memory.get('prior') as ResourceLimits)
      ? `${member.name} has ${describe(now)} again`
      : undefined;
  },
};

const keyOf = { cpu: 'cpuMillis', memory: 'memoryBytes' } as const;

function powerOf(member: Member): LimitPower {
  if (member.limits === undefined) throw new Error(`${member.name} has no limits`);
  return member.limits;
}

function wantedOf(prior: ResourceLimits, { cpu, memory }: Params): ResourceLimits {
  return { cpuMillis: cpu ?? prior.cpuMillis, memoryBytes: memory ?? prior.memoryBytes };
}

/** Values of files as they are now, or the daemon's. */
async function undoOf(member: Member, wanted: ResourceLimits, prior: ResourceLimits): Promise<Undo[]> {
  const restore = await member.limits?.undo?.(wanted);
  if (restore !== undefined) return [{ kind: 'kubernetes-restore', ...restore }];
  const files = member.limits?.writes?.(wanted).map(({ file }) => file);
  if (files !== undefined) {
    const writes = files.map((file) => ({ file, value: readFileSync(file, 'utf8').trim() }));
    return [{ kind: 'write-values', writes }];
  }
  return member.container === undefined
    ? []
    : [{ kind: 'docker-update', ...member.container, limits: prior }];
}

function same(a: ResourceLimits, b: ResourceLimits): boolean {
  const near = Math.abs((a.memoryBytes ?? 0) - (b.memoryBytes ?? 0)) < pageBytes;
  return a.cpuMillis === b.cpuMillis && near && (a.memoryBytes === null) === (b.memoryBytes === null);
}

function describe({ cpuMillis, memoryBytes }: ResourceLimits): string {
  const cpu = cpuMillis === null ? 'all CPU' : `${cpuMillis}m CPU`;
  return `${cpu} and ${memoryBytes === null ? 'all memory' : formatBytes(memoryBytes)}`;
}
