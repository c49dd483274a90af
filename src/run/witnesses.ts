import { writeFile } from 'node:fs/promises';
import { arrivalFields, type RunRecord } from '../observe/evidence.ts';
import { computeLedger, type LedgerInput } from '../observe/ledger.ts';
import type { Columns } from '../observe/ledger-types.ts';
import { recordFile } from '../observe/records.ts';
import { askWitness, type WitnessRecord } from '../observe/witness.ts';
import { evidencePaths } from '../record.ts';
import { backendsOf } from '../scenario/types.ts';
import type { WitnessLedger } from '../verdict/backends.ts';
import { need, type Session } from './session.ts';

/** Asks the backends that can be asked what they have of the run, and keeps it as evidence. */
export async function takeWitnesses(
  session: Session,
  requests: readonly Columns[],
): Promise<Pick<RunRecord, 'witnesses'>> {
  const { plan, clock, signal } = session;
  const witnesses: WitnessRecord[] = [];
  for (const [backend, { witness }] of Object.entries(backendsOf(session.scenario.target))) {
    const member = need(session, 'target').backends?.find(({ name }) => name === backend);
    const ask = member?.backend?.ask;
    if (witness === undefined || ask === undefined) continue;
    const { arrivals, reason } = await askWitness({ plan, requests, ask, clock, signal });
    witnesses.push({ backend, api: witness.api, ...(reason === undefined ? {} : { reason }) });
    if (reason === undefined)
      await writeFile(evidencePaths(session.dir).witness(backend), Buffer.from(arrivals.buffer));
  }
  return witnesses.length === 0 ? {} : { witnesses };
}

/** The ledger once more for each of them, by what it has in place of what arrived at the sink. */
export function witnessLedgers(
  dir: string,
  record: RunRecord,
  input: Omit<LedgerInput, 'arrivals' | 'hasSink'>,
): WitnessLedger[] {
  return (record.witnesses ?? []).map((witness) => {
    if (witness.reason !== undefined) return witness;
    const arrivals = recordFile(evidencePaths(dir).witness(witness.backend), arrivalFields);
    return { ...witness, ledger: computeLedger({ ...input, arrivals, hasSink: true }) };
  });
}
