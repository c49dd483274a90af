import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addAckMs, emptyAckBuckets } from '../../src/base/ack-bounds.ts';
import { systemClock as clock } from '../../src/base/clock.ts';
import { startLoad } from '../../src/load/engine.ts';
import { readColumns } from '../../src/observe/columns.ts';
import { requestClass, requestFields } from '../../src/observe/evidence.ts';
import { startSink } from '../../src/observe/sink.ts';
import { startClusterLoad } from '../../src/run/cluster-load.ts';
import { startClusterSink } from '../../src/run/cluster-sink.ts';
import { connectCluster } from '../../src/target/kubernetes-connect.ts';
import type { OwnPods } from '../../src/target/kubernetes-own-pods.ts';
import { openRunRecord, type RunRecord, runName } from '../../src/target/kubernetes-record.ts';
import { noImage, ownImage } from '../fixtures/cluster-image.ts';
import { type ClusterPlace, openPlace } from '../fixtures/cluster-place.ts';
import { closedEntry, loadPlan, openEntry } from '../fixtures/load/plan.ts';
import { countRaw } from '../fixtures/raw-count.ts';

const runId = 'load-job';
const pods = 4;
const items = 12_000;

describe.skipIf(noImage !== undefined)(`load from pods of a Job (${noImage ?? 'there is a cluster'})`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'squall-load-job-'));
  let place: ClusterPlace;
  let image: string;
  let record: RunRecord;
  let own: OwnPods;
  /** Connections to pods, in the order of their opening. */
  const streams: Duplex[] = [];

  beforeAll(async () => {
    image = await ownImage();
    place = await openPlace('squall-load');
  });

  beforeEach(async () => {
    const { namespace, kubeconfig, context } = place;
    const real = await connectCluster({ context, kubeconfig });
    const forward: typeof real.forward = async (to) => {
      const stream = await real.forward(to);
      streams.push(stream);
      return stream;
    };
    const cluster = { ...real, forward };
    record = await openRunRecord({ cluster, namespace, runId, deadlineS: 600, clock });
    own = { cluster, namespace, run: runName(runId), owner: record.owner, image, pullSecrets: [], clock };
  });

  // Before the look at the whole cluster, which is not there where files share it.
  afterEach(async () => {
    await record.close();
    expect(await place.objects()).toBe('');
  });

  afterAll(async () => {
    await place.remove();
    rmSync(dir, { recursive: true });
  });

  const spec = { batch: 20, connections: 8, maxInFlight: 64 };
  const plan = (workers: number) => {
    const entry = openEntry({ spec, itemsPerS: items / 4, durationMs: 4000 });
    return { ...loadPlan([{ ...entry, workers }]), runId };
  };
  /** All of the same items, however long it takes. */
  const unhurried = { ...loadPlan([closedEntry({ spec, items, durationMs: 60_000 })]), runId };

  /** Ids that one worker on this machine sends. */
  const idsOfOne = async () => {
    const file = join(dir, 'one.bin');
    const sink = await startSink({
      plan: unhurried,
      grpc: '127.0.0.1:0',
      http: '127.0.0.1:0',
      arrivalsFile: join(dir, 'one-arrivals.bin'),
      captureFile: file,
      durable: false,
    });
    const endpoints = [{ member: 'sink', otlp: { grpc: sink.grpc, headers: {} } }];
    const load = await startLoad({ plan: unhurried, endpoints, evidenceDir: mkdtempSync(join(dir, 'one-')) });
    sink.go(clock.nowNs());
    load.go(clock.nowNs());
    await load.done;
    await load.close();
    await sink.stop();
    return countRaw(file, runId).traces;
  };

  test('ids are those of one worker, the histogram is that of all samples, also over broken connections', async () => {
    const task = { plan: plan(pods), capture: true, durable: false, threads: 1, secrets: [] };
    const sink = await startClusterSink({ own, service: 'squall-sink', task, evidenceDir: dir, clock });
    const ip = await place.get(['get', 'service', 'squall-sink', '-o', 'jsonpath={.spec.clusterIP}']);
    const load = await startClusterLoad({
      own,
      pods,
      cpuMillis: 50,
      plan: plan(pods),
      endpoints: [{ member: 'sink', otlp: { grpc: `${ip}:4317`, headers: {} } }],
      evidenceDir: dir,
      clock,
    });
    const nodes = await place.get([
      'get',
      'pods',
      '-l',
      'squall.dev/program=load',
      '-o',
      'jsonpath={.items[*].spec.nodeName}',
    ]);
    expect(new Set(nodes.split(' ')).size).toBe(2);
    const t0Ns = clock.nowNs() + load.remote.leadMs * 1e6;
    sink.go(t0Ns);
    load.go(t0Ns);
    await expect.poll(() => load.progress().counts.acknowledged, { timeout: 60_000 }).toBeGreaterThan(0);
    for (const stream of streams.splice(0)) stream.destroy();
    const { counts } = await load.done;
    await sink.stop();

    // A starved machine misses some, and charges them: never is one forgotten.
    const { missed, offered, acknowledged, rejected, refused, unknown } = counts;
    expect({ due: counts.due, ended: missed + offered }).toEqual({ due: items, ended: items });
    expect({ ended: acknowledged + refused + unknown, rejected }).toEqual({ ended: offered, rejected: 0 });
    expect(acknowledged).toBeGreaterThan(0);
    const delivered = sink.progress().delivered.traces;
    expect(delivered).toBeGreaterThanOrEqual(acknowledged);
    expect(delivered).toBeLessThanOrEqual(acknowledged + unknown);
    const buckets = emptyAckBuckets();
    const recorded = new Map<number, number>();
    for (let worker = 0; worker < pods; worker++) {
      const requests = readColumns(join(dir, `requests-${worker}.bin`), requestFields);
      expect(requests.count).toBe(items / 20 / pods);
      const [due, final, kind] = [
        requests.column('dueNs'),
        requests.column('finalNs'),
        requests.column('class'),
      ];
      for (let i = 0; i < requests.count; i++) {
        const ended = kind[i] ?? Number.NaN;
        recorded.set(ended, (recorded.get(ended) ?? 0) + 20);
        const answeredNs = ended === requestClass.acknowledged ? (final[i] ?? Number.NaN) : Infinity;
        addAckMs(buckets, (answeredNs - (due[i] ?? Number.NaN)) / 1e6);
      }
    }
    const recordedAs = (...classes: number[]) =>
      classes.reduce((sum, one) => sum + (recorded.get(one) ?? 0), 0);
    expect({
      acknowledged: recordedAs(requestClass.acknowledged),
      refused: recordedAs(requestClass.refused),
      unknown: recordedAs(requestClass.unknown),
      missed: recordedAs(requestClass.missedByGenerator, requestClass.missedByTarget),
    }).toEqual({ acknowledged, refused, unknown, missed });
    expect(counts.ackMsBuckets).toEqual(buckets);

    const { seen, duplicated, foreign } = countRaw(join(dir, 'capture.bin'), runId).traces;
    expect({ duplicated, foreign }).toEqual({ duplicated: 0, foreign: 0 });
    // Ids are a function of the plan: what arrived here are those that one worker sends, each once.
    const ids = (await idsOfOne()).seen;
    expect({ all: ids.size, here: seen.size }).toEqual({ all: items, here: delivered });
    expect([...seen.keys()].filter((id) => !ids.has(id))).toEqual([]);
    // Both nodes are this machine: what was measured has to hold the truth, which is no difference at all.
    expect(load.clockBoundNs).toBeGreaterThan(0);
    expect(load.clockBoundNs).toBeLessThan(1e9);
  });

  test('a timeline that ends before its plan ends in every pod, and what was due by then is accounted for', async () => {
    const entry = openEntry({ spec, itemsPerS: items / 4, durationMs: 120_000 });
    const long = { ...loadPlan([{ ...entry, workers: 2 }]), runId };
    const task = { plan: long, capture: false, durable: false, threads: 1, secrets: [] };
    const evidenceDir = mkdtempSync(join(dir, 'ended-'));
    const sink = await startClusterSink({ own, service: 'squall-sink', task, evidenceDir, clock });
    const ip = await place.get(['get', 'service', 'squall-sink', '-o', 'jsonpath={.spec.clusterIP}']);
    const endpoints = [{ member: 'sink', otlp: { grpc: `${ip}:4317`, headers: {} } }];
    const load = await startClusterLoad({
      own,
      pods: 2,
      cpuMillis: 50,
      plan: long,
      endpoints,
      evidenceDir,
      clock,
    });
    const t0Ns = clock.nowNs() + load.remote.leadMs * 1e6;
    sink.go(t0Ns);
    load.go(t0Ns);
    await expect.poll(() => load.progress().counts.acknowledged, { timeout: 60_000 }).toBeGreaterThan(0);
    load.end();
    const { counts } = await load.done;
    await sink.stop();
    expect((clock.nowNs() - t0Ns) / 1e9).toBeLessThan(100);
    expect(counts.due).toBeLessThan(entry.items);
    expect(counts.due).toBe(counts.missed + counts.offered);
    expect(counts.offered).toBe(counts.acknowledged + counts.refused + counts.unknown);
    const files = [0, 1].map((worker) =>
      readColumns(join(evidenceDir, `requests-${worker}.bin`), requestFields),
    );
    for (const { count } of files) expect(count).toBeGreaterThan(0);
    expect(files.reduce((sum, { count }) => sum + count, 0) * spec.batch).toBe(counts.due);
  });
});
