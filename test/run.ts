import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';

/**
 * Runs everything that can run on this machine: the static checks, the quick projects in one go, then the files of the
 * slow ones, as many side by side as two cores carry. Ends within its time box, which cuts the least important. Last it
 * says what took how long, what was skipped and why (a skipped test's name carries its reason), what failed with what
 * words, and the plain line `N passed, N failed, N skipped`. Exit code 1 when anything failed.
 */
const checks = [
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'lint', command: ['biome', 'check', '.'] },
  { name: 'dead code', command: ['knip'] },
];
const quickProjects = ['unit', 'property', 'simulation'];
const slowProjects = ['contract', 'integration', 'browser', 'cluster'];
/** What is judged by the clock, at a full rate or to the last item, or runs three at a time itself: before all others. */
const alone = ['first-verdict', 'planted-loss', 'kill'].map((name) => `test/integration/${name}.test.ts`);
/** Most of the others wait most of the time, and go side by side: the first and the last, all else in between by name. */
const early = [
  'test/integration/scenarios.test.ts',
  'test/integration/guard.test.ts',
  'test/integration/interrupt.test.ts',
  'test/cluster/agents.test.ts',
  'test/cluster/',
  'test/integration/hostile-',
  'test/integration/bad-input',
  'test/contract/',
];
const late = ['test/integration/docker/', 'test/browser/'];
/** Files at a time; two cores are half idle then. One that has several runs of its own at once counts as two. */
const places = 3;
const takesTwo = [
  'test/integration/scenarios.test.ts',
  'test/integration/guard.test.ts',
  'test/integration/interrupt.test.ts',
];
/** Each brings pods of its own, and the nodes have room for those of two. */
const clusterPlaces = 2;
/** One of them closes a node for a while and the others' pods must stand on both: one after the other. */
const allNodes = ['nodes', 'load-job', 'running-bases'].map((name) => `test/cluster/${name}.test.ts`);
/** A look at the whole cluster, when no run is in it any more. */
const lastOfCluster = 'test/cluster/left.test.ts';
/** Less is not enough to start a cluster and to learn something from it. */
const clusterMs = 180_000;
const budgetMs = Number(process.env.SQUALL_TEST_BUDGET_S ?? 20 * 60) * 1000;
/** What is left of the box has to be worth a start. */
const leastMs = 20_000;

interface VitestResults {
  testResults: {
    name: string;
    status: string;
    message?: string;
    assertionResults: { fullName: string; status: string; failureMessages?: string[] }[];
  }[];
}

const root = new URL('..', import.meta.url).pathname;
const work = mkdtempSync(join(tmpdir(), 'squall-test-'));
const startMs = Date.now();
const tally = { passed: 0, failed: [] as string[], skipped: [] as string[] };
/** Of a failure's words, which stand whole above. */
const failureChars = 1500;
const seconds: [string, number][] = [];

await Promise.all(
  checks.map(async ({ name, command }) => {
    const { code, text } = await run(command, 180_000);
    if (code === 0) tally.passed++;
    else tally.failed.push(name);
    console.log(`${code === 0 ? 'ok  ' : `${text}\nFAIL`} ${name}`);
  }),
);
await runTests('unit, property and simulation', quickProjects, ['--maxWorkers=2', '--no-isolate']);
await runTests('mutation', ['mutation'], ['--maxWorkers=2']);
const files = slowProjects.flatMap((project) => testFiles(project).map((file) => ({ project, file })));
for (const { project, file } of files.filter(({ file }) => alone.includes(file)))
  await runTests(file, [project], [file]);
const others = files
  .filter(({ file }) => !alone.includes(file) && file !== lastOfCluster)
  .toSorted((a, b) => rank(a.file) - rank(b.file));
await withCluster(async (cluster) => {
  await runSideBySide(others, cluster);
  await runTests(lastOfCluster, ['cluster'], [lastOfCluster]);
});

rmSync(work, { recursive: true, force: true });
for (const [what, tookS] of seconds.toSorted((a, b) => b[1] - a[1]))
  console.log(`${tookS.toFixed(0)} s ${what}`);
