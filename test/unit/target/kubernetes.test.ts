import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { faults } from '../../../src/registry.ts';
import { reasonOf, statusOf } from '../../../src/target/kubernetes-client.ts';
import { runName } from '../../../src/target/kubernetes-record.ts';
import {
  loadRules,
  neededRights,
  podMetricsRules,
  rightText,
  sinkRules,
  watchRules,
} from '../../../src/target/kubernetes-rights.ts';
import { isServing, metricsPortOf, selectorText } from '../../../src/target/kubernetes-workload.ts';
import { copyNeeds } from '../../../src/target/pull-secrets.ts';
import { root } from '../../fixtures/squall.ts';

test('a selector is written as the API takes it', () => {
  const matchExpressions = [
    { key: 'tier', operator: 'In', values: ['a', 'b'] },
    { key: 'zone', operator: 'NotIn', values: ['x'] },
    { key: 'app', operator: 'Exists' },
    { key: 'old', operator: 'DoesNotExist' },
  ];
  expect(selectorText({ matchLabels: { name: 'gateway' }, matchExpressions })).toBe(
    'name=gateway,tier in (a,b),zone notin (x),app,!old',
  );
  expect(selectorText({})).toBe('');
});

test.each([
  ['pod-kill-d05742d8a2', 'pod-kill-d05742d8a2'],
  ['My run / 1', /^my-run-1-[0-9a-f]{10}$/],
  ['my-run-1', 'my-run-1'],
  ['A', /^a-[0-9a-f]{10}$/],
  ['-x-', /^x-[0-9a-f]{10}$/],
  ['x'.repeat(200), /^x{40}-[0-9a-f]{10}$/],
])('run id %s gives a label that no other run has', (runId, expected) => {
  const name = runName(runId);
  expect(name).toMatch(expected);
  expect(name).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
  expect(`squall-${name}`.length).toBeLessThanOrEqual(63);
});

test('a pod serves when it is ready and not on its way out', () => {
  const ready = { conditions: [{ type: 'Ready', status: 'True' }] };
  expect(isServing({ status: ready })).toBe(true);
  expect(isServing({ status: ready, metadata: { deletionTimestamp: new Date(0) } })).toBe(false);
  expect(isServing({ status: { conditions: [{ type: 'Ready', status: 'False' }] } })).toBe(false);
  expect(isServing({})).toBe(false);
});

test('the metrics port is the one named so, or the collector’s own', () => {
  const ports = [{ containerPort: 4317 }, { name: 'metrics', containerPort: 9999 }];
  expect(metricsPortOf({ spec: { containers: [{ name: 'c', ports }] } })).toBe(9999);
  expect(metricsPortOf({ spec: { containers: [{ name: 'c' }] } })).toBe(8888);
});

test('a refusal is told in the API server’s words', () => {
  const refusal = Object.assign(new Error('HTTP-Code: 403\nBody: ...'), {
    code: 403,
    body: JSON.stringify({ kind: 'Status', message: 'pods "x" is forbidden' }),
  });
  expect([statusOf(refusal), reasonOf(refusal)]).toEqual([403, 'pods "x" is forbidden']);
  const lost = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  expect([statusOf(lost), reasonOf(lost)]).toEqual([undefined, 'connect ECONNREFUSED']);
});

test('the Role that squall comes with allows exactly what a run may ask for', () => {
  const kinds = ['deployment', 'statefulset', 'daemonset'] as const;
  const members = Object.fromEntries(
    kinds.map((kind) => [kind, { namespace: 'n', workload: { kind, name: 'w' }, otlp: { service: 's' } }]),
  );
  const ways = Object.values(faults).flatMap(({ rights = [] }) => rights);
  const own = [sinkRules, loadRules, watchRules, podMetricsRules].map((rules) => ({
    home: true as const,
    rules,
  }));
  const needs = [...ways.filter((way) => way.class === 'role'), ...own];
  const needed = neededRights({ members, home: 'n', needs }).map(
    ({ verb, group, resource, subresource }) =>
      `${verb} ${group} ${subresource === undefined ? resource : `${resource}/${subresource}`}`,
  );
  const { rules } = parse(readFileSync(join(root, 'k8s/squall/role.yaml'), 'utf8')) as {
    rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
  };
  const allowed = rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group} ${resource}`)),
    ),
  );
  expect(needed.toSorted()).toEqual(allowed.toSorted());
});

test('Secrets are asked for one by one, and only where some are copied', () => {
  const asked = (names: string[]) =>
    neededRights({ members: {}, home: 'n', needs: copyNeeds(names) })
      .map(rightText)
      .filter((text) => text.includes('secrets'));
  expect(asked([])).toEqual([]);
  expect(asked(['a', 'b'])).toEqual([
    'get secrets a in n',
    'get secrets b in n',
    'create secrets in the whole cluster',
  ]);
});
