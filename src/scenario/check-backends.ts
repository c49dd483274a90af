import type { Draft } from './draft.ts';
import { wrongWord } from './issues.ts';
import type { BackendSpec, KubernetesTarget } from './kubernetes-spec.ts';
import type { Mistake, Path } from './mistakes.ts';
import { backendsOf, type FaultSpec } from './types.ts';

/** Names and places of backends: beside the members, in the namespaces where squall may act. */
export function checkBackends(base: Path, target: KubernetesTarget): Mistake[] {
  return Object.entries(target.backends ?? {}).flatMap(([name, { namespace }]): Mistake[] => {
    const path = [...base, 'backends', name];
    const taken: Mistake[] =
      name in target.members || name === 'sink'
        ? [{ path, at: 'key', what: 'the name is taken', found: name, next: 'choose another name' }]
        : [];
    if (target.namespaces.includes(namespace)) return taken;
    const what = `${name} is in a namespace that is not among namespaces`;
    const words = target.namespaces;
    return [...taken, wrongWord([...path, 'namespace'], { what, word: namespace, words })];
  });
}

/** An outage of a real backend: of one that the target has, with what its way needs. */
export function checkBackendFault(draft: Draft, path: Path, spec: FaultSpec): Mistake[] {
  const { target } = draft;
  if (target === undefined) return [];
  const backends = backendsOf(target);
  const names = Object.keys(backends);
  if (names.length === 0)
    return [
      {
        code: 'SQ-FAULT-UNSUPPORTED',
        path: [...path, 'action'],
        what: `${spec.params.action} takes a real backend away, and the target has none`,
        expected: 'target.kubernetes.backends: {NAME: {workload: deployment/NAME}}',
        found: `target ${target.kind}`,
        next: "add backends, or use an action of squall's own sink, such as refuse",
      },
    ];
  const member = spec.selector.member ?? (names.length === 1 ? names[0] : undefined);
  if (member === undefined)
    return [
      {
        path: [...path, 'selector'],
        at: 'key',
        what: 'the target has several backends and the fault does not say which',
        expected: `selector: {member: one of ${names.join(', ')}}`,
        next: `add selector: {member: ${names[0]}}`,
      },
    ];
  const backend = backends[member];
  if (backend === undefined) {
    const what = 'the selector names a backend that is not there';
    return [wrongWord([...path, 'selector', 'member'], { what, word: member, words: names })];
  }
  return spec.params.action === 'selector' ? checkSelectorWay(path, member, backend) : [];
}

function checkSelectorWay(path: Path, name: string, backend: BackendSpec): Mistake[] {
  return (['service', 'exporter'] as const)
    .filter((key) => backend[key] === undefined)
    .map((key) => ({
      path: [...path, 'action'],
      what: `action selector needs the ${key} of the backend ${name}`,
      expected:
        key === 'service' ? 'the Service that is pointed at nothing' : 'the exporter that is seen to stop',
      next: `add ${key} to target.kubernetes.backends.${name}, or use action: scale`,
    }));
}
