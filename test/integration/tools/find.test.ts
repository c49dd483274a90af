import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SquallError } from '../../../src/base/errors.ts';
import { type FindOptions, findTool } from '../../../src/tools/find.ts';
import { assetOf } from '../../../src/tools/release.ts';
import { setUpTools } from '../../../src/tools/setup.ts';

let dir = '';
let server: Server | undefined;
let said: string[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'squall-find-'));
  said = [];
});
afterEach(() => {
  server?.close();
  server = undefined;
  rmSync(dir, { recursive: true, force: true });
});

/** A program that answers like the tool; no docker, go or tool of the machine is on the PATH that is searched. */
function plant(folder: string, name: string, version: string): string {
  mkdirSync(join(dir, folder), { recursive: true });
  const path = join(dir, folder, name);
  const answer = name.startsWith('otelcol')
    ? `buildinfo:\n    version: ${version}\n`
    : `prometheus, version ${version} (branch: x)\n`;
  writeFileSync(path, `#!/bin/sh\nprintf '%s' '${answer}'\n`);
  chmodSync(path, 0o755);
  return path;
}

function options(extra: Record<string, string> = {}, more: Partial<FindOptions> = {}): FindOptions {
  const env = { PATH: join(dir, 'bin'), SQUALL_MIRROR: 'http://127.0.0.1:9', ...extra };
  return { env, cacheDir: join(dir, 'cache'), say: (line) => said.push(line), ...more };
}

async function failureOf(promise: Promise<unknown>): Promise<SquallError> {
  const failure = await promise.catch((error: unknown) => error);
  if (!(failure instanceof SquallError)) throw new Error(`expected a SquallError, got ${failure}`);
  return failure;
}

