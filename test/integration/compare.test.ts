import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { stockGateway } from '../../src/target/stock-gateway.ts';
import { makePlace, noParts, readReportJson, squall } from '../fixtures/squall.ts';

/** Two real runs that differ in one setting: how long the batch processor waits. */
test.skipIf(noParts !== '')(
  `a candidate that holds its items five times as long: worse, and by how much${noParts}`,
  async () => {
    const { dir, env } = makePlace();
    const spans = { signal: 'traces', executor: 'constant-arrival-rate', rate: 500, batch: 5 };
    const run = async (name: string, timeout: string) => {
      const config = parse(stockGateway()) as { processors: Record<string, unknown> };
      config.processors.batch = { timeout };
      writeFileSync(join(dir, `${name}.yaml`), stringify(config));
      const scenario = {
        apiVersion: 'squall/v1',
        name: 'hold',
        target: { local: { members: { gateway: { config: `${name}.yaml` } } } },
        load: { spans: { ...spans, duration: '6s' } },
        slos: [{ measure: 'items_lost', thresholds: ['count==0'] }],
      };
      const file = join(dir, `scenario-${name}.yaml`);
      writeFileSync(file, stringify(scenario));
      await squall(['run', file, '--out', join(dir, name), '--run-id', name], { env });
      return readReportJson(join(dir, name)).validity.valid;
    };
    // At once, so that other work on this machine meets both.
    const valid = await Promise.all([run('before', '200ms'), run('after', '1s')]);
    const out = join(dir, 'compared');
    const args = ['compare', join(dir, 'before'), join(dir, 'after'), '--out', out];
    const ended = await squall(args, { env });
    const { comparison, verdict, findings } = readReportJson(out);
    const delivery = comparison?.measures.find(({ name }) => name.startsWith('delivery_duration'));
    if (valid.includes(false)) {
      // Other work on this machine spoiled a run: then nothing is said, but never that all is well.
      expect([ended.code, verdict]).toEqual([2, 'unknown']);
    } else {
      expect([ended.code, verdict, delivery?.verdict]).toEqual([1, 'fail', 'worse']);
      expect(delivery?.change).toBeGreaterThan(2);
      expect(ended.stderr).toMatch(/^✘ worse +delivery_duration/m);
      expect(findings[0]?.code).toBe('REGRESSION');
    }
    // The same from the disk again, and as the last lines and JSON have it.
    const page = readFileSync(join(out, 'report.html'), 'utf8');
    expect(page).toContain('id="comparison"');
    await squall(['report', out], { env });
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toBe(page);
    const json = await squall([...args, '--json'], { env });
    expect(json.stdout).toBe(readFileSync(join(out, 'report.json'), 'utf8'));
    // With itself it has every pair alike: whatever else, it is not worse.
    const same = await squall(['compare', join(dir, 'after'), join(dir, 'after'), '--out', `${out}-2`], {
      env,
    });
    expect(same.code).not.toBe(1);
  },
);

test('what is no run is named, and one argument is a mistake', async () => {
  const { dir, env } = makePlace();
  const missing = await squall(['compare', join(dir, 'a'), join(dir, 'b')], { env });
  expect([missing.code, missing.stderr]).toEqual([3, expect.stringContaining('SQ-RUN-NOT-FOUND')]);
  const one = await squall(['compare', dir], { env });
  expect([one.code, one.stderr]).toEqual([3, expect.stringContaining('SQ-USAGE')]);
});
