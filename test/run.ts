import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

/**
 * Runs everything that can run on this machine: the static checks, then each vitest project in turn. Says by name what
 * was skipped and why (a skipped test's name carries its reason), gives the slow projects a time box, and ends with
 * the plain line `N passed, N failed, N skipped`. Exit code 1 when anything failed.
 */
const checks = [
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'lint', command: ['biome', 'check', '.'] },
  { name: 'dead code', command: ['knip'] },
];
const projects = ['unit', 'property', 'simulation', 'contract', 'integration', 'browser', 'cluster'];
const budgetMs = Number(process.env.SQUALL_TEST_BUDGET_S ?? 20 * 60) * 1000;

interface Tally {
  passed: number;
  failed: number;
  skipped: string[];
}

interface VitestResults {
  testResults: {
    name: string;
    status: string;
    assertionResults: { fullName: string; status: string }[];
  }[];
}

const root = new URL('..', import.meta.url).pathname;
const work = mkdtempSync(join(tmpdir(), 'squall-test-'));
const startMs = Date.now();
const tally: Tally = { passed: 0, failed: 0, skipped: [] };

for (const check of checks) {
  const code = await run(check.command, 180_000);
  if (code === 0) tally.passed++;
  else tally.failed++;
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${check.name}`);
}
for (const project of projects) await runProject(project);
rmSync(work, { recursive: true, force: true });
for (const name of tally.skipped) console.log(`skipped: ${name}`);
console.log(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped.length} skipped`);
process.exit(tally.failed > 0 ? 1 : 0);

/** Each file of a slow project is a vitest run of its own, so that the time box can end between files. */
async function runProject(project: string): Promise<void> {
  const files = testFiles(join(root, 'test', project));
  const batches = ['unit', 'property', 'simulation'].includes(project)
    ? [files]
    : files.map((file) => [file]);
  for (const batch of batches) {
    if (batch.length === 0) continue;
    const leftMs = budgetMs - (Date.now() - startMs);
    if (leftMs < 20_000) {
      for (const file of batch)
        tally.skipped.push(`${relative(root, file)} (time box of ${budgetMs / 1000} s is used up)`);
      continue;
    }
    const report = join(work, `${project}-${tally.passed}-${tally.failed}.json`);
    const args = [
      'vitest',
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ];
    const code = await run([...args, ...batch.map((file) => relative(root, file))], leftMs);
    count(report, code, batch);
  }
}

function count(report: string, code: number | 'late', batch: string[]): void {
  if (code === 'late') {
    for (const file of batch) tally.skipped.push(`${relative(root, file)} (ended by the time box)`);
    return;
  }
  let results: VitestResults;
  try {
    results = JSON.parse(readFileSync(report, 'utf8')) as VitestResults;
  } catch {
    tally.failed++; // vitest itself did not get as far as a report
    return;
  }
  let failedHere = 0;
  for (const file of results.testResults) {
    const failed = file.assertionResults.filter((test) => test.status === 'failed').length;
    failedHere += failed === 0 && file.status === 'failed' ? 1 : failed;
    tally.passed += file.assertionResults.filter((test) => test.status === 'passed').length;
    for (const test of file.assertionResults) {
      if (test.status !== 'passed' && test.status !== 'failed') tally.skipped.push(test.fullName);
    }
  }
  tally.failed += failedHere === 0 && code !== 0 ? 1 : failedHere;
}

function testFiles(dir: string): string[] {
  try {
    return readdirSync(dir, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .sort()
      .map((name) => join(dir, name));
  } catch {
    return []; // a project without a folder has no tests
  }
}

/** Runs a tool of node_modules/.bin under this Node; its own process group, so that a late one ends with its children. */
function run(command: string[], deadlineMs: number): Promise<number | 'late'> {
  const [tool = '', ...args] = command;
  const bin = join(root, 'node_modules', '.bin');
  return new Promise((resolve) => {
    const child = spawn(join(bin, tool), args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
      env: { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}` },
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, deadlineMs);
    child.on('error', () => resolve(1));
    child.on('exit', (code) => {
      clearTimeout(timer);
      resolve(late ? 'late' : (code ?? 1));
    });
  });
}
