import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { RuleRecord } from '../../../src/observe/rules.ts';
import { readConfiguration } from '../../../src/run/configuration.ts';
import { hostileTexts } from '../../fixtures/report-arbitrary.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'squall-configuration-'));
  for (const name of ['config-gateway.yaml', 'scenario.yaml', 'record.json'])
    writeFileSync(join(dir, name), name);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function rule(group: string, name: string, more: Partial<RuleRecord> = {}): RuleRecord {
  return { group, kind: 'alert', name, expr: 'up == 0', labels: {}, ...more };
}

test('the scenario, the members, and the rules as a rule file has them', async () => {
  const rules = [
    rule('a', 'Down', { forS: 2.5, labels: { severity: 'page' } }),
    rule('a', 'job:up:sum', { kind: 'record', expr: 'sum(up)' }),
    rule('b', 'Broken', { error: 'many-to-many matching' }),
  ];
  const shown = await readConfiguration(dir, rules);
  expect(shown.map(({ name }) => name)).toEqual([
    'scenario.yaml',
    'config-gateway.yaml',
    'rules that Prometheus had loaded',
  ]);
  expect(parse(shown[2]?.text ?? '')).toEqual({
    groups: [
      {
        name: 'a',
        rules: [
          { alert: 'Down', expr: 'up == 0', for: '2.5s', labels: { severity: 'page' } },
          { record: 'job:up:sum', expr: 'sum(up)' },
        ],
      },
      {
        name: 'b',
        rules: [{ alert: 'Broken', expr: 'up == 0', 'failed to be evaluated': 'many-to-many matching' }],
      },
    ],
  });
  expect(await readConfiguration(dir)).toHaveLength(2);
});

test('hostile names, expressions and labels come back out of it as they were', async () => {
  const texts = hostileTexts.filter((text) => text.length < 500);
  const rules = texts.map((text) => rule(text, text, { expr: text, labels: { [text]: text } }));
  const [, , shown] = await readConfiguration(dir, rules);
  expect(parse(shown?.text ?? '').groups.map((group: { name: string }) => group.name)).toEqual(texts);
});
