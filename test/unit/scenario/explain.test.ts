import { expect, test } from 'vitest';
import { errorCodes } from '../../../src/base/errors.ts';
import { findingCodes } from '../../../src/base/finding-codes.ts';
import { faults } from '../../../src/registry.ts';
import { explain, explainTopics } from '../../../src/scenario/explain.ts';
import { measures } from '../../../src/scenario/measures.ts';
import { mistakesOf } from '../../fixtures/scenario-text.ts';

const names = {
  fault: Object.keys(faults),
  measure: Object.keys(measures),
  target: ['local', 'docker', 'kind', 'kubernetes', 'external', 'embedded'],
  code: [...Object.keys(errorCodes), ...Object.keys(findingCodes)],
};

test.each(explainTopics)('%s: every name has a line in the list and a page of its own', (topic) => {
  const lines = explain(topic, undefined, { faults }).split('\n');
  expect(lines.map((line) => line.split(' ')[0])).toEqual(names[topic]);
  for (const name of names[topic])
    expect(explain(topic, name, { faults })).toMatch(new RegExp(`^${name}: .+\n.+`));
});

test('a fault shows its fields, types and defaults', () => {
  const text = explain('fault', 'network-partition', { faults });
  expect(text).toContain('lasts for its duration');
  expect(text).toMatch(/direction +to \| from \| both +default "both"/);
  expect(explain('fault', 'container-kill', { faults })).toMatch(
    /no duration[\s\S]*fields: kind, name, at, selector/,
  );
});

test('a measure shows what judges it', () => {
  expect(explain('measure', 'refused_ratio', { faults })).toBe(
    'refused_ratio: (rejected + refused + unknown) / offered\n  judged by rate in ratio\n  tags: signal, load; source: client',
  );
});

test('an unknown name is answered with the nearest', () => {
  const [mistake] = mistakesOf(() => explain('fault', 'network-partitoin', { faults }));
  expect(mistake).toMatchObject({ code: 'SQ-USAGE', next: 'squall explain fault network-partition' });
  expect(mistakesOf(() => explain('code', 'x', { faults }))[0]?.next).toBe('squall explain code');
});