/** Serves a release of Prometheus: an archive with this program, and checksums. */
async function serveRelease(checksum?: string): Promise<string> {
  const asset = assetOf('prometheus');
  const folder = asset.inside.split('/')[0] ?? '';
  plant(folder, 'prometheus', '3.15.0');
  const archive = join(dir, asset.archive);
  execFileSync('tar', ['-czf', archive, '-C', dir, folder]);
  const bytes = readFileSync(archive);
  const hash = checksum ?? createHash('sha256').update(bytes).digest('hex');
  server = createServer((request, response) => {
    if (request.url === `/${asset.folder}/${asset.checksums}`) response.end(`${hash}  ${asset.archive}\n`);
    else if (request.url === `/${asset.folder}/${asset.archive}`) {
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    } else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test('the variable wins over PATH, and PATH over the cache', async () => {
  const byEnv = plant('env', 'otelcol', '0.1.0');
  const onPath = plant('bin', 'otelcol-contrib', '0.2.0');
  plant('cache/otelcol-0.161.0', 'otelcol', '0.161.0');
  expect(await findTool('otelcol', options({ SQUALL_OTELCOL: byEnv }))).toEqual({
    path: byEnv,
    version: '0.1.0',
    source: 'SQUALL_OTELCOL',
  });
  expect(await findTool('otelcol', options())).toMatchObject({
    path: onPath,
    version: '0.2.0',
    source: 'PATH',
  });
  rmSync(onPath);
  expect(await findTool('otelcol', options())).toMatchObject({ version: '0.161.0', source: 'cache' });
});

test('a binary that does not run is passed over for the next source', async () => {
  const broken = plant('bin', 'otelcol', '0.1.0');
  writeFileSync(broken, '#!/bin/sh\nexit 7\n');
  plant('cache/otelcol-0.161.0', 'otelcol', '0.161.0');
  expect(await findTool('otelcol', options())).toMatchObject({ version: '0.161.0', source: 'cache' });
});

test('a binary that the variable names is the only one tried', async () => {
  const broken = plant('env', 'otelcol', '0.1.0');
  writeFileSync(broken, '#!/bin/sh\nexit 7\n');
  plant('bin', 'otelcol', '0.2.0');
  const failure = await failureOf(findTool('otelcol', options({ SQUALL_OTELCOL: broken })));
  expect(failure.parts).toMatchObject({ code: 'SQ-TOOL-MISSING', next: `ls -l ${broken}` });
  expect(failure.parts.where).toMatch(/^environment: .*env\/otelcol components: /);
});

test('a given path is the only one tried', async () => {
  plant('bin', 'prometheus', '3.0.0');
  const failure = await failureOf(findTool('prometheus', options({}, { explicit: join(dir, 'absent') })));
  expect(failure.parts.code).toBe('SQ-TOOL-MISSING');
  expect(failure.parts.where).toContain('absent is not an executable file');
  expect(await findTool('prometheus', options({}, { explicit: 'prometheus' }))).toMatchObject({
    version: '3.0.0',
  });
});

test('a release is downloaded with its share said, checked, and then found in the cache', async () => {
  const mirror = await serveRelease();
  const found = await findTool('prometheus', options({ SQUALL_MIRROR: mirror }));
  expect(found).toMatchObject({ version: '3.15.0', source: 'release archive 3.15.0' });
  expect(said.at(-1)).toBe('downloading prometheus 3.15.0: 100 %');
  expect(readdirSync(join(dir, 'cache'))).toEqual(['prometheus-3.15.0']);
  server?.close();
  expect(await findTool('prometheus', options())).toMatchObject({ path: found.path, source: 'cache' });
});

test('an archive that is not what its release says is never kept', async () => {
  const mirror = await serveRelease('0'.repeat(64));
  const failure = await failureOf(findTool('prometheus', options({ SQUALL_MIRROR: mirror })));
  expect(failure.parts.where).toMatch(/has SHA-256 \w+, its release says 0{64}/);
  expect(existsSync(join(dir, 'cache', 'prometheus-3.15.0'))).toBe(false);
  expect(readdirSync(join(dir, 'cache'))).toEqual([]);
});

/** A docker whose image holds a collector where the testbed's and older images have it, not where we look first. */
function plantDocker(): void {
  const inside = plant('image', 'otelcol', '0.161.0');
  const script = `#!/bin/sh
echo "$@" >>${join(dir, 'docker.log')}
case $1 in
  version) echo 20.10 ;;
  create) echo c0ffee ;;
  cp) [ "$2" = c0ffee:/otelcol ] || { echo "no such path $2" >&2; exit 1; }; exec /bin/cp ${inside} "$3" ;;
esac
`;
  mkdirSync(join(dir, 'bin'), { recursive: true });
  writeFileSync(join(dir, 'bin', 'docker'), script, { mode: 0o755 });
}

test.skipIf(process.platform !== 'linux')('an image gives its binary, and no container is left', async () => {
  plantDocker();
  const found = await findTool('otelcol', options());
  expect(found.source).toBe('image otel/opentelemetry-collector-contrib:0.161.0');
  expect(found.path).toBe(join(dir, 'cache', 'otelcol-0.161.0', 'otelcol'));
  const calls = readFileSync(join(dir, 'docker.log'), 'utf8').trim().split('\n');
  expect(calls.at(-1)).toBe('rm --force c0ffee');
});

test('a tool that is nowhere is SQ-TOOL-MISSING with every source and its reason', async () => {
  const failure = await failureOf(setUpTools(options()));
  expect(failure.exitCode).toBe(4);
  const { where = '', what } = failure.parts;
  expect(what).toBe('otelcol was found in none of 6 sources');
  const named = ['environment', 'PATH', 'cache', 'release archive', 'Docker image', 'build with Go'];
  expect(where.split('\n').map((line) => line.trim().split(':')[0])).toEqual(named);
  expect(failure.others.map((parts) => parts.what)).toEqual(['prometheus was found in none of 6 sources']);
  expect(said.filter((line) => line.startsWith('otelcol, '))).toHaveLength(3);
});
