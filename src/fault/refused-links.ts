import { type ErrorParts, SquallError } from '../base/errors.ts';
import type { Plan } from '../plan/types.ts';
import type { Target } from '../target/target.ts';
import { chooseMembers } from './choice.ts';
import type { Fault } from './fault.ts';

/** Who cannot be asked now is asked again when it strikes. */
const notKnown = () => undefined;

/**
 * Whether a link can be acted on is known once the target is up, and no load changes it: a node without netem, a
 * direction that an agent cannot slow, a pod that another policy decides about. Throws SQ-PRECONDITION, before the
 * first item, with every such fault that none of its members can have.
 */
export async function mustHaveLinks(
  { faults, seed }: Pick<Plan, 'faults' | 'seed'>,
  kinds: Readonly<Record<string, Fault>>,
  target: Target,
): Promise<void> {
  const asked = await Promise.all(
    faults.map(async (planned): Promise<ErrorParts[]> => {
      const { name, kind, params } = planned.spec;
      const fault = kinds[kind];
      if (fault?.needs.power !== 'link') return [];
      const members = await chooseMembers(fault, planned, { target, seed });
      const reasons = await Promise.all(
        members.map((one) => fault.precondition(one, params).catch(notKnown)),
      );
      const [reason] = reasons;
      if (reason === undefined || reasons.includes(undefined)) return [];
      return [
        {
          code: 'SQ-PRECONDITION',
          what: `fault ${name} (${kind}) cannot be done: ${reason}`,
          where: `faults.${name}`,
          next: `squall explain fault ${kind}`,
        },
      ];
    }),
  );
  const [first, ...others] = asked.flat();
  if (first !== undefined) throw new SquallError(first, { others });
}
