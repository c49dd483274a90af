import type { BackendPower, ServicePower } from '../target/backend-power.ts';
import { pointerPart } from '../target/kubernetes-object.ts';
import type { Member } from '../target/target.ts';
import { noteReady } from './endpoint-ready.ts';
import type { Way } from './fault.ts';
import { scale } from './scale.ts';

/*
 * backend-outage of a real backend, in two ways. scale: its pods go, and whoever is connected is cut. selector: its Service
 * leads nowhere, so that new connections are refused; a connection that is held goes on, which is why the proof is that the
 * collectors' exporter sends nothing.
 */

const none = { replicas: 0 };

export const scaledAway: Way = {
  precondition: (member) => scale.precondition(member, none),
  undo: (member, _, context) => scale.undo(member, none, context),
  inject: (member, _, context) => scale.inject(member, none, context),
  effect: (member, _, context) => scale.effect(member, none, context),
  recover: (member, _, context) => scale.recover(member, none, context),
  absence: (member, _, context) => scale.absence(member, none, context),
};

/** No pod has it. */
const nobody = [{ path: `/spec/selector/${pointerPart('squall.dev/outage')}`, value: 'true' }];
/** An exporter that sends at all sends within this time, ns: its batches wait for less, and its page is as old as the look. */
const stillNs = 2e9;

export const selectedAway: Way = {
  precondition: async (member) => {
    const { object } = serviceOf(member);
    if ((await object.read('/spec/selector')) === undefined)
      return `${object.id} has no selector: its endpoints are not found by labels`;
    if (powerOf(member).exporter === undefined)
      return `the backend ${member.name} has no exporter in the scenario, by which an outage would be seen`;
    return object.refusal(nobody);
  },
  undo: async (member) => [{ kind: 'kubernetes-restore', ...(await serviceOf(member).object.undo(nobody)) }],
  inject: async (member, _, { fault, memory }) => {
    memory.set('endpoints', await serviceOf(member).endpoints());
    await serviceOf(member).object.change(fault, nobody);
  },
  effect: async (member, _, { memory, clock }) => {
    const { object, endpoints } = serviceOf(member);
    memory.set('noEffect', `${object.id} still has endpoints, or its collectors cannot be asked`);
    if ((await endpoints()) > 0) return undefined;
    const state = await powerOf(member).exporter?.();
    if (state === undefined) return undefined;
    const { name, sent, waiting } = state;
    const nowNs = clock.nowNs();
    const last = memory.get('sent') as { items: number; sinceNs: number } | undefined;
    const sinceNs = last?.items === sent ? last.sinceNs : nowNs;
    memory.set('sent', { items: sent, sinceNs });
    if (waiting > 0 && nowNs - sinceNs >= stillNs)
      return `${object.id} has no endpoint; ${name} has sent nothing for ${stillNs / 1e9} s and holds ${waiting}`;
    memory.set(
      'noEffect',
      `${object.id} has no endpoint, and ${name} goes on by connections that it holds; action: scale cuts them`,
    );
    return undefined;
  },
  noEffect: async (_, __, { memory }) => {
    const why = memory.get('noEffect');
    return typeof why === 'string' ? why : undefined;
  },
  recover: async () => {
    // The undo restored the selector; absence() waits for the endpoints.
  },
  absence: async (member, _, { memory, clock }) => {
    const { object, endpoints } = serviceOf(member);
    const ready = await endpoints();
    if (ready < Number(memory.get('endpoints'))) return undefined;
    noteReady({ memory, clock });
    return `${object.id} leads to ${ready} ready endpoints again`;
  },
};

function serviceOf(member: Member): ServicePower {
  const { service } = powerOf(member);
  if (service === undefined) throw new Error(`the backend ${member.name} has no service in the scenario`);
  return service;
}

function powerOf({ backend, name }: Member): BackendPower {
  if (backend === undefined) throw new Error(`${name} is no backend`);
  return backend;
}
