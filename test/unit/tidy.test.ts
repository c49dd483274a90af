import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)));
const sources = tracked.filter((file) => file.startsWith('src/') && file.endsWith('.ts'));
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/**
 * folder -> folders of src it may import code from. Types may come from anywhere below; `*` is everything.
 * A single file may be named where a whole folder would be too much.
 */
const imports: Record<string, string[]> = {
  base: [],
  agent: ['base', 'target/node-order.ts', 'target/pod-account.ts'],
  scenario: ['base'],
  otlp: ['base'],
  wire: ['base'],
  plan: ['base', 'scenario'],
  tools: ['base'],
  target: ['base', 'otlp', 'tools'],
  load: ['base', 'otlp', 'wire', 'plan/pace.ts', 'observe/evidence.ts'],
  fault: ['base', 'target', 'plan/clashes.ts'],
  observe: ['base', 'otlp', 'wire', 'plan/pace.ts'],
  verdict: ['base', 'plan/pace.ts', 'scenario/threshold.ts', 'scenario/measures.ts', 'observe/evidence.ts'],
  capacity: ['base'],
  report: ['base'],
  pod: [
    'base',
    'load',
    'observe',
    'target/bare-cluster.ts',
    'target/guard-word.ts',
    'target/guarded-run.ts',
    'target/kubernetes-client.ts',
    'target/pod-account.ts',
  ],
};
/** Files at the top of src and the folders that join everything. */
const joiners = ['run', 'cli', ''];

function codeImports(file: string): string[] {
  const found: string[] = [];
  for (const match of read(file).matchAll(/^(?:import|export)\s+(?!type\b)[^;]*?from\s+'(\.[^']+)'/gms)) {
    found.push(relative('src', join(dirname(file), match[1] ?? '')));
  }
  return found;
}

test('each folder of src imports only what the table allows', () => {
  const wrong: string[] = [];
  for (const file of sources) {
    const folder = relative('src', dirname(file)).split('/')[0] ?? '';
    if (joiners.includes(folder)) continue;
    for (const target of codeImports(file)) {
      const targetFolder = target.includes('/') ? (target.split('/')[0] ?? '') : '';
      if (targetFolder === folder) continue;
      const allowed = imports[folder] ?? [];
      if (!allowed.includes(targetFolder) && !allowed.includes(target)) wrong.push(`${file} -> ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('files of src stay below 250 lines and functions below 70', () => {
  const long: string[] = [];
  for (const file of sources) {
    const lines = read(file).split('\n');
    if (lines.length > 251) long.push(`${file}: ${lines.length} lines`);
    for (const { name, length } of functionLengths(lines)) {
      if (length > 70) long.push(`${file}: ${name} has ${length} lines`);
    }
  }
  expect(long).toEqual([]);
});

/** Top-level functions, by indentation: the formatter guarantees that their last line is a lone brace in column 0. */
function functionLengths(lines: string[]): { name: string; length: number }[] {
  const found: { name: string; length: number }[] = [];
  let open: { name: string; from: number } | undefined;
  lines.forEach((line, index) => {
    const start = /^(?:export )?(?:async )?function\*? (\w+)/.exec(line);
    if (start) open = { name: start[1] ?? '', from: index };
    if (open && /^}/.test(line)) {
      found.push({ name: open.name, length: index - open.from + 1 });
      open = undefined;
    }
  });
  return found;
}

test('nothing is left for later, switched off, or default-exported', () => {
  const banned =
    /\bTODO\b|\bFIXME\b|\bXXX\b|\bHACK\b|@ts-ignore|@ts-nocheck|as unknown as|: any(?=[,;)=\]>]|$)|as any\b/;
  const wrong: string[] = [];
  for (const file of tracked.filter(
    (name) => /^(src|test|bench)\/.*\.ts$/.test(name) && !name.endsWith('tidy.test.ts'),
  )) {
    read(file)
      .split('\n')
      .forEach((line, index) => {
        if (banned.test(line)) wrong.push(`${file}:${index + 1} ${line.trim()}`);
        if (file.startsWith('src/') && /^export default/.test(line))
          wrong.push(`${file}:${index + 1} default export`);
      });
  }
  expect(wrong).toEqual([]);
});

test('only base/clock.ts reads the clock or sets a timer for its own sake', () => {
  const wrong: string[] = [];
  for (const file of sources) {
    if (file === 'src/base/clock.ts') continue;
    for (const match of read(file).matchAll(/\bDate\.now\(\)|\bperformance\.now\(\)|process\.hrtime/g)) {
      wrong.push(`${file}: ${match[0]}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('what is undone before an error is thrown on cannot take its place: base/settled.ts', () => {
  const undone =
    /catch(?: |\(async )\(error[^)]*\)(?: =>)? \{\n(?:(?! *\}).*\n)*? *await (?!settled\().*\n *throw error;/;
  expect(sources.filter((file) => undone.test(read(file)))).toEqual([]);
});

/** The shared one asks which test runs now, and knows only one: beside others it is at times none. */
test('tests that run side by side poll with waitFor, or with their own expect', () => {
  const wrong = tracked.filter(
    (file) => file.startsWith('test/') && file.endsWith('.test.ts') && !file.endsWith('tidy.test.ts'),
  );
  expect(wrong.filter((file) => /\.concurrent\b[\s\S]*expect\.poll\b/.test(read(file)))).toEqual([]);
});

test('every folder of src has a README of at most 100 words', () => {
  const folders = new Set(sources.map((file) => dirname(file)).filter((folder) => folder !== 'src'));
  const wrong: string[] = [];
  for (const folder of folders) {
    const file = `${folder}/README.md`;
    if (!existsSync(join(root, file))) wrong.push(`${file} is missing`);
    else if (read(file).split(/\s+/).filter(Boolean).length > 100)
      wrong.push(`${file} has more than 100 words`);
  }
  expect(wrong).toEqual([]);
});

test('versions in package.json are exact', () => {
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
  const all = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});
