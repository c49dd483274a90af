import { z } from 'zod';
import type { Member, PodPower } from '../target/target.ts';
import { noteReady } from './endpoint-ready.ts';
import type { Fault } from './fault.ts';

const params = z.strictObject({
  image: z
    .string()
    .min(1)
    .default('registry.k8s.io/pause:3.10')
    .describe('runs in place of the containers; one that cannot be pulled fails them as well'),
});
type Params = z.infer<typeof params>;

/** A pod that is there, keeps its name, address and volumes, and serves nothing: its containers run another image. */
export const podFailure: Fault<Params> = {
  kind: 'pod-failure',
  summary:
    'lets the containers of a pod end (TERM) and another image run in their place, and back after the duration',
  params,
  oneShot: false,
  // A graceful end, a start, and as many failed probes as the pod allows.
  effectWithinMs: 90_000,
  absenceWithinMs: 120_000,
  needs: { targets: ['kubernetes'], power: 'pod' },
  rights: [{ class: 'role', rules: [{ group: '', resource: 'pods', verbs: ['get', 'patch'] }] }],
  precondition: async (member, given) => {
    const { object } = powerOf(member);
    return object.refusal(await fieldsOf(member, given));
  },
  undo: async (member, given) => [
    { kind: 'kubernetes-restore', ...(await powerOf(member).object.undo(await fieldsOf(member, given))) },
  ],
  inject: async (member, given, { fault }) =>
    powerOf(member).object.change(fault, await fieldsOf(member, given)),
  effect: async (member, { image }) => {
    const { object, id } = powerOf(member);
    if (await isReady(member)) return undefined;
    const images = await imagesOf(member);
    return images.every((one) => one === image)
      ? `${object.id} (${id}) is not ready: it runs ${image}`
      : undefined;
  },
  recover: async () => {
    // The undo restored the images; absence() waits until the pod is ready.
  },
  absence: async (member, { image }, { memory, clock }) => {
    const { object, look } = powerOf(member);
    if ((await look()).state === 'gone') return `${object.id} is gone; its workload makes another`;
    if ((await imagesOf(member)).includes(image) || !(await isReady(member))) return undefined;
    noteReady({ memory, clock });
    return `${object.id} is ready on its own images`;
  },
};

async function fieldsOf(member: Member, { image }: Params) {
  const images = await imagesOf(member);
  return images.map((_, index) => ({ path: `/spec/containers/${index}/image`, value: image }));
}

async function imagesOf(member: Member): Promise<string[]> {
  const containers = (await powerOf(member).object.read('/spec/containers')) as { image: string }[];
  return containers.map(({ image }) => image);
}

async function isReady(member: Member): Promise<boolean> {
  const conditions = (await powerOf(member).object.read('/status/conditions')) as
    | { type: string; status: string }[]
    | undefined;
  return conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

function powerOf({ pod, name }: Member): PodPower {
  if (pod === undefined) throw new Error(`${name} is no pod`);
  return pod;
}
