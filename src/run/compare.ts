import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { SquallError } from '../base/errors.ts';
import { evidencePaths, readRecord, writeAtomically } from '../record.ts';
import type { Finding, Report } from '../report/types.ts';
import { compareSides } from '../verdict/compare.ts';
import type { RunEvidence } from '../verdict/compared-measures.ts';
import { readDeliveries } from './evidence-files.ts';
import { judgeEvidence } from './finish.ts';

/** evidence/comparison.json: which runs were set against one another. */
const askedShape = z.object({
  schema: z.literal('squall.comparison/v1'),
  /** Folders of runs; those that the comparison made itself are relative to its own. */
  baseline: z.array(z.string()),
  candidate: z.array(z.string()),
  command: z.string(),
  /** What the sides are, where a scenario says so. */
  sides: z.object({ baseline: z.string(), candidate: z.string() }).optional(),
});
export type Asked = z.infer<typeof askedShape>;

/** Runs of a folder: itself, or those in the folders below it, each once. Throws SQ-RUN-NOT-FOUND. */
export function runsIn(folder: string): string[] {
  const dir = resolve(folder);
  if (existsSync(evidencePaths(dir).record)) return [realpathSync(dir)];
  const below = existsSync(dir) ? readdirSync(dir).map((name) => join(dir, name)) : [];
  const runs = below
    .filter((path) => existsSync(evidencePaths(path).record))
    .map((path) => realpathSync(path));
  if (runs.length > 0) return [...new Set(runs)].sort();
  throw new SquallError({
    code: 'SQ-RUN-NOT-FOUND',
    what: 'there is no run to compare',
    where: dir,
    expected: 'the folder of a run, or one with such folders',
    found: existsSync(dir) ? 'neither evidence/record.json nor a folder with one' : 'no such folder',
    next: 'ls reports/',
  });
}

/** Puts down what is compared, so that `squall report` finds it again. */
export async function writeAsked(dir: string, asked: Omit<Asked, 'schema'>): Promise<void> {
  const body: Asked = { schema: 'squall.comparison/v1', ...asked };
  await writeAtomically({ [askedFile(dir)]: `${JSON.stringify(body, undefined, 2)}\n` });
}

export function isComparison(dir: string): boolean {
  return existsSync(askedFile(dir));
}

/** The report of a comparison from what its folder names. Throws SQ-RUN-NOT-FOUND where one of the runs is gone. */
export async function judgeComparison(dir: string): Promise<Report> {
  const asked = askedShape.parse(JSON.parse(readFileSync(askedFile(dir), 'utf8')));
  const baseline = await readSide(dir, asked.baseline);
  const candidate = await readSide(dir, asked.candidate);
  const { comparison, verdict } = compareSides({ baseline, candidate });
  const shown = candidate.at(-1)?.report;
  if (shown === undefined) throw new Error(`${askedFile(dir)} names no candidate`);
  const { run } = shown;
  return {
    ...shown,
    verdict,
    exitCode: { pass: 0, fail: 1, unknown: 2 }[verdict],
    findings: [findingOf(verdict, comparison.sentence)],
    // Its own verdicts stand in its own report.
    slos: [],
    run: {
      ...run,
      id: basename(dir),
      description: `${run.scenario}: ${comparison.candidate.length} against ${comparison.baseline.length} of the baseline`,
      command: asked.command,
    },
    comparison: asked.sides === undefined ? comparison : { ...comparison, sides: asked.sides },
  };
}

function findingOf(verdict: Report['verdict'], sentence: string): Finding {
  switch (verdict) {
    case 'fail':
      return {
        code: 'REGRESSION',
        severity: 'fail',
        sentence,
        next: 'look at what changed between the two: versions and configuration stand in both reports',
      };
    case 'unknown':
      return {
        code: 'REGRESSION-UNKNOWN',
        severity: 'unknown',
        sentence,
        next: 'squall explain code REGRESSION-UNKNOWN',
      };
    case 'pass':
      return { code: 'NO-REGRESSION', severity: 'info', sentence, next: '' };
  }
}

/** In the order of their start. */
async function readSide(dir: string, folders: readonly string[]): Promise<RunEvidence[]> {
  const runs: RunEvidence[] = [];
  for (const folder of folders) runs.push(await readRun(resolve(dir, folder)));
  return runs.sort((a, b) => Date.parse(a.record.startedAt) - Date.parse(b.record.startedAt));
}

async function readRun(dir: string): Promise<RunEvidence> {
  const record = await readRecord(dir);
  const report = await judgeEvidence(dir, record);
  return { record, report, ...(await readDeliveries(dir, record)) };
}

function askedFile(dir: string): string {
  return join(dir, 'evidence', 'comparison.json');
}
