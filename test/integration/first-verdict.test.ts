import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { countRaw } from '../fixtures/raw-count.ts';
import {
  expectVerdict,
  expectWhole,
  makePlace,
  noParts,
  readReportJson,
  squall,
} from '../fixtures/squall.ts';

describe.skipIf(noParts !== '')(`scenarios on a real collector and Prometheus${noParts}`, () => {
  test('quickstart: pass, exit 0, nothing lost or undelivered', async () => {
    const place = makePlace();
    const out = join(place.dir, 'run');
    // Latency is judged on a quiet machine only; this one may have other work.
    const latency = ['p(95)<60s', 'p(99)<60s'].flatMap((limit, i) => [
      '--set',
      `slos.0.thresholds.${i}=${limit}`,
    ]);
    const args = ['run', '--out', out, '--capture', '--json', ...latency];
    const ended = await squall(args, { env: place.env });
    const report = readReportJson(out);
    const { traces } = report.ledger;
    expectVerdict(report, ended, 'pass');
    expect(ended.stderr).toContain(report.verdict.toUpperCase());
    expectWhole(report, 200_000);
    expect(JSON.parse(ended.stdout)).toEqual(report);
    const raw = countRaw(join(out, 'evidence', 'capture.bin'), report.run.id).traces;
    expect(raw.distinct).toBe(traces?.delivered);
    expect(report.headline?.every((pair) => pair.agree !== false)).toBe(true);
    // The canary is an item to the collector, scraped before t = 0 or after it.
    expect([0, 1]).toContain((report.counters.accepted ?? Number.NaN) - (traces?.offered ?? Number.NaN));
  });

  test('gateway-kill: exit 1, losses exactly those that the raw capture lacks, all before the kill', async () => {
    const place = makePlace();
    const out = join(place.dir, 'run');
    const sets = ['warmup=1s', 'load.spans.duration=9s', 'faults.0.at=5150ms'].flatMap((set) => [
      '--set',
      set,
    ]);
    const args = ['run', 'scenarios/gateway-kill.yaml', '--out', out, '--capture', ...sets];
    const ended = await squall(args, { env: place.env });
    expect(ended.stderr).toContain('FAIL');
    expect(ended.code).toBe(1);
    const report = readReportJson(out);
    const traces = report.ledger.traces;
    const raw = countRaw(join(out, 'evidence', 'capture.bin'), report.run.id).traces;
    if (traces === undefined) throw new Error('no ledger of traces');
    expect(traces.lost).toBeGreaterThan(0);
    expect(traces.delivered).toBe(raw.distinct);
    expect(traces.duplicated).toBe(raw.duplicated);
    expect(traces.acknowledged + traces.refused + traces.unknown + traces.missed).toBe(90_000);
    expect(traces.lost).toBe(traces.acknowledged + traces.recovered - raw.distinct);
    const kill = report.faults[0];
    expect(kill?.verified).toBe(true);
    for (const interval of traces.lostIntervals) {
      expect(interval.fault).toBe('kill');
      expect(interval.dueToS).toBeLessThanOrEqual(kill?.observed.recoveredS ?? 0);
      expect(interval.dueFromS).toBeGreaterThanOrEqual((kill?.observed.injectedS ?? 0) - report.reach.s);
    }
    expect(traces.lostIntervals.reduce((sum, interval) => sum + interval.count, 0)).toBe(traces.lost);
    await rendersTheSame(out, place.env);
    const recovered = await squall(['recover', '--all'], { env: place.env });
    expect(recovered.stderr).toContain('clean');
    expect(recovered.code).toBe(0);
  });
});

/** Every number is derived from evidence on disk: written again elsewhere, the files are the same bytes. */
async function rendersTheSame(out: string, env: NodeJS.ProcessEnv): Promise<void> {
  const again = mkdtempSync(join(tmpdir(), 'squall-again-'));
  const ended = await squall(['report', out, '--out', again], { env });
  expect(ended.code).toBe(0);
  for (const name of ['report.json', 'report.html', 'report.md', 'junit.xml']) {
    expect(existsSync(join(again, name))).toBe(true);
    expect(readFileSync(join(again, name)).equals(readFileSync(join(out, name)))).toBe(true);
  }
}
