import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { type ErrorParts, SquallError } from './base/errors.ts';
import { fileError } from './base/file-error.ts';
import { maskConfig, maskDeep } from './base/mask.ts';
import type { RunRecord } from './observe/evidence.ts';
import { whatIsWrong } from './record-shape.ts';
import { normalizeReport, stableJson } from './report/json.ts';
import { renderJunit } from './report/junit.ts';
import { renderMarkdown } from './report/markdown.ts';
import type { Report } from './report/types.ts';

// The run on disk. Everything after the run reads only evidence/.
const recordSchema = 'squall.record/v1';
const reportSchema = 'squall.report/v1';

export interface RecordParts {
  record: RunRecord;
  /** The scenario and the members' configurations as they were read; kept masked. */
  scenarioText?: string;
  configs?: Record<string, string>;
  /** Values that law 10 keeps off the disk. */
  secrets?: readonly string[];
}

/** Where the parts of a run's evidence are; files of request records are one per worker. */
export function evidencePaths(dir: string): {
  evidence: string;
  record: string;
  arrivals: string;
  requests(worker: number): string;
  witness(backend: string): string;
} {
  const evidence = join(dir, 'evidence');
  return {
    evidence,
    record: join(evidence, 'record.json'),
    arrivals: join(evidence, 'arrivals.bin'),
    requests: (worker) => join(evidence, `requests-${worker}.bin`),
    witness: (backend) => join(evidence, `witness-${backend}.bin`),
  };
}

/** evidence/requests-N.bin in the workers' order. */
export async function listRequestFiles(dir: string): Promise<string[]> {
  return numberedFiles(dir, /^requests-(\d+)\.bin$/);
}

/** evidence/arrivals.bin, and arrivals-N.bin of the sink's further threads. */
export async function listArrivalFiles(dir: string): Promise<string[]> {
  return [evidencePaths(dir).arrivals, ...(await numberedFiles(dir, /^arrivals-(\d+)\.bin$/))];
}

async function numberedFiles(dir: string, pattern: RegExp): Promise<string[]> {
  const names = (await readdir(join(dir, 'evidence'))).filter((name) => pattern.test(name));
  const numberOf = (name: string) => Number(pattern.exec(name)?.[1]);
  return names.sort((a, b) => numberOf(a) - numberOf(b)).map((name) => join(dir, 'evidence', name));
}

/** Writes evidence/record.json, scenario.yaml and config-MEMBER.yaml. Throws SQ-OUT-UNWRITABLE. */
export async function writeRecord(dir: string, parts: RecordParts): Promise<void> {
  const secrets = parts.secrets ?? [];
  const { evidence, record } = evidencePaths(dir);
  const words = ownWords(parts.record).join('\n');
  // A ${NAME} may well hold `run` or `grpc`: such a word says nothing, and masked it would bend the record.
  const shown = secrets.filter((secret) => !words.includes(secret));
  const body = { schema: recordSchema, ...maskDeep(parts.record, shown) };
  const files: Record<string, string> = { [record]: `${JSON.stringify(body, encodeNumber)}\n` };
  if (parts.scenarioText !== undefined) {
    files[join(evidence, 'scenario.yaml')] = maskConfig(parts.scenarioText, secrets);
  }
  for (const [member, text] of Object.entries(parts.configs ?? {})) {
    const name = member.replace(/[^\w.-]/g, '_');
    files[join(evidence, `config-${name}.yaml`)] = maskConfig(text, secrets);
  }
  await writeAtomically(files);
}

/** What the record is built of: its keys, and the words that squall itself compares with. */
function ownWords(record: RunRecord): string[] {
  const words = new Set<string>(record.plan.faults.map(({ spec }) => spec.kind));
  const collect = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if (!Array.isArray(value)) for (const key of Object.keys(value)) words.add(key);
    for (const child of Object.values(value)) collect(child);
  };
  collect(record);
  for (const { spec } of record.plan.entries) {
    for (const word of [spec.signal, spec.protocol, spec.compression, spec.arrivals, spec.executor.kind]) {
      words.add(word);
    }
  }
  for (const { source, unit, window } of record.plan.slos) {
    words.add(unit).add(window.split(':')[0] ?? '');
    if (source.kind === 'measure') words.add(source.measure);
  }
  return [
    ...words,
    'run',
    'measure',
    'promql',
    'suspend',
    'fault',
    'expect',
    'complete',
    'drilled',
    'stop-condition',
    'interrupted',
    'failed',
    'none',
  ];
}

