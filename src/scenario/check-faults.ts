import { formatDuration } from '../base/units.ts';
import type { Fault } from '../fault/fault.ts';
import { checkBackendFault } from './check-backends.ts';
import { checkName } from './check-load.ts';
import { type Draft, entryEndMs } from './draft.ts';
import { wrongWord } from './issues.ts';
import { platformOf } from './kind-spec.ts';
import type { Mistake, Path } from './mistakes.ts';
import { type CollectorSpec, collectorsOf, type FaultSpec } from './types.ts';

/** What parsing could not see: names, the target's abilities, members, times against the load. */
export function checkFaults(draft: Draft, faults: Record<string, Fault>): Mistake[] {
  const seen = new Set<string>();
  return draft.faults.flatMap(({ name, path, spec, kind }) => {
    const mistakes: Mistake[] = [];
    const at = [...path, 'name'];
    if (name !== undefined) {
      mistakes.push(...checkName(name, at));
      const taken = seen.has(name) || draft.load.some((entry) => entry.name === name);
      if (taken)
        mistakes.push({ path: at, what: 'the name is taken', found: name, next: 'choose another name' });
      seen.add(name);
    }
    const fault = kind === undefined ? undefined : faults[kind];
    if (fault !== undefined) mistakes.push(...checkAbility(draft, { path, fault, spec }));
    if (spec !== undefined)
      mistakes.push(...checkMember(draft, { path, spec, fault }), ...checkTime(draft, path, spec));
    return mistakes;
  });
}

function checkAbility(
  draft: Draft,
  one: { path: Path; fault: Fault; spec: FaultSpec | undefined },
): Mistake[] {
  const { target } = draft;
  const { fault, path, spec } = one;
  if (target === undefined) return [];
  const able = fault.needs.targets.includes(platformOf(target.kind));
  const { acts = fault.needs.power } = spec ?? {};
  const sinkless = acts === 'sink' && target.sink === 'none';
  if (able && !sinkless) return [...checkVia(target.kind, one), ...checkAgent(draft, one)];
  return [
    {
      code: 'SQ-FAULT-UNSUPPORTED',
      path: [...path, 'kind'],
      what: sinkless
        ? `${fault.kind} acts on squall's sink and there is none`
        : `${target.kind} cannot do ${fault.kind}`,
      expected: sinkless
        ? 'a target with a sink'
        : `a kind that ${target.kind} can do: ${draft.able.join(', ')}`,
      found: fault.kind,
      next: sinkless
        ? 'remove sink: none, or the fault'
        : `use another kind, or one of the targets ${fault.needs.targets.join(', ')}`,
    },
  ];
}

/** Who does it is a question only in a cluster. */
function checkVia(
  targetKind: string,
  { fault, path, spec }: { path: Path; fault: Fault; spec: FaultSpec | undefined },
): Mistake[] {
  const via = spec?.params.via;
  if (typeof via !== 'string' || via === 'agent' || platformOf(targetKind) === 'kubernetes') return [];
  return [
    {
      code: 'SQ-FAULT-UNSUPPORTED',
      path: [...path, 'via'],
      what: `${targetKind} does ${fault.kind} by itself, not by way of others`,
      expected: 'no via, or target kubernetes or kind',
      found: via,
      next: 'remove via',
    },
  ];
}

/** What only an agent on the node can do needs the scenario's leave to put one there. */
function checkAgent(
  { target }: Draft,
  { fault, path, spec }: { path: Path; fault: Fault; spec: FaultSpec | undefined },
): Mistake[] {
  if (target === undefined || !['kubernetes', 'kind'].includes(target.kind)) return [];
  const way = fault.rights?.find(({ when = {} }) =>
    Object.entries(when).every(([key, value]) => String(spec?.params[key]) === value),
  );
  if (way?.class !== 'agent' || (target.kind === 'kubernetes' && target.agent === 'deploy')) return [];
  const others = fault.rights?.flatMap(({ when }) => (when?.via === undefined ? [] : [when.via])) ?? [];
  const vias = others.filter((via) => via !== 'agent').map((via) => `via: ${via}`);
  return [
    {
      code: 'SQ-FAULT-UNSUPPORTED',
      path: [...path, 'kind'],
      what: `${fault.kind} is done by squall's agent on the node, and none is deployed`,
      expected: 'agent: deploy in target.kubernetes, and the rights that squall plan lists',
      found: target.kind === 'kubernetes' ? 'agent: none' : `target ${target.kind}`,
      next: `add agent: deploy, or use ${vias.join(' or ') || 'a fault that needs no agent'}`,
    },
  ];
}

