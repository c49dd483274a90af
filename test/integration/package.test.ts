import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findOldNode, usersPath } from '../fixtures/old-node.ts';
import { root } from '../fixtures/squall.ts';

const oldNode = findOldNode();

describe('the packed tarball, installed elsewhere', () => {
  const dir = mkdtempSync(join(tmpdir(), 'squall-package-'));
  const installed = join(dir, 'node_modules', '.bin', 'squall');

  beforeAll(() => {
    const npm = (args: string[], cwd: string) =>
      execFileSync('npm', args, { cwd, stdio: 'pipe', env: process.env });
    npm(['pack', '--pack-destination', dir], root);
    const tarball = readdirSync(dir).find((name) => name.endsWith('.tgz'));
    if (tarball === undefined) throw new Error('npm pack made no tarball');
    npm(['init', '-y'], dir);
    npm(['install', '--no-audit', '--no-fund', `./${tarball}`], dir);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const runUnder = (node: string, args: string[], cwd = dir) =>
    spawnSync(node, [installed, ...args], {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, PATH: usersPath, XDG_STATE_HOME: join(dir, 'state') },
    });

  test('under Node 24: validates the bundled quickstart and refuses an unknown command with exit 3', () => {
    expect(runUnder(process.execPath, ['validate'])).toMatchObject({
      status: 0,
      stderr: 'quickstart: valid\n',
    });
    expect(runUnder(process.execPath, ['rnu']).status).toBe(3);
  });

  test('under Node 24: a whole run against the embedded collector, compiled threads and programs included', () => {
    const args = [
      'run',
      '--target',
      join(root, 'targets', 'embedded.yaml'),
      '--set',
      'load.spans.duration=7s',
    ];
    const ended = runUnder(process.execPath, [
      ...args,
      '--set',
      'load.spans.rate=500',
      '--out',
      join(dir, 'run'),
    ]);
    expect(ended.stderr).toContain('3,500 delivered, 0 lost');
    expect(readdirSync(join(dir, 'run'))).toEqual(
      expect.arrayContaining(['report.json', 'report.html', 'junit.xml']),
    );
  });

  describe.skipIf(oldNode === undefined)(
    `under an older Node${oldNode === undefined ? ' (skipped: no Node 20 or 22 on PATH)' : ''}`,
    () => {
      test('says in one message what to install', () => {
        const ended = runUnder(oldNode ?? '', ['validate']);
        expect(ended.status).toBe(3);
        expect(ended.stderr).toContain('npm install node@24');
      });
      test('runs itself under an installed node package, with arguments, output and exit code passed on', () => {
        expect(runUnder(oldNode ?? '', ['validate'], root)).toMatchObject({
          status: 0,
          stderr: 'quickstart: valid\n',
        });
        expect(runUnder(oldNode ?? '', ['rnu'], root).status).toBe(3);
      });
    },
  );
});
