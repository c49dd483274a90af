import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openPage } from '../../../src/cli/open-page.ts';
import { writeIndex } from '../../../src/cli/report-index.ts';
import { stableJson } from '../../../src/report/json.ts';
import { samples } from '../../fixtures/report-sample.ts';

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'squall-index-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function put(dir: string, name: string, text: string): Promise<void> {
  await mkdir(join(dir, name), { recursive: true });
  await writeFile(join(dir, name, 'report.json'), text);
}

test('lists every run once, its headline figures, and what is not readable', async () => {
  const dir = await folder();
  await put(dir, 'a', stableJson(samples.fail()));
  await put(dir, 'samples/b', stableJson(samples.pass()));
  await put(dir, 'broken', '{"schema": "other"}');
  await mkdir(join(dir, 'templates'));
  await symlink('a', join(dir, 'latest'));
  const { entries, unreadable } = await writeIndex(dir);
  expect(unreadable).toEqual(['broken']);
  expect(entries.map(({ folder: at, verdict, p95Ms, lost }) => [at, verdict, p95Ms, lost])).toEqual([
    ['a', 'fail', 4.271, 12_340],
    ['samples/b', 'pass', 5.1, 0],
  ]);
  const page = await readFile(join(dir, 'index.html'), 'utf8');
  expect(page).toContain('2 runs: 1 passed, 1 failed, 0 unknown');
  expect(page).toContain('href="samples/b/report.html"');
});

test('a folder that is not there is an error that says what to do', async () => {
  await expect(writeIndex(join(await folder(), 'none'))).rejects.toMatchObject({
    parts: { code: 'SQ-RUN-NOT-FOUND' },
  });
});

test('a browser that cannot be started is said, and no shell reads the name of the file', async () => {
  const dir = await folder();
  const file = join(dir, 'a; touch b.html');
  expect(await openPage(file, { BROWSER: join(dir, 'no-such-program') })).toContain('ENOENT');
  expect(await openPage(file, { BROWSER: 'true', PATH: process.env.PATH ?? '' })).toBeUndefined();
});
