import type { V1NetworkPolicy, V1NetworkPolicyPeer, V1NetworkPolicySpec } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import type { LinkEnd } from '../../../src/target/agent-flows.ts';
import { cutPolicy, policyRefusal } from '../../../src/target/cut-policy.ts';

const label = { 'squall.dev/cut': 'squall-cut-1' };
const sinkPods = { namespace: 'otel', selector: { matchLabels: { app: 'sink', tier: 'back' } } };
const toSink: LinkEnd = {
  role: 'client',
  ports: [4318, 4317],
  addresses: ['10.96.0.7', '10.244.1.9'],
  pods: sinkPods,
};
const fromLoad: LinkEnd = { role: 'server', ports: [4317, 4318], addresses: [] };

test('only the pods with the label are selected, and only the end that decides about the link', () => {
  const out = cutPolicy(toSink, { label, ipv6: false });
  expect(out).toMatchObject({ podSelector: { matchLabels: label }, policyTypes: ['Egress'] });
  expect(out.ingress).toBeUndefined();
  const into = cutPolicy(fromLoad, { label, ipv6: false });
  expect(into).toMatchObject({ policyTypes: ['Ingress'], ingress: [{ ports: expect.anything() }] });
  expect(into.egress).toBeUndefined();
});

/** As an enforcer of policies reads one: whether a TCP connection may be opened. Pods are named by their labels. */
function allows(
  { egress, ingress }: V1NetworkPolicySpec,
  to: { address?: string; port: number; pod?: { namespace: string; labels: Record<string, string> } },
): boolean {
  const rules = [
    ...(egress ?? []).map(({ to: peers, ports }) => ({ peers, ports })),
    ...(ingress ?? []).map(({ _from: peers, ports }) => ({ peers, ports })),
  ];
  const has = (labels: Record<string, string>, key: string, operator: string, values: string[] = []) => {
    const value = labels[key];
    const among = value !== undefined && values.includes(value);
    return { In: among, NotIn: !among, Exists: value !== undefined }[operator] ?? value === undefined;
  };
  const selects = (
    labels: Record<string, string>,
    selector: NonNullable<V1NetworkPolicyPeer['podSelector']>,
  ) =>
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
    (selector.matchExpressions ?? []).every((one) => has(labels, one.key, one.operator, one.values));
  const isPeer = ({ ipBlock, namespaceSelector, podSelector }: V1NetworkPolicyPeer) => {
    if (ipBlock !== undefined) {
      if (to.address === undefined) return false;
      const all = ipBlock.cidr === '0.0.0.0/0' || ipBlock.cidr === `${to.address}/32`;
      return all && !(ipBlock.except ?? []).includes(`${to.address}/32`);
    }
    if (to.pod === undefined) return false;
    const { namespace, labels } = to.pod;
    return (
      selects({ 'kubernetes.io/metadata.name': namespace }, namespaceSelector ?? {}) &&
      selects(labels, podSelector ?? {})
    );
  };
  return rules.some(
    ({ peers, ports }) =>
      (peers === undefined || peers.some(isPeer)) &&
      (ports === undefined ||
        ports.some(
          ({ protocol, port, endPort }) =>
            protocol === 'TCP' && Number(port) <= to.port && to.port <= Number(endPort),
        )),
  );
}

const sink = { namespace: 'otel', labels: { app: 'sink', tier: 'back', 'squall.dev/run': 'r' } };
const half = { namespace: 'otel', labels: { app: 'sink', tier: 'front' } };
const twin = { namespace: 'other', labels: sink.labels };

test('a link to a peer is cut at its ports alone, whether the network knows pods by address or by label', () => {
  const policy = cutPolicy(toSink, { label, ipv6: false });
  for (const port of [4317, 4318]) {
    for (const address of toSink.addresses) expect(allows(policy, { address, port }), address).toBe(false);
    expect(allows(policy, { pod: sink, port })).toBe(false);
    expect(allows(policy, { address: '10.244.1.9', pod: sink, port })).toBe(false);
    expect(allows(policy, { address: '10.244.1.8', port })).toBe(true);
    expect(allows(policy, { pod: half, port })).toBe(true);
    expect(allows(policy, { pod: twin, port })).toBe(true);
  }
  for (const port of [1, 53, 4316, 4319, 65_535]) {
    expect(allows(policy, { address: '10.244.1.9', port }), String(port)).toBe(true);
    expect(allows(policy, { pod: sink, port }), String(port)).toBe(true);
  }
});

