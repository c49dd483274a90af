import { systemClock } from '../base/clock.ts';
import { ownAccount } from '../target/pod-account.ts';
import { runAgent } from './agent.ts';
import { agentApi } from './api.ts';
import { endForeign, openAgentJournal } from './journal-files.ts';
import { nodeKernel, nodeLacks } from './kernel.ts';
import { bootId, journalPlace, told } from './place.ts';

/**
 * The program of the agent's pod on one node. Listens to nothing; all it is told stands in its environment and in the
 * run's Lease. Ends on SIGTERM, after it has undone what it holds.
 */
export async function main(): Promise<void> {
  const ended = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => ended.abort());
  const boot = bootId();
  const place = journalPlace('SQUALL_AGENT');
  const journal = openAgentJournal(place);
  // Not waited for: what this run holds may be due. What fails is left to the next agent.
  void endForeign(place, { kernel: nodeKernel, boot, clock: systemClock }).catch(() => undefined);
  const api = agentApi({
    ...place,
    ...ownAccount(process.env),
    leaseUid: told('SQUALL_AGENT_LEASE'),
    publicKey: told('SQUALL_AGENT_KEY'),
  });
  await runAgent({
    api,
    kernel: nodeKernel,
    entries: journal.entries,
    journal: journal.file,
    boot,
    lacks: nodeLacks(),
    clock: systemClock,
    signal: ended.signal,
  });
  journal.remove();
  process.exit(0);
}
