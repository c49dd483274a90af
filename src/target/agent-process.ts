import { constants } from 'node:os';
import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { type Clock, waitFor } from '../base/clock.ts';
import type { Agents } from './kubernetes-agents.ts';
import { isServing } from './kubernetes-workload.ts';
import type { Act } from './node-order.ts';
import type { OrderRef, PausePower, ProcessPower, ProcessStart } from './target.ts';

/** A pod and the agents that act on it. */
export interface ActedPod {
  agents: Agents;
  node: string;
  uid: string;
  clock: Clock;
  /** As it was last seen; undefined when it is gone. */
  latest(): V1Pod | undefined;
}

/** A signal is sent at the agent's next look, or not at all. */
const signalWithinMs = 10_000;
const readyEveryMs = 200;

/** The first container of a pod, as a process that its kubelet starts again. */
export function podProcess(pod: ActedPod): ProcessPower {
  const { agents, node, clock } = pod;
  const starts: ProcessStart[] = [];
  const give = (act: Act, { order }: OrderRef, holdMs: number) =>
    agents.give({ id: order, node, podUid: pod.uid, holdMs, act });
  const current = () => {
    const status = statusOf(pod.latest());
    recordStarts(starts, status, clock);
    const id = runningId(status);
    return id === undefined ? undefined : { id: nameOf(id) };
  };
  return {
    current,
    signal: async (signal) => {
      const container = runningId(statusOf(pod.latest()));
      if (container !== undefined)
        await give({ kind: 'signal', container, signal }, agents.plan(), signalWithinMs);
    },
    ready: (timeoutMs) =>
      waitFor(clock, { timeoutMs, everyMs: readyEveryMs }, () => {
        const seen = pod.latest();
        return seen !== undefined && isServing(seen) && current() !== undefined ? clock.nowNs() : undefined;
      }),
    starts: () => {
      current();
      return starts;
    },
    setRestart: () => {
      throw new Error('the kubelet starts containers again, whatever a run wants');
    },
    pause: pausePower(pod, give),
  };
}

function pausePower(
  pod: ActedPod,
  give: (act: Act, by: OrderRef, holdMs: number) => Promise<unknown>,
): PausePower {
  const { agents, node } = pod;
  let next: OrderRef | undefined;
  let held: OrderRef | undefined;
  return {
    order: () => {
      next = agents.plan();
      return next;
    },
    set: async (paused, holdMs = 0) => {
      if (!paused) {
        if (held !== undefined) await agents.withdraw(held.order, node);
        held = undefined;
        return;
      }
      const container = runningId(statusOf(pod.latest()));
      if (container === undefined) throw new Error('the container does not run');
      held = next ?? agents.plan();
      await give({ kind: 'pause', container }, held, holdMs);
    },
    paused: async () => held !== undefined && (await agents.outcome(held.order, node))?.state === 'held',
  };
}

function statusOf(pod: V1Pod | undefined): V1ContainerStatus | undefined {
  const name = pod?.spec?.containers[0]?.name;
  return pod?.status?.containerStatuses?.find((status) => status.name === name);
}

/** Without the runtime's prefix. */
function runningId(status: V1ContainerStatus | undefined): string | undefined {
  return status?.state?.running === undefined ? undefined : idIn(status.containerID);
}

function idIn(text: string | undefined): string | undefined {
  return text?.replace(/^.*:\/\//, '');
}

function nameOf(container: string): string {
  return `container ${container.slice(0, 12)}`;
}

/** Takes up what the kubelet says about the running and the last container; its times are whole seconds. */
function recordStarts(starts: ProcessStart[], status: V1ContainerStatus | undefined, clock: Clock): void {
  const monotonic = (at: Date | undefined) =>
    clock.nowNs() - Math.max(0, clock.wallMs() - (at?.getTime() ?? clock.wallMs())) * 1e6;
  const id = runningId(status);
  if (id !== undefined && !starts.some((start) => start.id === nameOf(id)))
    starts.push({ id: nameOf(id), startedNs: monotonic(status?.state?.running?.startedAt) });
  for (const ended of [status?.state?.terminated, status?.lastState?.terminated]) {
    const start = starts.find((one) => one.id === nameOf(idIn(ended?.containerID) ?? ''));
    if (ended === undefined || start === undefined || start.exit !== undefined) continue;
    const signal = signalOf(ended.exitCode);
    start.exit = {
      atNs: monotonic(ended.finishedAt),
      code: signal === null ? ended.exitCode : null,
      signal,
    };
  }
}

/** A runtime tells a death by a signal as 128 + its number. */
function signalOf(exitCode: number): NodeJS.Signals | null {
  const found = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128);
  return found === undefined ? null : (found[0] as NodeJS.Signals);
}
