import { systemNamespaces } from '../base/kubernetes.ts';
import { checkBackends } from './check-backends.ts';
import type { Draft } from './draft.ts';
import { wrongWord } from './issues.ts';
import type { Mistake, Path } from './mistakes.ts';
import type { KubernetesMemberSpec, TargetSpec } from './types.ts';

type KubernetesSpec = TargetSpec & { kind: 'kubernetes' };

/** Places, ways in, and ports of a cluster's scenario; what only the cluster knows is looked at before a run. */
export function checkKubernetes(target: KubernetesSpec, draft: Draft): Mistake[] {
  const base: Path = ['target', 'kubernetes'];
  const members = Object.entries(target.members);
  const mistakes: Mistake[] = target.namespaces
    .filter((name) => systemNamespaces.includes(name))
    .map((found) => ({
      path: [...base, 'namespaces'],
      what: 'a system namespace is never struck',
      expected: 'a namespace of your own',
      found,
      next: `remove ${found}`,
    }));
  for (const [name, { namespace }] of members) {
    if (target.namespaces.includes(namespace)) continue;
    const what = `${name} is in a namespace that is not among namespaces`;
    const words = target.namespaces;
    mistakes.push(wrongWord([...base, 'members', name, 'namespace'], { what, word: namespace, words }));
  }
  if (members.length > 0 && members.every(([, { otlp }]) => otlp === undefined)) {
    mistakes.push({
      path: [...base, 'members'],
      at: 'key',
      what: 'no member takes the load',
      expected: 'otlp: service/NAME, or an address, on one of them',
      next: `add otlp to ${members[0]?.[0]}`,
    });
  }
  return [
    ...mistakes,
    ...checkBackends(base, target),
    ...members.flatMap((member) => checkEntry(base, member, draft)),
    ...checkSink(base, target),
    ...checkLoad(base, target),
  ];
}

/** An address that lacks what a load entry speaks. */
function checkEntry(base: Path, [name, { otlp }]: [string, KubernetesMemberSpec], draft: Draft): Mistake[] {
  if (otlp === undefined || 'service' in otlp) return [];
  return draft.load.flatMap(({ name: load, path, spec }): Mistake[] => {
    const key = spec?.protocol === 'grpc' ? 'grpc' : 'http';
    if (spec === undefined || otlp[key] !== undefined) return [];
    return [
      {
        path: [...path, 'protocol'],
        what: `${load} speaks ${spec.protocol} and ${name} has no ${key} address`,
        found: spec.protocol,
        next: `add ${key} to ${[...base, 'members', name, 'otlp'].join('.')}`,
      },
    ];
  });
}

/**
 * Pods must find the sink where their configuration says: a port that squall picks anew in each run is no use. In the
 * cluster it is a Service, and nothing of this machine is said.
 */
function checkSink(base: Path, { sink }: KubernetesSpec): Mistake[] {
  if (sink === 'none') return [];
  const picked = [sink.grpc, sink.http].every((address) => address.endsWith(':0'));
  if (sink.cluster !== undefined) {
    if (picked && sink.tls === undefined && sink.advertise === undefined) return [];
    return [
      {
        path: [...base, 'sink'],
        at: 'key',
        what: 'the sink is a pod and has an address or files of this machine',
        expected: 'in: cluster, and service if it is not squall-sink',
        found: 'in: cluster beside them',
        next: 'remove grpc, http, advertise and tls',
      },
    ];
  }
  if (!picked) return [];
  return [
    {
      path: [...base, 'sink'],
      at: 'key',
      what: 'the pods export to a fixed address and the sink has none',
      expected: 'in: cluster, or grpc: HOST:PORT or http: HOST:PORT that pods reach',
      next: 'add grpc: 0.0.0.0:24317, and export to it from the cluster (squall sink --print-config)',
    },
  ];
}

/** Pods of the load have none of this machine's files. */
function checkLoad(base: Path, { load, members }: KubernetesSpec): Mistake[] {
  if (load === undefined) return [];
  return Object.entries(members).flatMap(([name, { otlp }]): Mistake[] => {
    if (otlp === undefined || 'service' in otlp) return [];
    if (otlp.bearerTokenFile === undefined && otlp.tls === undefined) return [];
    return [
      {
        path: [...base, 'members', name, 'otlp'],
        at: 'key',
        what: 'the load is sent by pods, which have no files of this machine',
        expected: 'otlp without bearerTokenFile and tls',
        next: 'remove load.in, or send to a Service inside the cluster',
      },
    ];
  });
}
