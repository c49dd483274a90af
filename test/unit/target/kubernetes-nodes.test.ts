import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { rightsOf } from '../../../src/fault/rights.ts';
import { faults } from '../../../src/registry.ts';
import { itemsOnPage } from '../../../src/target/collector-page.ts';
import { budgetRefusal } from '../../../src/target/kubernetes-evict.ts';
import { drainedPod, ownPathOn } from '../../../src/target/kubernetes-node-pods.ts';
import { neededRights } from '../../../src/target/kubernetes-rights.ts';
import { isRolledOut, whyNoRollout } from '../../../src/target/kubernetes-rollout.ts';
import { root } from '../../fixtures/squall.ts';

function pod(more: { metadata?: object; spec?: object; status?: object; owner?: string } = {}): V1Pod {
  const { owner = 'ReplicaSet' } = more;
  const ownerReferences = [{ apiVersion: 'v1', kind: owner, name: 'o', uid: 'u', controller: true }];
  return {
    metadata: { namespace: 'otel', name: 'gateway-1', uid: '1', ownerReferences, ...more.metadata },
    spec: { containers: [], ...more.spec },
    status: { phase: 'Running', ...more.status },
  };
}

const drained = (one: V1Pod) => {
  const { stays, needs } = drainedPod(one, ['otel']);
  return stays ?? needs ?? 'evicted';
};

test.each<[string, V1Pod, string]>([
  ['a pod of a ReplicaSet', pod(), 'evicted'],
  ['of a DaemonSet', pod({ owner: 'DaemonSet' }), 'a DaemonSet has a pod on every node'],
  ['that has ended', pod({ status: { phase: 'Succeeded' } }), 'it has ended'],
  [
    'that the kubelet runs from a file',
    pod({ metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } }),
    'the kubelet runs it by itself',
  ],
  ['of the system', pod({ metadata: { namespace: 'kube-system' } }), 'it is of the system'],
  ['of squall', pod({ metadata: { labels: { 'squall.dev/program': 'sink' } } }), "it is squall's own"],
  [
    'of Prometheus',
    pod({ metadata: { labels: { 'app.kubernetes.io/name': 'prometheus' } } }),
    'it is Prometheus',
  ],
  ['of others', pod({ metadata: { namespace: 'shop' } }), 'it is in no namespace of the scenario'],
  ['that nobody makes again', pod({ metadata: { ownerReferences: [] } }), 'force'],
  ['with scratch space', pod({ spec: { volumes: [{ name: 't', emptyDir: {} }] } }), 'deleteEmptyDirData'],
])('what a drain does with a pod %s', (_, one, does) => {
  expect(drained(one)).toBe(does);
});

test('a node that carries squall’s own pods, squall itself or the API server is known by them', () => {
  const look = (pods: V1Pod[], labels: Record<string, string> = {}) =>
    ownPathOn({ node: { metadata: { labels } }, pods, addresses: ['10.0.0.7'] });
  expect(look([pod()])).toEqual([]);
  expect(look([], { 'node-role.kubernetes.io/control-plane': '' })).toEqual(['the API server']);
  expect(look([pod({ metadata: { labels: { component: 'kube-apiserver' } } })])).toEqual(['the API server']);
  expect(look([pod({ metadata: { name: 'l', labels: { 'squall.dev/program': 'load' } } })])).toEqual([
    "squall's own load (pod l)",
  ]);
  expect(look([pod({ status: { podIP: '10.0.0.7' } })])).toEqual(['squall itself (pod gateway-1)']);
  // Pods of the node's network have its address, as a runner beside them has.
  expect(look([pod({ status: { podIP: '10.0.0.7' }, spec: { hostNetwork: true } })])).toEqual([]);
});

