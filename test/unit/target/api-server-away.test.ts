import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { type Cluster, mayNot, reasonOf, statusOf } from '../../../src/target/kubernetes-client.ts';
import { connectCluster } from '../../../src/target/kubernetes-connect.ts';
import { closedPort, serveSilence } from '../../fixtures/servers.ts';

/** A cluster whose API server is at this port of loopback. */
async function clusterAt(port: number, answerMs?: number): Promise<Cluster> {
  const dir = mkdtempSync(join(tmpdir(), 'squall-away-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const kubeconfig = join(dir, 'kubeconfig');
  const named = { cluster: 'c', user: 'u' };
  const config = {
    clusters: [
      { name: 'c', cluster: { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } },
    ],
    users: [{ name: 'u', user: { token: 't' } }],
    contexts: [{ name: 'away', context: named }],
  };
  writeFileSync(kubeconfig, stringify(config));
  return connectCluster({ kubeconfig, context: 'away' }, answerMs);
}

const refusal = Object.assign(new Error('forbidden'), { code: 403 });
const answers = async () => '';

test('a refusal means no right only where the API server gives what every account may have', async () => {
  expect(await mayNot({ get: answers }, refusal)).toBeUndefined();
  const begun = { get: () => Promise.reject(new Error('HTTP 403')) };
  await expect(mayNot(begun, refusal)).rejects.toBe(refusal);
  const away = new TypeError('fetch failed');
  await expect(mayNot({ get: answers }, away)).rejects.toBe(away);
});

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => [statusOf(error), reasonOf(error)],
  );

test('an API server that takes requests and never answers is given up, and said to be silent', async () => {
  const served = await serveSilence();
  onTestFinished(served.close);
  const cluster = await clusterAt(served.port, 50);
  expect(await failure(cluster.core.readNamespace({ name: 'n' }))).toEqual([
    undefined,
    'the API server does not answer',
  ]);
});

test('one that is not there is told by the system’s own word', async () => {
  const port = await closedPort();
  const cluster = await clusterAt(port);
  expect(await failure(cluster.core.readNamespace({ name: 'n' }))).toEqual([
    undefined,
    `connect ECONNREFUSED 127.0.0.1:${port}`,
  ]);
});
