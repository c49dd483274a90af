import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { whenText } from '../../src/fault/rights.ts';
import { compilePlan } from '../../src/plan/compile.ts';
import { printPlan } from '../../src/plan/print.ts';
import { faults } from '../../src/registry.ts';
import { planFacts } from '../../src/run/plan-facts.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { root } from '../fixtures/squall.ts';

const scenarioDir = join(root, 'scenarios');
const scenarioFiles = readdirSync(scenarioDir).filter((name) => /\.(yaml|ts)$/.test(name));
const load = (name: string) => loadScenario(join(scenarioDir, name), { env: {}, sets: [], faults });

/** Adding a kind is one file, one line in the registry, and a scenario that uses it. */
describe.each(Object.entries(faults))('fault %s', (kind, fault) => {
  test('is registered under its own name, with a summary and a description of every parameter', () => {
    expect(fault.kind).toBe(kind);
    expect(fault.summary.length).toBeGreaterThan(20);
    const reference = readFileSync(join(root, 'docs', 'reference.md'), 'utf8');
    expect(reference).toContain(`### ${kind}\n`);
  });

  test('says what it needs of an account in a cluster, if it can be done in one; each way by its own parameters', () => {
    const ways = (fault.rights ?? []).map(whenText);
    expect(ways.length > 0).toBe(fault.needs.targets.includes('kubernetes'));
    expect(new Set(ways).size).toBe(ways.length);
  });

  test('is used by a scenario that comes with squall', async () => {
    const kinds = new Set<string>();
    for (const name of scenarioFiles)
      for (const { kind: used } of (await load(name)).scenario.faults) kinds.add(used);
    expect(kinds).toContain(kind);
  });
});

describe.each(scenarioFiles)('scenario %s', (name) => {
  test('is named as its file, says what to expect, and judges loss or a share', async () => {
    const { scenario } = await load(name);
    const text = readFileSync(join(scenarioDir, name), 'utf8');
    expect(scenario.name).toBe(name.replace(/\.(yaml|ts)$/, ''));
    expect(text).toContain('Expect: ');
    const judgesLoss = scenario.slos.some(
      ({ source }) => source.kind === 'measure' && source.measure === 'items_lost',
    );
    // Without a sink nobody can know of a loss.
    expect(judgesLoss || scenario.expect !== undefined || scenario.target.sink === 'none').toBe(true);
  });

  test('has a plan, the same for the same seed, with a predicted worst loss for every fault', async () => {
    const { scenario } = await load(name);
    const options = { runId: 'r', seed: 7, epochNs: '0', workers: 1 };
    const plan = compilePlan(scenario, options);
    expect(compilePlan(scenario, options)).toEqual(plan);
    const facts = await planFacts(plan, scenario);
    expect(facts.predictions.map(({ fault }) => fault)).toEqual(plan.faults.map(({ spec }) => spec.name));
    for (const { spec } of plan.faults) expect(printPlan(plan, scenario, facts)).toContain(spec.name);
  });
});
