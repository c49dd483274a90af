import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { systemClock as clock } from '../../../src/base/clock.ts';
import { bareCluster } from '../../../src/target/bare-cluster.ts';
import { guardEnv, guardTask, heardWord, sayWord } from '../../../src/target/guard-word.ts';
import { guardedRun } from '../../../src/target/guarded-run.ts';
import { changedLabel, templateMark } from '../../../src/target/kubernetes-change.ts';
import { type ObjectKind, objectKinds } from '../../../src/target/kubernetes-object.ts';
import { recordedRestores } from '../../../src/target/kubernetes-restore.ts';
import { type FakeApi, openFakeApi } from '../../fixtures/fake-api-server.ts';
import { root } from '../../fixtures/squall.ts';

let api: FakeApi;
let folder: string;

beforeEach(async () => {
  api = await openFakeApi();
  folder = mkdtempSync(join(tmpdir(), 'squall-account-'));
  writeFileSync(join(folder, 'token'), 'secret');
});
afterEach(() => {
  api.close();
  rmSync(folder, { recursive: true });
});

const bare = (answerMs = 10_000) =>
  bareCluster({ server: api.server, tokenFile: join(folder, 'token') }, { answerMs });
const guardOf = (pod: string, answerMs?: number) =>
  guardedRun(bare(answerMs), { namespace: 'n', run: 'r', pod, clock });
const own = { metadata: { labels: { 'squall.dev/run': 'r' } } };
const paths: Record<Exclude<ObjectKind, 'pod-resize'>, string> = {
  deployment: '/apis/apps/v1/namespaces/n/deployments/it',
  statefulset: '/apis/apps/v1/namespaces/n/statefulsets/it',
  daemonset: '/apis/apps/v1/namespaces/n/daemonsets/it',
  configmap: '/api/v1/namespaces/n/configmaps/it',
  service: '/api/v1/namespaces/n/services/it',
  pod: '/api/v1/namespaces/n/pods/it',
  node: '/api/v1/nodes/it',
};
const pathOf = (kind: ObjectKind) => paths[kind === 'pod-resize' ? 'pod' : kind];
const record = '/api/v1/namespaces/n/configmaps/squall-r';
const lease = '/apis/coordination.k8s.io/v1/namespaces/n/leases/squall-r';
const job = '/apis/batch/v1/namespaces/n/jobs/squall-r';

/** One object of the kind with `size: 9`, changed by the run `r` from `size: 1`; gives its line in the record. */
function changed(kind: ObjectKind): string {
  api.put(pathOf(kind), { size: 9, metadata: { labels: { [changedLabel]: 'r' } } });
  const object = { kind, namespace: kind === 'node' ? '' : 'n', name: 'it', uid: 'u-it' };
  const rolled = kind === 'node' ? [] : [{ path: templateMark }];
  const restore = { object, run: 'r', fields: [{ path: '/size', value: 1 }, ...rolled] };
  return `${JSON.stringify({ fault: 'f', restore })}\n`;
}

function standing(journal: string): void {
  api.put(record, { ...own, data: { 'journal.jsonl': journal } });
  api.put(lease, { ...own, spec: { holderIdentity: 'squall-runner', leaseDurationSeconds: 15 } });
  api.put(job, own);
  api.put('/apis/batch/v1/namespaces/n/jobs/squall-guard-r', own);
  api.put('/api/v1/namespaces/n/pods/squall-guard-r-abc', own);
}

const isBack = (kind: ObjectKind) => {
  const found = api.objects.get(pathOf(kind));
  return found?.size === 1 && found.metadata.labels?.[changedLabel] === undefined;
};

test.each(objectKinds)(
  'a changed %s is put back by what the record keeps, once; a second time there is nothing to do',
  async (kind) => {
    standing(changed(kind));
    api.put('/apis/networking.k8s.io/v1/namespaces/n/networkpolicies/squall-cut-1', own);
    const name = kind === 'pod-resize' ? 'pod' : kind;
    const done = await guardOf('one').undo();
    expect(isBack(kind)).toBe(true);
    expect(done).toEqual([`${name}/it restored`, 'networkpolicy/squall-cut-1 removed']);
    // What is left goes with the Job, by its owner references: the guard is among it.
    expect([api.objects.has(record), api.objects.has(job)]).toEqual([false, false]);
    expect(api.objects.has('/api/v1/namespaces/n/pods/squall-guard-r-abc')).toBe(true);
    const after = new Map(api.objects);
    expect(await guardOf('one').undo()).toEqual([]);
    expect(api.objects).toEqual(after);
  },
);

test('what an object was changed to by others, or another run, is not touched', async () => {
  standing(changed('deployment'));
  const other = api.put(pathOf('deployment'), { size: 5, metadata: { labels: { [changedLabel]: 'other' } } });
  expect(await guardOf('one').undo()).toEqual([]);
  expect(api.objects.get(pathOf('deployment'))).toBe(other);
});

test('a line that is half written was of no effect yet; another that cannot be read is told, and keeps the record', async () => {
  const line = changed('deployment');
  expect(recordedRestores(`${line}${line.slice(0, 40)}`)).toMatchObject({ restores: [{}], unread: [] });
  for (const bad of ['{"restore":', '7', '{"restore":{"object":{"kind":"secret"}}}'])
    expect(recordedRestores(`${bad}\n${line}`)).toMatchObject({ restores: [{}], unread: [1] });
  standing(`{"fault":"f","res\n${line}`);
  await expect(guardOf('one').undo()).rejects.toThrow('line 1 cannot be read');
  expect([isBack('deployment'), api.objects.has(record)]).toEqual([true, true]);
});

