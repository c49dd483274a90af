import { type Signal, signals } from '../base/signal.ts';
import { type Facts, inScope, type Scope } from './facts.ts';

/** Why what arrived at the sink, or did not, says nothing about the items in scope; undefined when it does. */
export function whySinkIsBlind(facts: Facts, scope: Scope): string | undefined {
  if (facts.record.sink === 'none') return 'the run has no sink: what was delivered is not known';
  const unknown = scopeSignals(facts, scope).flatMap((signal) => facts.ledger.unknown?.[signal] ?? []);
  if (unknown.length > 0) return [...new Set(unknown)].join('; ');
  const altered = alteredCanaries(facts, scope);
  return altered.length > 0 ? `the pipeline alters items (${altered.join(', ')})` : undefined;
}

/** Components that thin a pipeline out on purpose where the scenario does not say by how much. */
export function lossyWithoutExpect(facts: Facts, scope: Scope): string[] {
  if (scopeSignals(facts, scope).every((signal) => facts.expect[signal] !== undefined)) return [];
  return [...new Set(facts.record.members.flatMap((member) => member.lossyComponents))];
}

export function alteredCanaries(facts: Facts, scope: Scope): string[] {
  const wanted = scopeSignals(facts, scope);
  const canaries = facts.record.canaries.filter(({ signal }) => wanted.includes(signal));
  return [...new Set(canaries.flatMap(({ altered }) => altered))];
}

export function scopeSignals(facts: Facts, scope: Scope): Signal[] {
  const entries = facts.record.plan.entries.filter((entry) => inScope(entry, scope));
  return signals.filter((signal) => entries.some(({ spec }) => spec.signal === signal));
}
