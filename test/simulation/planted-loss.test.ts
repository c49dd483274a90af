import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { lies } from '../fixtures/lying-pipeline.ts';
import { loadSubject } from '../fixtures/planted-loss.ts';
import { simulate } from '../fixtures/planted-loss-run.ts';

/** 10,000 unless SQUALL_SEEDS says otherwise, as the quick check does. */
const runs = Number(process.env.SQUALL_SEEDS ?? 10_000);
const shards = 4;

beforeAll(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterAll(() => {
  vi.useRealTimers();
});

const told = new Set<string>();
const totals: Record<string, number> = {};

for (let shard = 0; shard < shards; shard++) {
  test(`the ledger is exact in seeded runs ${shard} of ${shards} through a lying pipeline`, async () => {
    const subject = loadSubject(new URL('../../src/', import.meta.url));
    for (let seed = shard; seed < runs; seed += shards) {
      const run = await simulate(subject, seed);
      expect(run.wrong, `seed ${seed}`).toEqual([]);
      for (const lie of run.told) told.add(lie);
      for (const counts of Object.values(run.result.bySignal)) {
        for (const [name, value] of Object.entries(counts)) {
          if (typeof value === 'number') totals[name] = (totals[name] ?? 0) + value;
        }
      }
    }
  });
}

test('those runs told every lie and filled every class', () => {
  expect([...told].sort()).toEqual([...lies].sort());
  for (const [name, total] of Object.entries(totals)) expect(total, name).toBeGreaterThan(runs / 100);
});

test('the lying pipeline and its truth import nothing of the product', () => {
  for (const name of ['lying-pipeline.ts', 'lying-truth.ts', 'lying-codec.ts']) {
    const text = readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
    const imports = [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map((match) => match[1]);
    expect(imports.length).toBeGreaterThanOrEqual(name === 'lying-truth.ts' ? 0 : 1);
    for (const path of imports) expect(path).toMatch(/^(node:|protobufjs$|\.\/lying-)/);
  }
});
