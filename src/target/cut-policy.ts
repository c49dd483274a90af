import type {
  V1LabelSelector,
  V1NetworkPolicy,
  V1NetworkPolicyPeer,
  V1NetworkPolicyPort,
  V1NetworkPolicySpec,
} from '@kubernetes/client-node';
import type { LinkEnd, PodSelection } from './agent-flows.ts';

const lastPort = 65_535;
/** The API server writes it on every namespace. */
const namespaceName = 'kubernetes.io/metadata.name';

/**
 * A policy that lets its pods do everything but what goes over the link. A policy can only allow, so all the rest is
 * allowed, at the end which decides about the link's connections: who opens them has its egress cut, who is connected to
 * its ingress. Addresses and pods are both named, as some networks know their own pods by label alone.
 */
export function cutPolicy(
  end: LinkEnd,
  of: { label: Record<string, string>; ipv6: boolean },
): V1NetworkPolicySpec {
  const podSelector = { matchLabels: of.label };
  const ports = portsBut(end.ports);
  const peers = peersAt(end);
  // Each is a rule: the link's peers on other ports, and everyone else on all.
  const allowed: { peers?: V1NetworkPolicyPeer[]; ports?: V1NetworkPolicyPort[] }[] =
    peers.length === 0 ? [{ ports }] : [{ peers, ports }, { peers: peersBut(end, of) }];
  const worded = (word: 'to' | '_from') =>
    allowed.map(({ peers: own, ...rest }) => ({ ...rest, ...(own === undefined ? {} : { [word]: own }) }));
  return end.role === 'client'
    ? { podSelector, policyTypes: ['Egress'], egress: worded('to') }
    : // The client library's word for `from`.
      { podSelector, policyTypes: ['Ingress'], ingress: worded('_from') };
}

function portsBut(cut: readonly number[]): V1NetworkPolicyPort[] {
  const edges = [0, ...[...new Set(cut)].toSorted((a, b) => a - b), lastPort + 1];
  const gaps = edges.slice(1).map((edge, index) => [(edges[index] ?? 0) + 1, edge - 1] as const);
  const tcp = gaps
    .filter(([from, to]) => from <= to)
    .map(([port, endPort]) => ({ protocol: 'TCP', port, endPort }));
  return [{ protocol: 'UDP' }, ...tcp];
}

function peersAt({ addresses, pods }: LinkEnd): V1NetworkPolicyPeer[] {
  const blocks = addresses.map((address) => ({ ipBlock: { cidr: `${address}/32` } }));
  return [...blocks, ...(pods === undefined ? [] : [selecting(pods)])];
}

/** Everyone else; pods by what their labels are not, each way of not being selected a peer of its own. */
function peersBut({ addresses, pods }: LinkEnd, { ipv6 }: { ipv6: boolean }): V1NetworkPolicyPeer[] {
  const except = addresses.map((address) => `${address}/32`);
  return [
    { ipBlock: { cidr: '0.0.0.0/0', ...(except.length === 0 ? {} : { except }) } },
    ...(ipv6 ? [{ ipBlock: { cidr: '::/0' } }] : []),
    ...(pods === undefined ? [{ namespaceSelector: {} }] : podsBut(pods)),
  ];
}

function selecting({ namespace, selector }: PodSelection): V1NetworkPolicyPeer {
  return { namespaceSelector: { matchLabels: { [namespaceName]: namespace } }, podSelector: selector };
}

const opposites = { In: 'NotIn', NotIn: 'In', Exists: 'DoesNotExist', DoesNotExist: 'Exists' } as const;

function podsBut({ namespace, selector }: PodSelection): V1NetworkPolicyPeer[] {
  const elsewhere = { key: namespaceName, operator: 'NotIn', values: [namespace] };
  const asked = [
    ...Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
      key,
      operator: 'In',
      values: [value],
    })),
    ...(selector.matchExpressions ?? []),
  ];
  return [
    { namespaceSelector: { matchExpressions: [elsewhere] } },
    ...asked.map((one) => {
      const operator = opposites[one.operator as keyof typeof opposites];
      return selecting({ namespace, selector: { matchExpressions: [{ ...one, operator }] } });
    }),
  ];
}

/** Why a policy would not cut this link, or undefined. `policies`: those of the pod's namespace. */
export function policyRefusal(options: {
  pod: string;
  labels: Readonly<Record<string, string>>;
  end: LinkEnd;
  direction: 'to' | 'from' | 'both';
  policies: readonly V1NetworkPolicy[];
}): string | undefined {
  const { pod, labels, end, direction, policies } = options;
  const [type, own] = end.role === 'client' ? (['Egress', 'to'] as const) : (['Ingress', 'from'] as const);
  if (direction !== 'both' && direction !== own)
    return `a NetworkPolicy decides about connections, not answers: the direction must be both or ${own}, not ${direction}`;
  const holder = policies.find(({ spec }) => {
    const types = spec?.policyTypes ?? ['Ingress', ...(spec?.egress === undefined ? [] : ['Egress'])];
    return types.includes(type) && isSelected(labels, spec?.podSelector ?? {});
  });
  if (holder === undefined) return undefined;
  const name = holder.metadata?.name ?? '';
  return `the NetworkPolicy ${name} decides about the ${type.toLowerCase()} of ${pod} already, and a further one can only allow more`;
}

function isSelected(
  labels: Readonly<Record<string, string>>,
  { matchLabels, matchExpressions }: V1LabelSelector,
): boolean {
  const equal = Object.entries(matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return (
    equal &&
    (matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels[key];
      const among = value !== undefined && values.includes(value);
      switch (operator) {
        case 'In':
          return among;
        case 'NotIn':
          return !among;
        case 'Exists':
          return value !== undefined;
        default:
          return value === undefined;
      }
    })
  );
}