/** Throws SQ-RUN-NOT-FOUND when the folder holds no record that this version reads, or a damaged one. */
export async function readRecord(dir: string): Promise<RunRecord> {
  const file = evidencePaths(dir).record;
  const body = await readJson(dir, file, decodeNumber);
  if (!isRecord(body))
    throw new SquallError({ ...noRun(dir), where: file, expected: recordSchema, found: schemaOf(body) });
  const wrong = whatIsWrong(body);
  if (wrong === undefined) return body;
  throw new SquallError({
    code: 'SQ-RUN-NOT-FOUND',
    what: 'the record of the run is damaged',
    where: file,
    expected: 'record.json as the run wrote it',
    found: wrong,
    next: 'run it again: a damaged record cannot be judged',
  });
}

/**
 * report.json, report.html, report.md and junit.xml: all of the new ones, or, on an error, all of the
 * old.
 */
export async function writeReports(dir: string, report: Report): Promise<void> {
  // The chart library takes 0.2 s to load; commands that only read a record do without.
  const { renderHtml } = await import('./report/html.ts');
  const shown = normalizeReport(report);
  await writeAtomically({
    [join(dir, 'report.json')]: stableJson(report),
    [join(dir, 'report.html')]: renderHtml(shown),
    [join(dir, 'report.md')]: renderMarkdown(shown),
    [join(dir, 'junit.xml')]: renderJunit(shown),
  });
}

/** Throws SQ-RUN-NOT-FOUND. */
export async function readReport(dir: string): Promise<Report> {
  const file = join(dir, 'report.json');
  const body = await readJson(dir, file);
  if (!isReport(body))
    throw new SquallError({ ...noRun(dir), where: file, expected: reportSchema, found: schemaOf(body) });
  return body;
}

/** Makes `latest` beside the run's folder point to it, in one step, so that it always points somewhere. */
export async function pointLatest(dir: string): Promise<void> {
  const target = resolve(dir);
  const link = join(dirname(target), 'latest');
  const temporary = `${link}.${process.pid}.tmp`;
  try {
    await rm(temporary, { force: true });
    await symlink(relative(dirname(link), target), temporary);
    await rename(temporary, link);
  } catch (error) {
    await rm(temporary, { force: true });
    throw unwritable(link, error);
  }
}

/**
 * Every file goes to a temporary one first and is fsynced; only when all are written are they renamed.
 * A full disk or a missing right leaves what was there before.
 */
export async function writeAtomically(files: Record<string, string>): Promise<void> {
  const temporary = (path: string) => join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  const paths = Object.keys(files);
  let at = paths[0] ?? '';
  try {
    for (const path of paths) {
      at = path;
      await makeDir(dirname(path));
      await using file = await open(temporary(path), 'w', 0o644);
      await file.writeFile(files[path] ?? '');
      await file.sync();
    }
    for (const path of paths) {
      at = path;
      await rename(temporary(path), path);
    }
  } catch (error) {
    await Promise.allSettled(paths.map((path) => rm(temporary(path), { force: true })));
    throw unwritable(at, error);
  }
}

/** mkdir's own `recursive` never returns where a parent answers ENOENT for good, as /proc does. */
async function makeDir(dir: string): Promise<void> {
  if (existsSync(dir)) return;
  if (dirname(dir) !== dir) await makeDir(dirname(dir));
  await mkdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

async function readJson(
  dir: string,
  file: string,
  revive?: (key: string, value: unknown) => unknown,
): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'), revive);
  } catch (cause) {
    throw fileError({ ...noRun(dir), where: file }, cause);
  }
}

function isRecord(body: unknown): body is RunRecord {
  return schemaOf(body) === recordSchema;
}

function isReport(body: unknown): body is Report {
  return schemaOf(body) === reportSchema;
}

function schemaOf(body: unknown): string {
  return typeof body === 'object' && body !== null && 'schema' in body ? String(body.schema) : 'no schema';
}

function noRun(dir: string): Pick<ErrorParts, 'code' | 'what' | 'next'> {
  return { code: 'SQ-RUN-NOT-FOUND', what: `no run is recorded in ${dir}`, next: 'ls reports/' };
}

function unwritable(path: string, cause: unknown): SquallError {
  const next = `df -h ${dirname(path)}, or choose another folder with --out`;
  const what = 'the output folder cannot be written';
  return fileError({ code: 'SQ-OUT-UNWRITABLE', what, where: path, next }, cause);
}

/** JSON has no Infinity and NaN; the record keeps them, as {"$number": "NaN"}. */
function encodeNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? { $number: String(value) } : value;
}

function decodeNumber(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('$number' in value)) return value;
  return typeof value.$number === 'string' && Object.keys(value).length === 1 ? Number(value.$number) : value;
}
