import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { flowsOf } from '../../../src/target/agent-flows.ts';
import { agentRules } from '../../../src/target/agent-manifests.ts';
import { root } from '../../fixtures/squall.ts';

test('k8s/squall/agents.yaml is what putting agents on the nodes takes, and nothing more', () => {
  const { rules } = parse(readFileSync(join(root, 'k8s/squall/agents.yaml'), 'utf8')) as {
    rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
  };
  const allowed = rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource} ${group}`)),
    ),
  );
  const needed = agentRules.flatMap(({ group, resource, verbs }) =>
    verbs.map((verb) => `${verb} ${resource} ${group}`),
  );
  expect(allowed.toSorted()).toEqual(needed.toSorted());
});

const sink = { role: 'client', ports: [24317], addresses: ['10.0.0.1', '10.0.0.2'] } as const;
const load = { role: 'server', ports: [4317, 4318], addresses: [] } as const;

test.each([
  [sink, 'to', ['OUTPUT destination 24317 10.0.0.1', 'OUTPUT destination 24317 10.0.0.2']],
  [sink, 'from', ['INPUT source 24317 10.0.0.1', 'INPUT source 24317 10.0.0.2']],
  [load, 'from', ['INPUT destination 4317 anyone', 'INPUT destination 4318 anyone']],
  [
    load,
    'both',
    [
      'OUTPUT source 4317 anyone',
      'OUTPUT source 4318 anyone',
      'INPUT destination 4317 anyone',
      'INPUT destination 4318 anyone',
    ],
  ],
] as const)('of a link %o in direction %s these packets are meant', (end, direction, expected) => {
  const found = flowsOf(end, direction).map(
    ({ chain, portOf, port, address = 'anyone' }) => `${chain} ${portOf} ${port} ${address}`,
  );
  expect(found).toEqual(expected);
});
