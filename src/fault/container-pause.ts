import { z } from 'zod';
import { agentRights } from './agent-rights.ts';
import { type DeadMan, startDeadMan } from './dead-man.ts';
import type { Fault } from './fault.ts';
import { readProcess } from './process-table.ts';

const params = z.strictObject({});

/** Stops the process of a member without ending it: ports stay open, nothing is answered. A container is paused. */
export const containerPause: Fault<z.infer<typeof params>> = {
  kind: 'container-pause',
  summary: 'stops the process of a member (SIGSTOP) and lets it go on after the duration',
  params,
  oneShot: false,
  needs: { targets: ['local', 'docker', 'kubernetes'], power: 'process' },
  rights: agentRights,
  precondition: async (member) =>
    member.process?.current() === undefined ? `${member.name} has no running process` : undefined,
  undo: async (member, _, { memory }) => {
    const order = member.process?.pause?.order?.();
    if (order !== undefined) return [{ kind: 'agent-order', ...order }];
    if (member.process?.pause !== undefined && member.container !== undefined)
      return [{ kind: 'docker-unpause', ...member.container }];
    const host = member.process?.current()?.host;
    if (host === undefined) return [];
    memory.set('process', host);
    return [{ kind: 'signal', ...host, signal: 'SIGCONT' }];
  },
  inject: async (member, _, { memory, runId, deadlineMs, clock }) => {
    if (member.process?.pause !== undefined) return member.process.pause.set(true, deadlineMs);
    const victim = memory.get('process') as { pid: number; startTicks: number };
    const deadMan = await startDeadMan({ runId, victim, deadlineMs });
    memory.set('deadMan', deadMan);
    memory.set('injectedNs', clock.nowNs());
    await deadMan.stop();
  },
  effect: async (member, _, { memory }) => {
    const { pause } = member.process ?? {};
    if (pause !== undefined)
      return (await pause.paused()) ? `the container of ${member.name} is paused` : undefined;
    const found = stateOf(memory);
    return found?.state === 'T' ? `process ${found.pid} is stopped (state T)` : undefined;
  },
  recover: async (_, __, { memory }) => {
    await (memory.get('deadMan') as DeadMan | undefined)?.letGo();
  },
  absence: async (member, _, { memory }) => {
    const { pause } = member.process ?? {};
    if (pause !== undefined)
      return (await pause.paused()) ? undefined : `the container of ${member.name} runs`;
    const found = stateOf(memory);
    if (found === undefined) return 'the process is gone';
    return found.state === 'T' ? undefined : `process ${found.pid} runs (state ${found.state})`;
  },
};

/** Undefined when the process that was stopped is gone; a later one may have its pid. */
function stateOf(memory: Map<string, unknown>) {
  const victim = memory.get('process') as { pid: number; startTicks: number };
  const found = readProcess(victim.pid);
  return found?.startTicks === victim.startTicks ? found : undefined;
}
