import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SquallError } from '../../src/base/errors.ts';
import type { RunRecord } from '../../src/observe/evidence.ts';
import * as disk from '../../src/record.ts';
import { failReport, passReport } from '../fixtures/report-sample.ts';
import { noPrometheus } from '../fixtures/run-evidence.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'squall-record-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const secret = 'canary-S3CRET/+=';

function sampleRecord(): RunRecord {
  return {
    plan: {
      runId: 'r1',
      seed: 1,
      scenario: 's',
      epochNs: '1795230000000000000',
      warmupNs: 0,
      endNs: 1e9,
      entries: [],
      faults: [],
      slos: [],
    },
    judged: { description: '', recoveryIncomplete: false },
    startedAt: '2026-11-21T03:00:00.000Z',
    durationS: 1,
    command: `squall run s.yaml --set target.otlp.headers.authorization=${secret}`,
    versions: {},
    machine: { note: `${encodeURIComponent(secret)} ${Buffer.from(secret).toString('base64')}` },
    targetKind: 'external',
    members: [],
    ended: { kind: 'failed', message: `http://user:${secret}@host:4317 refused` },
    settle: {
      fromNs: 0,
      toNs: Number.POSITIVE_INFINITY,
      horizonNs: 0,
      shownEmpty: false,
      reason: 'Infinity',
    },
    reach: { ns: Number.POSITIVE_INFINITY, parts: [] },
    faults: [],
    canaries: [],
    generator: { lateTicks: 0, ticks: 0, cpuRatioMax: Number.NaN },
    prometheus: noPrometheus(),
    processes: [],
    notes: [],
  };
}

async function everyFile(): Promise<string> {
  const names = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile());
  const texts = await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name), 'utf8')));
  return texts.join('\n');
}

test('a record is read back as it was, infinite and missing numbers included', async () => {
  const record = sampleRecord();
  await disk.writeRecord(dir, { record: { ...record, command: 'c', ended: { kind: 'complete' } } });
  const back = await disk.readRecord(dir);
  expect(back.reach.ns).toBe(Number.POSITIVE_INFINITY);
  expect(back.generator.cpuRatioMax).toBeNaN();
  expect(back.settle.reason).toBe('Infinity');
  expect(back.plan).toEqual(record.plan);
});

test.each<[string, (text: string) => string]>([
  ['cut off', (text) => text.slice(0, text.length / 2)],
  ['without its plan', (text) => text.replace('"plan":', '"plam":')],
  ['with a text for a list', (text) => text.replace('"members":[]', '"members":"none"')],
  ['of another end', (text) => text.replace('"kind":"complete"', '"kind":"gone"')],
])('a record that is damaged is refused with its place: %s', async (_, damage) => {
  const record = { ...sampleRecord(), ended: { kind: 'complete' as const } };
  await disk.writeRecord(dir, { record });
  const file = join(dir, 'evidence', 'record.json');
  const text = await readFile(file, 'utf8');
  expect(damage(text)).not.toBe(text);
  await writeFile(file, damage(text));
  const failure: unknown = await disk.readRecord(dir).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(SquallError);
  expect((failure as SquallError).parts).toMatchObject({ code: 'SQ-RUN-NOT-FOUND', where: file });
  expect((failure as SquallError).parts.found).toMatch(/JSON|plan|members|ended.kind/);
});

test('no form of a secret reaches the disk', async () => {
  await disk.writeRecord(dir, {
    record: sampleRecord(),
    scenarioText: `# password: ${secret}\ntarget:\n  external: {otlp: {headers: {x-team: ${secret}}}}\n`,
    configs: { 'a/b': `exporters:\n  otlp:\n    headers:\n      x-honeycomb-team: "not listed"\n` },
    secrets: [secret],
  });
  const text = await everyFile();
  expect(text).not.toContain('S3CRET');
  expect(text).not.toContain(Buffer.from(secret).toString('base64').slice(0, 16));
  expect(text).not.toContain('not listed');
  expect(await readdir(join(dir, 'evidence'))).toEqual(['config-a_b.yaml', 'record.json', 'scenario.yaml']);
});

test('reports are written all or not at all: one that cannot be written leaves the others as they were', async () => {
  await disk.writeReports(dir, passReport());
  const before = await everyFile();
  // A folder where the last of the files is to be written first: that write fails as it would on a full disk.
  const blocked = join(dir, `.junit.xml.${process.pid}.tmp`);
  await mkdir(blocked);
  const writing = disk.writeReports(dir, failReport());
  await expect(writing).rejects.toMatchObject({ parts: { code: 'SQ-OUT-UNWRITABLE' } });
  expect(await everyFile()).toBe(before);
  expect((await readdir(dir)).sort()).toEqual([
    basename(blocked),
    'junit.xml',
    'report.html',
    'report.json',
    'report.md',
  ]);
});

test('a folder that cannot be made is SQ-OUT-UNWRITABLE, and does not hang', async () => {
  const writing = disk.writeAtomically({ '/proc/squall-no-such/report.json': 'x' });
  await expect(writing).rejects.toBeInstanceOf(SquallError);
  await expect(writing).rejects.toMatchObject({ exitCode: 4 });
});

test('re-rendering from report.json gives the same bytes', async () => {
  const [one, two] = [join(dir, 'one'), join(dir, 'two')];
  await disk.writeReports(one, failReport());
  await disk.writeReports(two, await disk.readReport(one));
  for (const name of await readdir(one)) {
    expect(await readFile(join(two, name), 'utf8'), name).toBe(await readFile(join(one, name), 'utf8'));
  }
});

test('latest points to the newest run, and is replaced in one step', async () => {
  await disk.writeReports(join(dir, 'a'), passReport());
  await disk.pointLatest(join(dir, 'a'));
  await disk.pointLatest(join(dir, 'b'));
  expect(await readlink(join(dir, 'latest'))).toBe('b');
  expect((await readdir(dir)).sort()).toEqual(['a', 'latest']);
});

test.each([
  ['no file', undefined],
  ['not JSON', '{'],
  ['another schema', '{"schema": "squall.record/v99"}'],
  ['no object', 'null'],
])('a record that cannot be read is SQ-RUN-NOT-FOUND: %s', async (_what, text) => {
  if (text !== undefined) await disk.writeAtomically({ [disk.evidencePaths(dir).record]: text });
  await expect(disk.readRecord(dir)).rejects.toMatchObject({ parts: { code: 'SQ-RUN-NOT-FOUND' } });
});

test('request files come in the order of the workers', async () => {
  await disk.writeAtomically({ [disk.evidencePaths(dir).record]: '{}' });
  for (const n of [10, 2, 0]) await writeFile(disk.evidencePaths(dir).requests(n), '');
  const files = await disk.listRequestFiles(dir);
  expect(files).toEqual([0, 2, 10].map((n) => disk.evidencePaths(dir).requests(n)));
});
