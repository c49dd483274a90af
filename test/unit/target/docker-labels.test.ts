import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { readProcess } from '../../../src/fault/process-table.ts';
import { labelledRuns, runLabels } from '../../../src/target/docker-labels.ts';

const closers: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A socket that answers as a daemon's does, with these labels on one container and one network. */
async function daemon(container: object, network: object): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'squall-labels-'));
  closers.push(() => rmSync(dir, { recursive: true }));
  const server = createServer((request, response) => {
    const Labels = request.url?.startsWith('/containers') === true ? container : network;
    response.end(
      JSON.stringify([
        { Id: 'x', Labels },
        { Id: 'y', Labels: null },
      ]),
    );
  });
  server.listen(join(dir, 'docker.sock'));
  await once(server, 'listening');
  closers.push(() => server.close());
  return `unix://${dir}/docker.sock`;
}

test('a run is known by what it labelled, with its runner as a process of this machine', async () => {
  const DOCKER_HOST = await daemon(runLabels('one'), {
    ...runLabels('two'),
    'squall.dev/runner': '1/2@elsewhere',
  });
  const runner = { pid: process.pid, startTicks: readProcess(process.pid)?.startTicks };
  expect(await labelledRuns({ DOCKER_HOST })).toEqual([
    { runId: 'one', daemon: DOCKER_HOST, runner },
    { runId: 'two', daemon: DOCKER_HOST, runner: undefined },
  ]);
});

test.each([
  ['no daemon', 'unix:///no/such.sock'],
  ['a daemon that is not on this machine', 'tcp://192.0.2.1:2375'],
])('%s has no runs', async (_, DOCKER_HOST) => {
  expect(await labelledRuns({ DOCKER_HOST })).toEqual([]);
});
