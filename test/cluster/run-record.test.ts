import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { objectPower } from '../../src/target/kubernetes-change.ts';
import type { Cluster } from '../../src/target/kubernetes-client.ts';
import { connectCluster } from '../../src/target/kubernetes-connect.ts';
import { listRun, openRunRecord, removeRun } from '../../src/target/kubernetes-record.ts';
import { kubectl, noCluster, uniqueName } from '../fixtures/cluster.ts';

describe.skipIf(noCluster !== undefined)(
  `a run's record on a cluster (${noCluster ?? 'there is one'})`,
  () => {
    const namespace = uniqueName('squall-record');
    let cluster: Cluster;

    beforeAll(async () => {
      await kubectl(['create', 'namespace', namespace]);
      await kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted']);
      const context = (await kubectl(['config', 'current-context'])).trim();
      cluster = await connectCluster({ context, kubeconfig: process.env.SQUALL_KUBECONFIG ?? '' });
    });

    afterAll(async () => {
      await kubectl(['delete', 'namespace', namespace, '--wait=false']);
    });

    const open = (runId: string, deadlineS: number) =>
      openRunRecord({ cluster, namespace, runId, deadlineS, clock: systemClock });
    const written = async (runId: string) =>
      kubectl([
        '-n',
        namespace,
        'get',
        'configmap',
        `squall-${runId}`,
        '-o',
        'jsonpath={.data.journal\\.jsonl}',
      ]);

    test('holds what was written, also by several at once, and is gone when closed; no pod was ever made', async () => {
      const record = await open('one', 600);
      await Promise.all([record.write({ fault: 'a' }), record.write({ fault: 'b' })]);
      expect(await written('one')).toBe('{"fault":"a"}\n{"fault":"b"}\n');
      expect(await kubectl(['-n', namespace, 'get', 'pods', '-o', 'name'])).toBe('');
      await record.close();
      expect(await listRun(cluster, { namespace })).toEqual([]);
    });

    test('is refused to a runner whose record was taken away: what slept cannot strike any more', async () => {
      const record = await open('two', 600);
      await removeRun(cluster, { namespace, run: 'two', clock: systemClock });
      await expect(record.write({ fault: 'late' })).rejects.toThrow(/no longer holds its record/);
      await record.close();
    });

    test('goes on where another only writes on its Lease, as when an answer was lost; not once a guard has taken it', async () => {
      const record = await open('five', 600);
      const lease = (args: string[]) => kubectl(['-n', namespace, ...args]);
      await lease(['annotate', 'lease', 'squall-five', 'of=others']);
      await record.write({ fault: 'a' });
      await lease(['patch', 'lease', 'squall-five', '-p', '{"spec":{"holderIdentity":"squall-guard/x"}}']);
      await expect(record.write({ fault: 'b' })).rejects.toThrow(/no longer holds its record/);
      expect(await written('five')).toBe('{"fault":"a"}\n');
      await record.close();
    });

    test('what a runner that slept changes after its record was taken away is put back by itself', async () => {
      const record = await open('four', 600);
      await kubectl(['-n', namespace, 'create', 'configmap', 'settings', '--from-literal=a=before']);
      const map = await cluster.core.readNamespacedConfigMap({ namespace, name: 'settings' });
      const power = objectPower({
        cluster,
        ref: { context: cluster.context },
        object: { kind: 'configmap', namespace, name: 'settings', uid: map.metadata?.uid ?? '' },
        run: 'four',
        // It sleeps between its line and its change.
        record: {
          write: async (line) => {
            await record.write(line);
            await removeRun(cluster, { namespace, run: 'four', clock: systemClock });
          },
          hold: record.hold,
        },
      });
      const change = power.change('late', [{ path: '/data/a', value: 'after' }]);
      await expect(change).rejects.toThrow(/no longer holds its record/);
      const { data, metadata } = await cluster.core.readNamespacedConfigMap({ namespace, name: 'settings' });
      expect([data?.a, metadata?.labels ?? {}]).toEqual(['before', {}]);
      await record.close();
    });

    test('removes itself past its deadline, with nothing of squall left to do it; another run stays', async () => {
      const other = await open('other', 600);
      const record = await open('three', 2);
      await expect
        .poll(() => listRun(cluster, { namespace, run: 'three' }), { timeout: 60_000, interval: 500 })
        .toEqual([]);
      await expect(record.write({})).rejects.toThrow(/no longer holds its record/);
      expect((await listRun(cluster, { namespace, run: 'other' })).map(({ kind }) => kind)).toEqual([
        'job',
        'lease',
        'configmap',
      ]);
      await record.close();
      await other.close();
    });
  },
);
