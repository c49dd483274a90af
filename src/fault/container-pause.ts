import { z } from 'zod';
import { type DeadMan, startDeadMan } from './dead-man.ts';
import type { Fault } from './fault.ts';
import { readProcess } from './process-table.ts';

const params = z.strictObject({});

/** Stops the process of a member without ending it: ports stay open, nothing is answered. */
export const containerPause: Fault<z.infer<typeof params>> = {
  kind: 'container-pause',
  summary: 'stops the process of a member (SIGSTOP) and lets it go on after the duration',
  params,
  oneShot: false,
  needs: { targets: ['local'], power: 'process' },
  precondition: async (member) =>
    member.process?.current() === undefined ? `${member.name} has no running process` : undefined,
  undo: async (member, _, { memory }) => {
    const current = member.process?.current();
    if (current === undefined) return [];
    memory.set('process', current);
    return [{ kind: 'signal', ...current, signal: 'SIGCONT' }];
  },
  inject: async (_, __, { memory, runId, deadlineMs, clock }) => {
    const victim = memory.get('process') as { pid: number; startTicks: number };
    const deadMan = await startDeadMan({ runId, victim, deadlineMs });
    memory.set('deadMan', deadMan);
    memory.set('injectedNs', clock.nowNs());
    await deadMan.stop();
  },
  effect: async (_, __, { memory }) => {
    const found = stateOf(memory);
    return found?.state === 'T' ? `process ${found.pid} is stopped (state T)` : undefined;
  },
  recover: async (_, __, { memory }) => {
    await (memory.get('deadMan') as DeadMan | undefined)?.letGo();
  },
  absence: async (_, __, { memory }) => {
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
