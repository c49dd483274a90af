import { readFileSync } from 'node:fs';
import { systemClock } from '../base/clock.ts';
import { runAgent } from './agent.ts';
import { agentApi } from './api.ts';
import { endForeign, openAgentJournal } from './journal-files.ts';
import { nodeKernel, nodeLacks } from './kernel.ts';

/**
 * The program of the agent's pod on one node. Listens to nothing; all it is told stands in its environment and in the
 * run's Lease. Ends on SIGTERM, after it has undone what it holds.
 */
export async function main(): Promise<void> {
  const ended = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => ended.abort());
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const place = { namespace: told('NAMESPACE'), node: told('NODE') };
  const journalPlace = { ...place, folder: told('JOURNAL') };
  const journal = openAgentJournal(journalPlace);
  await endForeign(journalPlace, { kernel: nodeKernel, boot, clock: systemClock });
  const account = '/var/run/secrets/kubernetes.io/serviceaccount';
  const api = agentApi({
    ...place,
    server: `https://${hostPort(told('KUBERNETES_SERVICE_HOST', ''), told('KUBERNETES_SERVICE_PORT', ''))}`,
    tokenFile: `${account}/token`,
    leaseUid: told('LEASE'),
    publicKey: told('KEY'),
  });
  await runAgent({
    api,
    kernel: nodeKernel,
    entries: journal.entries,
    journal: journal.file,
    boot,
    lacks: await nodeLacks(),
    clock: systemClock,
    signal: ended.signal,
  });
  journal.remove();
  process.exit(0);
}

function told(name: string, prefix = 'SQUALL_AGENT_'): string {
  const value = process.env[`${prefix}${name}`];
  if (value === undefined || value === '') throw new Error(`${prefix}${name} is not set`);
  return value;
}

function hostPort(host: string, port: string): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
