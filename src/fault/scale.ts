import { z } from 'zod';
import type { Member, WorkloadPower } from '../target/target.ts';
import { noteReady } from './endpoint-ready.ts';
import type { Fault } from './fault.ts';

const params = z.strictObject({
  replicas: z.int().min(0).describe('how many pods the workload has while it lasts'),
});
type Params = z.infer<typeof params>;

/** Sets a workload's number of pods, and back: too few gateways, or a backend that is not there at all. */
export const scale: Fault<Params> = {
  kind: 'scale',
  summary: 'gives a workload another number of pods, and the former one back after the duration',
  params,
  oneShot: false,
  // A pod on its way out has its grace period, 30 s by default; one that comes is scheduled, pulled and started.
  effectWithinMs: 60_000,
  absenceWithinMs: 120_000,
  needs: { targets: ['kubernetes'], power: 'workload' },
  rights: [{ class: 'role', rules: [{ group: 'apps', resource: 'workloads', verbs: ['get', 'patch'] }] }],
  precondition: async (member, { replicas }) => {
    const { object, kind } = powerOf(member);
    if (kind === 'daemonset') return `${object.id} is a DaemonSet, which has a pod on every node`;
    if ((await object.read(path)) === replicas) return `${object.id} has ${replicas} replicas already`;
    return object.refusal(fieldsOf({ replicas }));
  },
  undo: async (member, given) => [
    { kind: 'kubernetes-restore', ...(await powerOf(member).object.undo(fieldsOf(given))) },
  ],
  inject: async (member, given, { fault, memory }) => {
    memory.set('prior', await powerOf(member).object.read(path));
    await powerOf(member).object.change(fault, fieldsOf(given));
  },
  effect: async (member, { replicas }, { memory }) => {
    const { object, look } = powerOf(member);
    const { running, serving } = await look();
    const prior = Number(memory.get('prior'));
    if (replicas < prior ? running > replicas : serving < replicas) return undefined;
    return `${object.id} has ${running} running pods in place of ${prior}`;
  },
  recover: async () => {
    // The undo restored the number; absence() waits for the pods.
  },
  absence: async (member, { replicas }, { memory, clock }) => {
    const { object, look } = powerOf(member);
    const prior = Number(memory.get('prior'));
    if ((await object.read(path)) !== prior) return undefined;
    const { running, serving } = await look();
    if (serving < prior) return undefined;
    noteReady({ memory, clock });
    if (replicas > prior && running > prior) return undefined;
    return `${object.id} has ${prior} ready pods again`;
  },
};

const path = '/spec/replicas';

function fieldsOf({ replicas }: Params) {
  return [{ path, value: replicas }];
}

function powerOf({ workload, name }: Member): WorkloadPower {
  if (workload === undefined) throw new Error(`${name} is no workload`);
  return workload;
}
