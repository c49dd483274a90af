import { z } from 'zod';
import type { ProcessStart } from '../target/target.ts';
import { agentRights } from './agent-rights.ts';
import type { Fault } from './fault.ts';

const killSignals = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGABRT', 'SIGSEGV'] as const;

const params = z.strictObject({
  killSignal: z.enum(killSignals).default('SIGKILL').describe('signal sent to the process of the member'),
});

/** Ends the process of a member, as `docker kill` does; the target's restart policy starts it again. */
export const containerKill: Fault<z.infer<typeof params>> = {
  kind: 'container-kill',
  summary: 'ends the process of a member by a signal; its restart policy starts it again',
  params,
  oneShot: true,
  // A graceful end drains queues; a restarted collector opens its ports within seconds.
  effectWithinMs: 30_000,
  absenceWithinMs: 60_000,
  needs: { targets: ['local', 'docker', 'kubernetes', 'embedded'], power: 'process' },
  rights: agentRights,
  precondition: async (member) =>
    member.process?.current() === undefined ? `${member.name} has no running process` : undefined,
  undo: async () => [],
  inject: async (member, { killSignal }, { memory }) => {
    const current = member.process?.current();
    if (current === undefined) throw new Error(`${member.name} has no running process`);
    memory.set('id', current.id);
    await member.process?.signal(killSignal);
  },
  effect: async (member, { killSignal }, { memory }) => {
    const start = member.process?.starts().find(({ id }) => id === memory.get('id'));
    return start === undefined ? undefined : proofOf(start, killSignal);
  },
  recover: async () => {
    // The restart policy is the target's; absence() waits for its result.
  },
  absence: async (member, _, { memory }) => {
    const current = member.process?.current();
    // Dead for good, as the scenario has it: there is nothing to wait for.
    if (current === undefined && member.process?.restarts?.() === 'never')
      return `${member.name} stays down: restart is never`;
    if (current === undefined || current.id === memory.get('id')) return undefined;
    const readyNs = memory.get('endpointReadyNs') ?? (await member.process?.ready(1_000));
    if (typeof readyNs !== 'number') return undefined;
    memory.set('endpointReadyNs', readyNs);
    return `${current.id} is ready`;
  },
};

/** The exit itself is the proof: the signal as the system reports it, or the code of an orderly end. */
function proofOf({ id, exit }: ProcessStart, signal: NodeJS.Signals): string | undefined {
  if (exit === undefined) return undefined;
  if (exit.signal !== null) return `${id} ended by ${exit.signal}`;
  return `${id} ended with code ${exit.code} after ${signal}`;
}