function checkMember(
  draft: Draft,
  one: { path: Path; spec: FaultSpec; fault: Fault | undefined },
): Mistake[] {
  const { path, spec, fault } = one;
  const { selector } = spec;
  const mistakes: Mistake[] = [];
  const needsValue = ['fixed', 'fixed-percent', 'random-max-percent'].includes(selector.mode);
  if (needsValue && selector.value === undefined) {
    const next = 'add value';
    mistakes.push({ path: [...path, 'selector', 'mode'], what: `mode ${selector.mode} needs a value`, next });
  }
  if (selector.mode.endsWith('percent') && (selector.value ?? 0) > 100) {
    const found = String(selector.value);
    const next = 'write a share from 0 to 100';
    mistakes.push({
      path: [...path, 'selector', 'value'],
      what: 'the value is a per cent',
      expected: '0 to 100',
      found,
      next,
    });
  }
  if (spec.acts === 'backend') return [...mistakes, ...checkBackendFault(draft, path, spec)];
  const members = draft.target === undefined ? {} : collectorsOf(draft.target);
  const names = Object.keys(members);
  if (names.length === 0 || fault?.needs.power === 'sink') return mistakes;
  if (selector.member !== undefined && !names.includes(selector.member)) {
    const what = 'the selector names a member that is not there';
    mistakes.push(wrongWord([...path, 'selector', 'member'], { what, word: selector.member, words: names }));
  }
  if (selector.member === undefined && names.length > 1) {
    mistakes.push({
      path: [...path, 'selector'],
      at: 'key',
      what: 'the target has several members and the fault does not say which',
      expected: `selector: {member: one of ${names.join(', ')}}`,
      next: `add selector: {member: ${names[0]}}`,
    });
  }
  return [...mistakes, ...checkPeer(path, spec, members)];
}

/** A link leads to what the member sends to, and to what sends to it. */
function checkPeer(path: Path, spec: FaultSpec, members: Record<string, CollectorSpec>): Mistake[] {
  const { peer } = spec.params;
  const member = spec.selector.member ?? Object.keys(members)[0];
  const own = member === undefined ? undefined : members[member];
  if (spec.acts !== 'link' || typeof peer !== 'string' || own === undefined) return [];
  const senders = Object.keys(members).filter((name) => members[name]?.sendsTo === member);
  const peers = [...(senders.length === 0 ? ['load'] : senders), own.sendsTo ?? 'sink'];
  if (peers.includes(peer)) return [];
  return [
    wrongWord([...path, 'peer'], { what: `${member} has no link to ${peer}`, word: peer, words: peers }),
  ];
}

function checkTime(draft: Draft, path: Path, spec: FaultSpec): Mistake[] {
  // Of a drill as a whole the load is measured against.
  if (draft.drill !== undefined) return [];
  const ends = draft.load.map((entry) => (entry.spec === undefined ? undefined : entryEndMs(entry.spec)));
  if (ends.length === 0 || ends.includes(undefined)) return [];
  const endMs = Math.max(...ends.filter((end) => end !== undefined));
  if (spec.atMs < endMs) return [];
  return [
    {
      path: [...path, 'at'],
      what: `${spec.name} would strike after the load`,
      expected: `less than ${formatDuration(endMs)}, the end of the load`,
      found: formatDuration(spec.atMs),
      next: 'strike earlier or lengthen the load',
    },
  ];
}
