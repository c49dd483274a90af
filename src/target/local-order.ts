import { SquallError } from '../base/errors.ts';

type Groups = Readonly<Record<string, { sendsTo?: string }>>;

/** Members with the receivers of others first, so that each finds its next one listening. */
export function startOrder(groups: Groups): string[] {
  const order: string[] = [];
  for (const name of Object.keys(groups)) {
    for (const group of pathFrom(name, groups).toReversed()) if (!order.includes(group)) order.push(group);
  }
  return order;
}

/** Members that no other member sends to: the load connects to these. */
export function entryGroups(groups: Groups): string[] {
  const receivers = new Set(Object.values(groups).map((group) => group.sendsTo));
  return Object.keys(groups).filter((name) => !receivers.has(name));
}

/** The member and those behind it, up to the sink. Throws SQ-SCENARIO-INVALID for a circle or an unknown name. */
export function pathFrom(name: string, groups: Groups): string[] {
  const path: string[] = [];
  for (let at: string | undefined = name; at !== undefined; at = groups[at]?.sendsTo) {
    if (path.includes(at) || groups[at] === undefined) {
      throw new SquallError({
        code: 'SQ-SCENARIO-INVALID',
        what: path.includes(at)
          ? `the members send in a circle: ${[...path, at].join(' -> ')}`
          : `no member ${at}`,
        where: `target.local.members.${path.at(-1) ?? name}.sendsTo`,
        expected: `one of ${Object.keys(groups).join(', ')}, or nothing for the sink`,
        next: 'squall validate',
      });
    }
    path.push(at);
  }
  return path;
}

/** The longest chain from an entry to the sink. */
export function longestPath(groups: Groups): string[] {
  const paths = entryGroups(groups).map((name) => pathFrom(name, groups));
  return paths.reduce((longest, path) => (path.length > longest.length ? path : longest), []);
}