test('an eviction that a budget refuses names it; a server that is busy is no budget', () => {
  const refusal = (code: number, causes: object[]) =>
    budgetRefusal({ code, body: JSON.stringify({ message: 'Cannot evict pod', details: { causes } }) });
  const message = 'The disruption budget gateway needs 2 healthy pods and has 2 currently';
  expect(refusal(429, [{ reason: 'DisruptionBudget', message }])).toEqual({
    budget: 'gateway',
    why: message,
  });
  expect(refusal(429, [])).toBeUndefined();
  expect(refusal(500, [{ reason: 'DisruptionBudget', message }])).toBeUndefined();
  expect(budgetRefusal({ code: 429, body: '<html>' })).toBeUndefined();
});

test('items on a collector’s page are those of all signals; the exporter that is furthest behind counts', () => {
  const page = `otelcol_process_uptime_seconds{} 4
otelcol_receiver_accepted_spans{receiver="otlp",transport="grpc"} 100
otelcol_receiver_accepted_spans_total{receiver="otlp",transport="http"} 20
otelcol_receiver_accepted_log_records{receiver="otlp"} 3
otelcol_receiver_refused_spans{receiver="otlp"} 9
otelcol_exporter_sent_spans__spans__total{exporter="otlp_grpc/a"} 70
otelcol_exporter_sent_log_records{exporter="otlp_grpc/a"} 3
otelcol_exporter_sent_spans{exporter="otlp_grpc/b"} 90
`;
  expect(itemsOnPage(page)).toEqual({ accepted: 123, sent: 73 });
  expect(itemsOnPage('otelcol_process_uptime_seconds 1\n')).toEqual({ accepted: 0, sent: 0 });
  expect(itemsOnPage('<html>404</html>')).toBeUndefined();
});

test('a rollout is complete when its controller has seen the template and every pod is of it', () => {
  const metadata = { generation: 3 };
  const status = { observedGeneration: 3, replicas: 3, updatedReplicas: 3, availableReplicas: 3 };
  const deployment = (more: object) =>
    isRolledOut({ metadata, spec: { replicas: 3 }, status: { ...status, ...more } });
  expect(deployment({})).toBe(true);
  expect(deployment({ observedGeneration: 2 })).toBe(false);
  expect(deployment({ replicas: 4 })).toBe(false);
  expect(deployment({ availableReplicas: 2 })).toBe(false);
  const daemon = { observedGeneration: 3, desiredNumberScheduled: 2, numberAvailable: 2 };
  const isDone = (updated: number) =>
    isRolledOut({ metadata, status: { ...daemon, updatedNumberScheduled: updated } });
  expect([isDone(1), isDone(2)]).toEqual([false, true]);
});

test.each([
  [{ paused: true }, /paused/],
  [{ updateStrategy: { type: 'OnDelete' } }, /OnDelete/],
  [{ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } }, /partition/],
])('a rollout that waits for somebody is none: %j', (spec, why) => {
  expect(whyNoRollout({ spec })).toMatch(why);
  expect(whyNoRollout({ spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } })).toBeUndefined();
});

test('k8s/squall/nodes.yaml is what faults on nodes take of the whole cluster; the rest is in role.yaml', () => {
  const kinds = ['node-cordon', 'node-drain'];
  const needs = kinds.flatMap((kind) => {
    const fault = faults[kind];
    const way = fault === undefined ? undefined : rightsOf(fault, {});
    return way === undefined ? [] : [{ rules: way.rules }];
  });
  const workload = { kind: 'deployment', name: 'w' } as const;
  const rights = neededRights({ members: { m: { namespace: 'n', workload } }, home: 'n', needs });
  const wide = rights.filter(({ namespace }) => namespace === undefined);
  const { rules } = parse(readFileSync(join(root, 'k8s/squall/nodes.yaml'), 'utf8')) as {
    rules: { resources: string[]; verbs: string[] }[];
  };
  const allowed = rules.flatMap(({ resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
  );
  expect(wide.map(({ verb, resource }) => `${verb} ${resource}`).toSorted()).toEqual(allowed.toSorted());
  const evictions = rights.filter(({ subresource }) => subresource === 'eviction');
  expect(evictions).toMatchObject([{ namespace: 'n', verb: 'create' }]);
});
