import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { cases, type HpaCase, lengthS, objectsOf, requestMillis } from './hpa-cases.ts';
import { type HpaSample, type Listed, lookOf } from './hpa-look.ts';

/**
 * Watches real HorizontalPodAutoscalers of the cluster that KUBECONFIG names, over pods whose CPU goes up and down by
 * plan, and writes what they saw and did to --out, a file each; a unit test hands the same to the simulator. Needs
 * kubectl, the metrics API, the image node:24-slim on the nodes, and nodes that reach this machine.
 */
const { values: flags } = parseArgs({
  options: {
    out: { type: 'string', default: 'test/fixtures/hpa' },
    /** Seconds between two looks of the cluster's controller: its --horizontal-pod-autoscaler-sync-period. */
    turn: { type: 'string', default: '15' },
    /** Where all pods are to be, if the metrics of others are not to be had. */
    node: { type: 'string' },
  },
});
const namespace = `squall-hpa-${randomBytes(3).toString('hex')}`;

async function main(): Promise<void> {
  const work = await startWork();
  const proxy = spawn('kubectl', ['proxy', '--port=0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [greeting] = (await once(proxy.stdout, 'data')) as [Buffer];
    const api = `http://127.0.0.1:${/:(\d+)/.exec(greeting.toString())?.[1]}`;
    await kubectl(['create', 'namespace', namespace]);
    const objects = cases.flatMap((one) => objectsOf(one, { workUrl: work.url, node: flags.node }));
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    await kubectl(['-n', namespace, 'apply', '-f', '-'], JSON.stringify(list));
    const version = (await getJson(`${api}/version`)) as { gitVersion: string };
    const seen = await watch(api, work.start);
    mkdirSync(flags.out, { recursive: true });
    for (const one of cases) {
      const { name, spec } = one;
      const head = { name, recorded: new Date().toISOString(), kubernetes: version.gitVersion };
      const samples = seen.get(name) ?? [];
      const lines = [{ ...head, turnS: Number(flags.turn), requestMillis, spec }, ...samples];
      const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
      writeFileSync(join(flags.out, `${name}.jsonl`), text);
      console.log(`${name}: ${samples.length} samples`);
    }
  } finally {
    await kubectl(['delete', 'namespace', namespace, '--wait=false']).catch(console.error);
    proxy.kill();
    work.close();
  }
}

/** Tells each pod its share of the work of its case; all alike, as a fair balancer would. */
async function startWork(): Promise<{ url: string; start(): void; close(): void }> {
  const seen = new Map<string, Map<string, number>>();
  let t0 = performance.now();
  const server = createServer((request, response) => {
    const [name = '', pod = ''] = (request.url ?? '').slice(1).split('?pod=');
    const pods = seen.get(name) ?? new Map<string, number>();
    seen.set(name, pods.set(pod, performance.now()));
    const alive = [...pods.values()].filter((atMs) => atMs > performance.now() - 2500).length;
    response.end(String(workAt(name, (performance.now() - t0) / 1000) / alive));
  }).listen(0, '0.0.0.0');
  await once(server, 'listening');
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const own = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  return {
    url: `http://${own}:${(server.address() as AddressInfo).port}`,
    start() {
      t0 = performance.now();
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function workAt(name: string, atS: number): number {
  const steps = cases.find((one) => one.name === name)?.steps ?? [];
  return steps.findLast(({ fromS }) => fromS <= atS)?.millis ?? 0;
}

/** Looks twice a second; keeps a look that differs from the one before. The work begins with the first of all metrics. */
async function watch(api: string, start: () => void): Promise<Map<string, HpaSample[]>> {
  const kept = new Map<string, HpaSample[]>(cases.map(({ name }) => [name, []]));
  const t0 = performance.now();
  let begunS: number | undefined;
  for (let atS = 0; atS < lengthS + (begunS ?? lengthS); await delay(500)) {
    atS = (performance.now() - t0) / 1000;
    const listed = await look(api).catch((error: Error) => console.error(error.message));
    if (listed === undefined) continue;
    for (const one of cases) keep(kept.get(one.name) ?? [], lookOf(one, listed, atS));
    if (begunS === undefined && cases.every((one) => hasMetric(kept, one))) {
      begunS = atS;
      start();
      console.log(`all have metrics after ${begunS.toFixed(0)} s`);
    }
  }
  return kept;
}

function hasMetric(kept: Map<string, HpaSample[]>, { name }: HpaCase): boolean {
  return kept.get(name)?.at(-1)?.utilization !== undefined;
}

function keep(samples: HpaSample[], next: HpaSample): void {
  const { atS: _, ...before } = samples.at(-1) ?? { atS: 0 };
  const { atS: __, ...now } = next;
  if (JSON.stringify(before) !== JSON.stringify(now)) samples.push(next);
}

async function look(api: string): Promise<Listed> {
  const of = (group: string, kind: string) => getJson(`${api}/${group}/namespaces/${namespace}/${kind}`);
  const [hpas, deployments, metrics, pods] = await Promise.all([
    of('apis/autoscaling/v2', 'horizontalpodautoscalers'),
    of('apis/apps/v1', 'deployments'),
    of('apis/metrics.k8s.io/v1beta1', 'pods'),
    of('api/v1', 'pods'),
  ]);
  return { hpas, deployments, metrics, pods } as Listed;
}

async function getJson(url: string): Promise<unknown> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return await answer.json();
}

function kubectl(args: string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile('kubectl', args, (error, out) => (error === null ? resolve(out) : reject(error)));
    child.stdin?.end(input);
  });
}

await main();