test('one object that cannot be put back keeps the record, and nothing else from being put back', async () => {
  standing(changed('service') + changed('deployment') + changed('statefulset'));
  api.spoil = (method, path) => (method === 'PATCH' && path.includes('/deployments/') ? 500 : undefined);
  await expect(guardOf('one').undo()).rejects.toThrow('500!');
  const kinds = ['service', 'deployment', 'statefulset'] as const;
  expect(kinds.map(isBack)).toEqual([true, false, true]);
  expect(api.objects.has(record)).toBe(true);
  api.spoil = undefined;
  expect(await guardOf('one').undo()).toEqual(['deployment/it restored']);
});

test('an object that another writes at the same time is tried again (409)', async () => {
  standing(changed('deployment'));
  let left = 3;
  api.spoil = (method) => (method === 'PATCH' && left-- > 0 ? 409 : undefined);
  expect(await guardOf('one').undo()).toEqual(['deployment/it restored']);
});

test('a Lease is taken by one of two who saw it; it says who, and nobody who saw it before can write it', async () => {
  standing('');
  const [one, other] = [guardOf('one'), guardOf('other')];
  const seen = await one.look();
  expect(seen).toMatchObject({ kind: 'there', mine: false, lastsMs: 15_000 });
  if (seen.kind !== 'there') throw new Error(seen.kind);
  await other.look();
  expect(await Promise.all([one.take(seen.version), other.take(seen.version)])).toEqual([true, false]);
  expect(await one.look()).toMatchObject({ mine: true, lastsMs: 60_000 });
  expect(await other.look()).toMatchObject({ mine: false });
  expect(api.objects.get(lease)).toMatchObject({ spec: { holderIdentity: 'squall-guard/one' } });
});

test('a refusal or no answer is no sign that the run is gone; a Lease that is not there is, and another run of its name is none of it', async () => {
  standing('');
  const guard = guardOf('one', 500);
  await expect.poll(guard.look).toMatchObject({ kind: 'there' });
  for (const status of [401, 403, 409, 429, 500, 503]) {
    api.spoil = () => status;
    expect(await guard.look()).toMatchObject({ kind: 'silent' });
  }
  api.spoil = () => 'silence';
  expect(await guard.look()).toMatchObject({ kind: 'silent', why: expect.stringContaining('timeout') });
  await expect(guard.take('1')).rejects.toThrow('timeout');
  api.spoil = undefined;
  api.objects.delete(lease);
  await expect.poll(guard.look).toEqual({ kind: 'gone' });
  api.objects.delete(record);
  await expect.poll(guard.look).toEqual({ kind: 'ended' });
  api.put(lease, { metadata: { ...own.metadata, uid: 'later' } });
  await expect.poll(guard.look).toEqual({ kind: 'other' });
});

test('k8s/squall/guard.yaml allows exactly what undoing asks for, and its word', async () => {
  for (const kind of objectKinds) {
    standing(changed(kind));
    for (const [at, plural] of [
      ['/apis/networking.k8s.io/v1', 'networkpolicies'],
      ['/apis/chaos-mesh.org/v1alpha1', 'networkchaos'],
      ['/api/v1', 'pods'],
      ['/api/v1', 'services'],
      ['/apis/batch/v1', 'jobs'],
      ['/apis/coordination.k8s.io/v1', 'leases'],
    ])
      api.put(`${at}/namespaces/n/${plural}/of-it`, own);
    for (const plural of ['replicasets', 'controllerrevisions'])
      api.put(`/apis/apps/v1/namespaces/n/${plural}/of-it`, {
        metadata: { labels: { [changedLabel]: 'r' } },
      });
    const guard = guardOf('one');
    const look = await guard.look();
    if (look.kind === 'there') await guard.take(look.version);
    await guard.undo();
  }
  api.put('/api/v1/namespaces/n/pods/p', { metadata: { annotations: {} } });
  const rights = [{ namespace: 'n', verb: 'patch', group: '', resource: 'pods' }];
  await sayWord(bare(), { namespace: 'n', run: 'r', pod: 'p', rights });
  const { metadata } = api.objects.get('/api/v1/namespaces/n/pods/p') ?? {};
  const { annotations } = metadata as { annotations?: Record<string, string> };
  expect(heardWord(annotations?.['squall.dev/guard'])).toEqual({ lacks: ['patch pods in n'] });
  // Everybody may ask what he may do, and nodes are for nodes.yaml.
  const others = ['create authorization.k8s.io selfsubjectaccessreviews', 'get  nodes', 'patch  nodes'];
  const asked = [...new Set(api.asked)].filter((right) => !others.includes(right));
  const [, role] = parseAllDocuments(readFileSync(join(root, 'k8s/squall/guard.yaml'), 'utf8'));
  const { rules } = (role?.toJS() ?? {}) as {
    rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
  };
  const allowed = rules.flatMap(({ apiGroups: [group], resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group} ${resource}`)),
  );
  expect(asked.toSorted()).toEqual(allowed.toSorted());
});

test('a guard reads in its environment what was written there for it', () => {
  const rights = [{ namespace: 'n', verb: 'get', group: 'g', resource: 'leases' }];
  const pairs = guardEnv({ namespace: 'n', run: 'r', rights }).map(({ name, value }) => [name, value ?? 'p']);
  expect(guardTask(Object.fromEntries(pairs))).toEqual({ namespace: 'n', run: 'r', pod: 'p', rights });
  expect(() => guardTask({})).toThrow('SQUALL_GUARD_');
});
