import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { stockGateway } from '../../src/target/stock-gateway.ts';
import { makePlace, noParts, readReportJson, root, squall } from '../fixtures/squall.ts';

/** The stock gateway, whose batch processor waits so long. */
function gateway(timeout: string): string {
  const config = parse(stockGateway()) as { processors: Record<string, unknown> };
  config.processors.batch = { timeout };
  return stringify(config);
}

/** Two real runs, made in turn by one command, that differ in one setting: how long the batch processor waits. */
test.skipIf(noParts !== '')(
  `a scenario with a compare block: both sides in turn, and then as two folders of runs${noParts}`,
  async () => {
    const { dir, env } = makePlace();
    writeFileSync(join(dir, 'slow.yaml'), gateway('1s'));
    writeFileSync(join(dir, 'gateway.yaml'), gateway('200ms'));
    const spans = { signal: 'traces', executor: 'constant-arrival-rate', rate: 500, batch: 5 };
    const scenario = {
      apiVersion: 'squall/v1',
      name: 'hold',
      target: { local: { members: { gateway: { config: 'gateway.yaml' } } } },
      load: { spans: { ...spans, duration: '2s' } },
      slos: [{ measure: 'items_lost', thresholds: ['count==0'] }],
      compare: { baseline: {}, candidate: { config: 'slow.yaml' }, pairs: 1 },
    };
    const file = join(dir, 'scenario.yaml');
    writeFileSync(file, stringify(scenario));
    const out = join(dir, 'compared');
    const ended = await squall(['compare', file, '--out', out, '--run-id', 'hold'], { env });
    const { comparison, verdict } = readReportJson(out);
    // What so short runs tell is not judged here, nor whether other work on this machine spoiled one.
    expect(ended.code).toBe({ pass: 0, fail: 1, unknown: 2 }[verdict]);
    expect(comparison?.sides).toEqual({ baseline: 'the target as it stands', candidate: 'config slow.yaml' });
    expect(comparison?.baseline.map(({ id }) => id)).toEqual(['hold-baseline-01']);
    expect(comparison?.candidate.map(({ id }) => id)).toEqual(['hold-candidate-01']);
    // The candidate ran with its own configuration.
    const configs = ['baseline', 'candidate'].map((side) =>
      parse(readFileSync(join(out, side, '01', 'evidence', 'config-gateway.yaml'), 'utf8')),
    );
    expect(configs.map((config) => config.processors.batch.timeout)).toEqual(['200ms', '1s']);
    // The same of the two folders without the scenario.
    const sides = ['baseline', 'candidate'].map((side) => join(out, side));
    const again = await squall(['compare', ...sides, '--out', `${out}-2`, '--json'], { env });
    expect([again.code, JSON.parse(again.stdout).comparison.measures]).toEqual([
      ended.code,
      comparison?.measures,
    ]);
    // A second series would be mixed up with the first.
    const taken = await squall(['compare', file, '--out', out], { env });
    expect([taken.code, taken.stderr]).toEqual([4, expect.stringContaining('already holds a comparison')]);
  },
);

/** Recorded on a quiet machine, both valid: the stock gateway, and one whose batch processor waits 1 s for 200 ms. */
const recorded = join(root, 'test/fixtures/compared-runs');

test('two valid real runs, of which the second holds its items five times as long: exit 1', async () => {
  const { dir, env } = makePlace();
  const out = join(dir, 'out');
  const sides = ['before', 'after'].map((side) => join(recorded, side));
  const ended = await squall(['compare', ...sides, '--out', out], { env });
  expect([ended.code, ended.stderr]).toEqual([1, expect.stringMatching(/^✘ worse +delivery_duration/m)]);
  const { comparison, exitCode, verdict, validity } = readReportJson(out);
  expect([exitCode, verdict, validity.valid, comparison?.reasons]).toEqual([1, 'fail', true, []]);
  const worse = comparison?.measures.filter((measure) => measure.verdict === 'worse');
  expect(worse?.map(({ name }) => name)).toEqual(['delivery_duration{signal:traces} P95']);
  expect(worse?.[0]?.interval?.[0]).toBeGreaterThan(1);
  // The same from the disk again, and with itself nothing is worse.
  const page = readFileSync(join(out, 'report.html'), 'utf8');
  await squall(['report', out], { env });
  expect(readFileSync(join(out, 'report.html'), 'utf8')).toBe(page);
  const [, after = ''] = sides;
  expect((await squall(['compare', after, after, '--out', `${out}-2`], { env })).code).not.toBe(1);
});

test('what is no run is named, and one argument is a mistake', async () => {
  const { dir, env } = makePlace();
  const missing = await squall(['compare', join(dir, 'a'), join(dir, 'b')], { env });
  expect([missing.code, missing.stderr]).toEqual([3, expect.stringContaining('SQ-RUN-NOT-FOUND')]);
  const one = await squall(['compare', dir], { env });
  expect([one.code, one.stderr]).toEqual([3, expect.stringContaining('SQ-USAGE')]);
  const file = join(root, 'scenarios', 'quickstart.yaml');
  const without = await squall(['compare', file, '--out', join(dir, 'out')], { env });
  expect([without.code, without.stderr]).toEqual([3, expect.stringContaining('has no compare block')]);
});
