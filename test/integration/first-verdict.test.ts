import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { countRaw } from '../fixtures/raw-count.ts';
import { makePlace, noParts, readReportJson, squall } from '../fixtures/squall.ts';

describe.skipIf(noParts !== '')(`scenarios on a real collector and Prometheus${noParts}`, () => {
  test('quickstart: pass, exit 0, nothing lost or undelivered', async () => {
    const place = makePlace();
    const out = join(place.dir, 'run');
    const ended = await squall(['run', '--out', out, '--capture', '--json'], { env: place.env });
    expect(ended.stderr).toContain('PASS');
    expect(ended.code).toBe(0);
    const report = readReportJson(out);
    const { traces } = report.ledger;
    expect(traces).toMatchObject({
      due: 200_000,
      offered: 200_000,
      lost: 0,
      undelivered: 0,
      delivered: 200_000,
    });
    expect(JSON.parse(ended.stdout)).toEqual(report);
    const raw = countRaw(join(out, 'evidence', 'capture.bin'), report.run.id).traces;
    expect(raw.distinct).toBe(traces?.delivered);
    expect(report.headline?.every((pair) => pair.agree !== false)).toBe(true);
    // The canary is an item to the collector, scraped before t = 0 or after it.
    expect([200_000, 200_001]).toContain(report.counters.accepted);
  });

  test('gateway-kill: exit 1, losses exactly those that the raw capture lacks, all before the kill', async () => {
    const place = makePlace();
    const out = join(place.dir, 'run');
    const args = [
      'run',
      'scenarios/gateway-kill.yaml',
      '--out',
      out,
      '--capture',
      '--set',
      'load.spans.duration=30s',
    ];
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
    // Every item was acknowledged in the end, so what is lost is what was due and never came.
    expect(traces.acknowledged + traces.refused + traces.unknown).toBe(300_000);
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
