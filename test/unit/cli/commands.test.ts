import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { commands } from '../../../src/cli/commands.ts';

const cli = new URL('../../../src/cli.ts', import.meta.url).href;

/** Files that Node loads for one command line, as src/... or the package's name, and what it prints. */
function load(args: string[]): { files: string[]; printed: string } {
  const script = `
    import { registerHooks } from 'node:module';
    const seen = [];
    registerHooks({ load: (url, context, next) => { seen.push(url); return next(url, context); } });
    process.on('exit', () => process.stdout.write('\\0' + JSON.stringify(seen)));
    const { main } = await import(${JSON.stringify(cli)});
    await main(${JSON.stringify(['node', 'squall', ...args])});`;
  const [printed = '', seen = '[]'] = execFileSync(
    process.execPath,
    ['--input-type=module', '--eval', script],
    { encoding: 'utf8' },
  ).split('\0');
  const files = (JSON.parse(seen) as string[]).flatMap((url) => {
    const [, file] = /\/(src\/.*|node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
    return file === undefined ? [] : [file.replace(/^node_modules\/([^@][^/]*|@[^/]+\/[^/]+).*$/, '$1')];
  });
  return { files: [...new Set(files)].sort(), printed };
}

// Tried by breaking the code: a command imported at the top of cli.ts.
test('--version and --help load no command', () => {
  for (const args of [['--version'], ['--help'], ['run', '--help']]) {
    const { files, printed } = load(args);
    expect(printed).not.toBe('');
    expect(files.filter((file) => !file.startsWith('src/base/'))).toEqual([
      'commander',
      'src/cli.ts',
      'src/cli/commands.ts',
      'src/cli/console.ts',
      'src/run/own-version.ts',
      'yaml',
    ]);
  }
});

test('a command loads its own and not the others: schema needs no load, chart or cluster', () => {
  const { files, printed } = load(['schema']);
  expect(printed).toContain('squall/v1');
  for (const foreign of ['echarts', '@kubernetes/client-node', 'src/load/engine.ts', 'src/cli/run.ts'])
    expect(files).not.toContain(foreign);
});

test('every verb that --help lists has its command, and each of them can be loaded', async () => {
  const { printed } = load(['--help']);
  const listed = [...printed.matchAll(/^ {2}(\w+) (?:\[|<|.* {2}\w)/gm)].map(([, name]) => name);
  expect(listed.filter((name) => name !== 'help').sort()).toEqual(Object.keys(commands).sort());
  for (const command of Object.values(commands)) expect(await command()).toBeInstanceOf(Function);
});
