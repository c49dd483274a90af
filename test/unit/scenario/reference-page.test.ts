import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errorCodes } from '../../../src/base/errors.ts';
import { faults } from '../../../src/registry.ts';
import { scenarioJsonSchema } from '../../../src/scenario/json-schema.ts';
import { measures } from '../../../src/scenario/measures.ts';
import { referencePage } from '../../../src/scenario/reference-page.ts';

const page = referencePage({ faults });

test('docs/reference.md is what the tables of the program say', async () => {
  await expect(page).toMatchFileSnapshot(join(import.meta.dirname, '../../../docs/reference.md'));
});

test('the page names every fault kind, measure and error code, and no other error code', () => {
  for (const kind of Object.keys(faults)) expect(page).toContain(`### ${kind}\n`);
  for (const name of Object.keys(measures)) expect(page).toContain(`| \`${name}\` |`);
  const codes = new Set([...page.matchAll(/SQ-[A-Z-]+/g)].map(([code]) => code));
  expect([...codes].toSorted()).toEqual(Object.keys(errorCodes).toSorted());
});

interface Json {
  properties: Record<string, Json>;
  anyOf?: Json[];
  oneOf?: Json[];
  items: Json;
  additionalProperties: Json | false;
  required?: string[];
  const?: string;
  pattern?: string;
}

test('the JSON Schema knows every block, executor and fault kind, and refuses unknown keys', () => {
  const schema = scenarioJsonSchema(faults) as Partial<Json> as Json;
  expect(schema.additionalProperties).toBe(false);
  expect(schema.required).toEqual(['apiVersion', 'name', 'load']);
  const entry = schema.properties.load?.additionalProperties as Json;
  expect(entry.oneOf?.map((one) => one.properties.executor?.const)).toEqual([
    'constant-arrival-rate',
    'ramping-arrival-rate',
    'shared-iterations',
  ]);
  const kinds = schema.properties.faults?.items.anyOf ?? [];
  expect(kinds.map((one) => one.properties.kind?.const)).toEqual(Object.keys(faults));
  for (const one of [...kinds, ...(entry.oneOf ?? [])]) expect(one.additionalProperties).toBe(false);
  for (const one of kinds) {
    const kind = one.properties.kind?.const ?? '';
    expect('duration' in one.properties).toBe(faults[kind]?.oneShot === false);
  }
});

test('the JSON Schema takes durations as the parser does, and values of the environment', () => {
  const schema = scenarioJsonSchema(faults) as Partial<Json> as Json;
  const pattern = new RegExp(schema.properties.warmup?.pattern ?? '^$');
  for (const right of ['500ms', '1m30s', '1.5h', '${WARMUP}', '${WARMUP:-5s}'])
    expect(right).toMatch(pattern);
  for (const wrong of ['5', '5 s', 'five', '']) expect(wrong).not.toMatch(pattern);
});
