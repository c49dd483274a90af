import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';

/**
 * Runs everything that can run on this machine: the static checks, the quick projects in one go, then each file of the
 * slow ones. Says by name what was skipped and why (a skipped test's name carries its reason), and what took how long;
 * ends within its time box, which cuts the least important, and with the plain line `N passed, N failed, N skipped`.
 * Exit code 1 when anything failed.
 */
const checks = [
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'lint', command: ['biome', 'check', '.'] },
  { name: 'dead code', command: ['knip'] },
];
const quickProjects = ['unit', 'property', 'simulation'];
const slowProjects = ['contract', 'integration', 'browser', 'cluster'];
/** Whole runs under load, or a machine full of them: by themselves, the most important first. */
const alone = [
  'test/integration/first-verdict.test.ts',
  'test/integration/planted-loss.test.ts',
  'test/integration/scenarios.test.ts',
  'test/integration/kill.test.ts',
  'test/integration/validity.test.ts',
  'test/integration/targets.test.ts',
  'test/integration/capacity.test.ts',
  'test/integration/interrupt.test.ts',
  'test/integration/guard.test.ts',
];
/** The rest mostly waits and goes two at a time: the first and the last of them, all others in between by name. */
const early = [
  'test/contract/',
  'test/integration/target/',
  'test/integration/fault/',
  'test/integration/load/',
];
const late = ['test/integration/hostile-', 'test/integration/bad-input', 'test/browser/'];
/** One of them closes a node for a while and the others' pods must stand on both: one after the other. */
const allNodes = ['nodes', 'load-job', 'running-bases'].map((name) => `test/cluster/${name}.test.ts`);
/** Less is not enough to start a cluster and to learn something from it. */
const clusterMs = 180_000;
const budgetMs = Number(process.env.SQUALL_TEST_BUDGET_S ?? 20 * 60) * 1000;
/** What is left of the box has to be worth a start. */
const leastMs = 20_000;

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
const tally = { passed: 0, failed: 0, skipped: [] as string[] };
const seconds: [string, number][] = [];

for (const check of checks) {
  const { code, text } = await run(check.command, 180_000);
  if (code === 0) tally.passed++;
  else tally.failed++;
  console.log(`${code === 0 ? 'ok  ' : `${text}\nFAIL`} ${check.name}`);
}
await runTests('unit, property and simulation', quickProjects, ['--maxWorkers=2', '--no-isolate']);
await runTests('mutation', ['mutation'], []);
const files = slowProjects.flatMap((project) => testFiles(project).map((file) => ({ project, file })));
const byImportance = files.toSorted((a, b) => rank(a.file) - rank(b.file));
const lane = async (queue: typeof files) => {
  for (let next = queue.shift(); next !== undefined; next = queue.shift())
    await runTests(next.file, [next.project], [next.file]);
};
await lane(byImportance.filter(({ file }) => alone.includes(file)));
const others = byImportance.filter(({ project, file }) => project !== 'cluster' && !alone.includes(file));
await Promise.all([lane(others), lane(others)]);
const onCluster = byImportance.filter(({ project }) => project === 'cluster');
const onNodes = onCluster.filter(({ file }) => allNodes.includes(file));
const elsewhere = onCluster.filter(({ file }) => !allNodes.includes(file));
await withCluster(() => Promise.all([lane(onNodes).then(() => lane(elsewhere)), lane(elsewhere)]));

rmSync(work, { recursive: true, force: true });
for (const [what, tookS] of seconds.toSorted((a, b) => b[1] - a[1]))
  console.log(`${tookS.toFixed(0)} s ${what}`);
for (const name of tally.skipped) console.log(`skipped: ${name}`);
console.log(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped.length} skipped`);
process.exit(tally.failed > 0 ? 1 : 0);

/**
 * Runs the tests of a cluster on the one that SQUALL_KUBECONFIG names, or else on one that SQUALL_CLUSTER_COMMAND makes for
 * them alone: `COMMAND up` prints its kubeconfig last, `COMMAND down` ends it. Without either they skip and say so.
 */
async function withCluster(tests: () => Promise<unknown>): Promise<void> {
  const command = process.env.SQUALL_CLUSTER_COMMAND;
  const leftMs = budgetMs - (Date.now() - startMs);
  if (command === undefined || process.env.SQUALL_KUBECONFIG !== undefined || leftMs < clusterMs) {
    await tests();
    return;
  }
  const tell = (word: string) =>
    promisify(execFile)(command, [word], { timeout: clusterMs / 2, killSignal: 'SIGKILL' });
  try {
    const { stdout } = await tell('up');
    process.env.SQUALL_KUBECONFIG = stdout.trim().split('\n').at(-1) ?? '';
  } catch (error) {
    console.log(`no cluster: ${error instanceof Error ? error.message : error}`);
  }
  await tests();
  await tell('down').catch((error: unknown) => console.log(`cluster: ${error}`));
}

/** Smaller is more important. */
function rank(file: string): number {
  const place = (list: string[]) => list.findIndex((one) => file.startsWith(one));
  if (place(alone) >= 0) return place(alone);
  if (place(early) >= 0) return 100 + place(early);
  return place(late) >= 0 ? 300 + place(late) : 200;
}

/** One vitest run, of files or with options; its output is shown when it has ended, so that two of them stay apart. */
async function runTests(what: string, projects: string[], rest: string[]): Promise<void> {
  const leftMs = budgetMs - (Date.now() - startMs);
  if (leftMs < leastMs) {
    tally.skipped.push(`${what} (time box of ${budgetMs / 1000} s is used up)`);
    return;
  }
  const report = join(work, `${what.replaceAll(/\W/g, '-')}.json`);
  const named = projects.flatMap((project) => ['--project', project]);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const fromMs = Date.now();
  const { code, text } = await run(['vitest', 'run', ...named, ...reporters, ...rest], leftMs);
  seconds.push([what, (Date.now() - fromMs) / 1000]);
  console.log(text);
  if (code === 'late') tally.skipped.push(`${what} (ended by the time box)`);
  else count(report, code);
}

function count(report: string, code: number): void {
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

/** Paths from the project's root on; none for a project without a folder. */
function testFiles(project: string): string[] {
  const dir = join(root, 'test', project);
  try {
    return readdirSync(dir, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .sort()
      .map((name) => relative(root, join(dir, name)));
  } catch {
    return [];
  }
}

/** Runs a tool of node_modules/.bin under this Node; its own process group, so that a late one ends with its children. */
function run(command: string[], deadlineMs: number): Promise<{ code: number | 'late'; text: string }> {
  const [tool = '', ...args] = command;
  const bin = join(root, 'node_modules', '.bin');
  return new Promise((resolve) => {
    const child = spawn(join(bin, tool), args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}` },
    });
    let text = '';
    let late = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
    }
    const timer = setTimeout(() => {
      late = true;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, deadlineMs);
    child.on('error', (error) => resolve({ code: 1, text: `${error}` }));
    // All of its output is there at 'close', for which a process that outlives it must not be waited for long.
    child.on('exit', (code) => {
      clearTimeout(timer);
      const done = () => resolve({ code: late ? 'late' : (code ?? 1), text: text.trimEnd() });
      child.on('close', done);
      setTimeout(done, 2000).unref();
    });
  });
}
