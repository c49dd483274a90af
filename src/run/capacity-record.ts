import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { SquallError } from '../base/errors.ts';
import type { StudySettings } from '../capacity/study.ts';
import type { SearchSettings, TrialOutcome } from '../capacity/types.ts';
import { writeAtomically } from '../record.ts';
import type { CapacitySpec } from '../scenario/capacity-spec.ts';

/** The first line of evidence/capacity.jsonl: what is searched, and how. */
export interface SearchHead {
  schema: 'squall.capacity/v1';
  settings: SearchSettings;
  capacity: CapacitySpec;
  pace: string;
  generatorPerS: number;
  warmupMs: number;
  /** Contents of capacity.day.curve. */
  dayCurve?: string;
  /** Of the member that takes the load. */
  workload: { name: string; cpuMillis?: number; memoryBytes?: number };
  /** Pods that the searched rate is shared by. */
  pods: number;
  /** Digest of all that trials depend on beside their rate; records of before it have none. */
  conditions?: string;
  /** What follows where a capacity is found. */
  study?: StudySettings;
  scenario: string;
  description: string;
  command: string;
  runId: string;
  startedAt: string;
}

/** Every further line: one trial, in order; its run lies in trials/NAME. */
export interface TrialLine {
  name: string;
  outcome: TrialOutcome;
}

export interface SearchRecord {
  head: SearchHead;
  trials: TrialLine[];
}

export function searchFile(dir: string): string {
  return join(dir, 'evidence', 'capacity.jsonl');
}

export function isSearch(dir: string): boolean {
  return existsSync(searchFile(dir));
}

export function beginRecord(dir: string, head: SearchHead): void {
  writeFileSync(searchFile(dir), `${JSON.stringify(head)}\n`);
}

/** In one step, so that the trials of a stopped search are never lost. */
export async function replaceRecord(dir: string, { head, trials }: SearchRecord): Promise<void> {
  const lines = [head, ...trials].map((line) => JSON.stringify(line));
  await writeAtomically({ [searchFile(dir)]: `${lines.join('\n')}\n` });
}

/** On disk when it returns, so that a search that is killed goes on after the last whole trial. */
export function appendTrial(dir: string, line: TrialLine): void {
  const handle = openSync(searchFile(dir), 'a');
  try {
    appendFileSync(handle, `${JSON.stringify(line)}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** A torn last line is left out. Throws SQ-RUN-NOT-FOUND where there is no record of a search. */
export function readSearch(dir: string): SearchRecord {
  const file = searchFile(dir);
  try {
    const [first = '', ...lines] = readFileSync(file, 'utf8').split('\n');
    const head = JSON.parse(first) as SearchHead;
    if (head.schema !== 'squall.capacity/v1') throw new Error(`schema ${head.schema}`);
    return { head, trials: lines.flatMap(parseLine) };
  } catch (cause) {
    throw new SquallError(
      {
        code: 'SQ-RUN-NOT-FOUND',
        what: `no capacity search is recorded in ${dir}`,
        where: file,
        found: cause instanceof Error ? cause.message : String(cause),
        next: 'squall capacity SCENARIO',
      },
      { cause },
    );
  }
}

function parseLine(line: string): TrialLine[] {
  try {
    return [JSON.parse(line) as TrialLine];
  } catch {
    return []; // empty, or cut short by a kill: the trial is run again
  }
}