for (const name of tally.skipped) console.log(`skipped: ${name}`);
for (const words of tally.failed) console.log(`failed: ${words}`);
console.log(`${tally.passed} passed, ${tally.failed.length} failed, ${tally.skipped.length} skipped`);
process.exit(tally.failed.length > 0 ? 1 : 0);

/**
 * The tests of a cluster run on the one that SQUALL_KUBECONFIG names, or else on one that SQUALL_CLUSTER_COMMAND makes for
 * them alone while others run: `COMMAND up` prints its kubeconfig last, `COMMAND down` ends it. Without either they skip
 * and say so. `cluster` resolves when it is known.
 */
async function withCluster(tests: (cluster: Promise<void>) => Promise<unknown>): Promise<void> {
  const command = process.env.SQUALL_CLUSTER_COMMAND;
  const leftMs = budgetMs - (Date.now() - startMs);
  if (command === undefined || process.env.SQUALL_KUBECONFIG !== undefined || leftMs < clusterMs) {
    await tests(Promise.resolve());
    return;
  }
  const tell = (word: string) =>
    promisify(execFile)(command, [word], { timeout: clusterMs / 2, killSignal: 'SIGKILL' });
  const up = tell('up').then(
    ({ stdout }) => {
      process.env.SQUALL_KUBECONFIG = stdout.trim().split('\n').at(-1) ?? '';
    },
    (error: unknown) => console.log(`no cluster: ${error instanceof Error ? error.message : error}`),
  );
  await tests(up);
  await tell('down').catch((error: unknown) => console.log(`cluster: ${error}`));
}

/** Starts the first file of the queue for which there is room, whenever there is. */
async function runSideBySide(queue: typeof files, cluster: Promise<void>): Promise<void> {
  const running = new Map<string, Promise<void>>();
  const starting = 'a cluster that starts';
  const taken = (file: string) => (takesTwo.includes(file) ? 2 : 1);
  const fits = ({ project, file }: (typeof files)[number]): boolean => {
    const busy = [...running.keys()].reduce((sum, one) => sum + taken(one), 0);
    if (busy + taken(file) > places) return false;
    if (project !== 'cluster') return true;
    const onCluster = files.filter((one) => one.project === 'cluster' && running.has(one.file));
    if (running.has(starting) || onCluster.length >= clusterPlaces) return false;
    return !allNodes.includes(file) || !onCluster.some((one) => allNodes.includes(one.file));
  };
  const start = (name: string, work: Promise<void>) =>
    running.set(
      name,
      work.finally(() => running.delete(name)),
    );
  start(starting, cluster);
  while (queue.length > 0 || running.size > 0) {
    const next = queue.findIndex(fits);
    const [file] = next < 0 ? [] : queue.splice(next, 1);
    if (file === undefined) await Promise.race(running.values());
    else start(file.file, runTests(file.file, [file.project], [file.file]));
  }
}

/** Smaller is more important. */
function rank(file: string): number {
  const place = (list: string[]) => list.findIndex((one) => file.startsWith(one));
  if (place(early) >= 0) return place(early);
  return place(late) >= 0 ? 200 + place(late) : 100;
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
  else count(what, report, code);
}

function count(what: string, report: string, code: number): void {
  let results: VitestResults;
  try {
    results = JSON.parse(readFileSync(report, 'utf8')) as VitestResults;
  } catch {
    tally.failed.push(`${what}: vitest did not get as far as a report`);
    return;
  }
  const failed: string[] = [];
  for (const file of results.testResults) {
    const before = failed.length;
    for (const test of file.assertionResults) {
      if (test.status === 'passed') tally.passed++;
      else if (test.status !== 'failed') tally.skipped.push(test.fullName);
      else failed.push(`${test.fullName}\n${(test.failureMessages ?? []).join('\n').slice(0, failureChars)}`);
    }
    if (failed.length === before && file.status === 'failed') failed.push(file.message ?? 'the whole file');
  }
  if (failed.length === 0 && code !== 0) failed.push(`vitest ended with code ${code}`);
  tally.failed.push(...failed.map((words) => `${what}: ${words}`));
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
      env: { ...process.env, SQUALL_CLUSTER_SHARED: '1', PATH: `${bin}:${process.env.PATH ?? ''}` },
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
