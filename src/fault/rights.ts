import { table } from '../base/table.ts';
import type { FaultSpec } from '../scenario/types.ts';
import type { FaultRights, Need, RightsClass } from '../target/kubernetes-rights.ts';
import type { Fault } from './fault.ts';

const classes: Record<RightsClass, string> = {
  role: '(a) a Role in the namespace',
  nodes: '(b) verbs on nodes',
  agent: "(c) squall's agent on the nodes",
};

/** The way in which a fault of the plan is done in a cluster. A parameter that is not written has its default here. */
export function rightsOf(fault: Fault, params: Readonly<Record<string, unknown>>): FaultRights | undefined {
  return fault.rights?.find(({ when = {} }) =>
    Object.entries(when).every(([key, value]) => String(params[key]) === value),
  );
}

/** What the faults of a plan need of the account that runs them. */
export function needsOf(specs: readonly FaultSpec[], faults: Record<string, Fault>): Need[] {
  return specs.flatMap(({ kind, params, selector: { member } }) => {
    const fault = faults[kind];
    const rules = fault === undefined ? undefined : rightsOf(fault, params)?.rules;
    if (rules === undefined) return [];
    // A node carries pods of any member.
    const ofMember = member !== undefined && fault?.needs.power !== 'node';
    return [{ rules, ...(ofMember ? { member } : {}) }];
  });
}

/** Those that change objects which are not squall's own, so that somebody must put them back. */
export function changingSpecs(specs: readonly FaultSpec[], faults: Record<string, Fault>): FaultSpec[] {
  return specs.filter(({ kind, params }) => {
    const fault = faults[kind];
    const way = fault === undefined || fault.oneShot ? undefined : rightsOf(fault, params);
    return way?.class !== 'agent' && way?.rules.some(({ verbs }) => verbs.includes('patch')) === true;
  });
}

/** What each fault of a plan takes, a line each. */
export function rightsOfPlan(specs: readonly FaultSpec[], faults: Record<string, Fault>): string[] {
  const rows = specs.flatMap(({ name, kind, params }) => {
    const fault = faults[kind];
    const way = fault === undefined ? undefined : rightsOf(fault, params);
    return way === undefined ? [] : [[name, ...cellsOf(kind, way)]];
  });
  return rows.length === 0 ? [] : table(rows).split('\n');
}

/** Every way of every fault that a cluster can have, sorted by what it takes: cells of one table. */
export function rightsTable(faults: Record<string, Fault>): string {
  const order = Object.keys(classes);
  const ways = Object.values(faults).flatMap((fault) =>
    (fault.rights ?? []).map((way) => ({ kind: fault.kind, way })),
  );
  const sorted = ways.toSorted((a, b) => order.indexOf(a.way.class) - order.indexOf(b.way.class));
  return table(sorted.map(({ kind, way }) => cellsOf(kind, way)));
}

function cellsOf(kind: string, way: FaultRights): string[] {
  return [[kind, whenText(way)].filter((text) => text !== '').join(', '), classes[way.class], rulesText(way)];
}

export function whenText({ when = {} }: FaultRights): string {
  return Object.entries(when)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ');
}

function rulesText({ rules }: FaultRights): string {
  if (rules.length === 0) return 'nothing more than a run without faults';
  return rules
    .map(
      ({ group, resource, verbs }) =>
        `${verbs.join(' ')} ${group === '' ? resource : `${resource}.${group}`}`,
    )
    .join('; ');
}