test('whoever sends the load is kept from the ports of OTLP, and from nothing else', () => {
  const policy = cutPolicy(fromLoad, { label, ipv6: false });
  const anyone = [{ address: '10.0.0.1' }, { pod: half }];
  for (const who of anyone) {
    for (const port of [4317, 4318]) expect(allows(policy, { ...who, port })).toBe(false);
    for (const port of [4316, 8888, 13_133]) expect(allows(policy, { ...who, port })).toBe(true);
  }
  const ranges = policy.ingress?.flatMap(({ ports = [] }) => ports) ?? [];
  expect(ranges).toContainEqual({ protocol: 'UDP' });
  // The API server takes no range that ends before it begins, as between two neighbours.
  for (const { port = 0, endPort = 0 } of ranges) expect(endPort).toBeGreaterThanOrEqual(Number(port));
});

test('a peer outside of the cluster is cut by its address; IPv6 stays open where a pod has it', () => {
  const outside: LinkEnd = { role: 'client', ports: [443], addresses: ['192.0.2.1'] };
  const policy = cutPolicy(outside, { label, ipv6: true });
  expect(allows(policy, { address: '192.0.2.1', port: 443 })).toBe(false);
  expect(allows(policy, { address: '192.0.2.2', port: 443 })).toBe(true);
  expect(allows(policy, { pod: sink, port: 443 })).toBe(true);
  const blocks = policy.egress?.flatMap(({ to = [] }) => to.map(({ ipBlock }) => ipBlock?.cidr));
  expect(blocks).toContain('::/0');
  expect(JSON.stringify(cutPolicy(outside, { label, ipv6: false }))).not.toContain('::');
});

test('what a policy cannot do is said: one direction of answers, and a pod that another policy decides about', () => {
  const own = { pod: 'gateway-1', labels: { app: 'gateway' }, end: toSink, policies: [] };
  expect(policyRefusal({ ...own, direction: 'both' })).toBeUndefined();
  expect(policyRefusal({ ...own, direction: 'to' })).toBeUndefined();
  expect(policyRefusal({ ...own, direction: 'from' })).toBe(
    'a NetworkPolicy decides about connections, not answers: the direction must be both or to, not from',
  );
  expect(policyRefusal({ ...own, end: fromLoad, direction: 'to' })).toContain('both or from, not to');
  const policy = (spec: V1NetworkPolicySpec): V1NetworkPolicy => ({ metadata: { name: 'theirs' }, spec });
  const against = (spec: V1NetworkPolicySpec, end = toSink) =>
    policyRefusal({ ...own, end, direction: 'both', policies: [policy(spec)] });
  const gateways = { matchLabels: { app: 'gateway' } };
  expect(against({ podSelector: gateways, policyTypes: ['Egress'] })).toBe(
    'the NetworkPolicy theirs decides about the egress of gateway-1 already, and a further one can only allow more',
  );
  expect(against({ podSelector: {}, egress: [{}] })).toContain('already');
  expect(against({ podSelector: gateways, policyTypes: ['Ingress'] })).toBeUndefined();
  expect(against({ podSelector: gateways }, fromLoad)).toContain('the ingress of gateway-1');
  const others = [
    { key: 'app', operator: 'NotIn', values: ['gateway'] },
    { key: 'app', operator: 'In', values: ['sink'] },
    { key: 'app', operator: 'DoesNotExist' },
    { key: 'tier', operator: 'Exists' },
  ];
  for (const one of others)
    expect(
      against({ podSelector: { matchExpressions: [one] }, policyTypes: ['Egress'] }),
      one.operator,
    ).toBeUndefined();
});
