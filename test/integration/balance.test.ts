import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { stockGateway } from '../../src/target/stock-gateway.ts';
import { expectVerdict, makePlace, noParts, otelcol, readReportJson, squall } from '../fixtures/squall.ts';

/** Two members that take load: a stock gateway, and one whose memory limiter refuses everything. */
test.skipIf(noParts !== '')(
  `a member that refuses: who took the load, the finding, and the same from the disk again${noParts}`,
  async () => {
    const { dir, env } = makePlace();
    const refusing = parse(stockGateway()) as { processors: Record<string, unknown> };
    refusing.processors.memory_limiter = { check_interval: '100ms', limit_mib: 1 };
    writeFileSync(join(dir, 'refusing.yaml'), stringify(refusing));
    const spans = { signal: 'traces', executor: 'constant-arrival-rate', rate: 1000, batch: 20 };
    const scenario = {
      apiVersion: 'squall/v1',
      name: 'uneven',
      target: { local: { members: { good: {}, tight: { config: 'refusing.yaml' } } } },
      load: { spans: { ...spans, duration: '4s', retry: 'none' } },
      slos: [{ measure: 'items_lost', thresholds: ['count==0'] }],
    };
    const file = join(dir, 'scenario.yaml');
    writeFileSync(file, stringify(scenario));
    const out = join(dir, 'run');
    const ended = await squall(['run', file, '--out', out], { env: { ...env, SQUALL_OTELCOL: otelcol } });
    const report = readReportJson(out);
    const counts = report.ledger.traces;
    const [good, tight] = report.balance?.members ?? [];
    expect([good?.name, tight?.name]).toEqual(['good-0', 'tight-0']);
    expect(good).toMatchObject({ acknowledged: counts?.acknowledged, refused: 0, share: 1 });
    expect(tight).toMatchObject({ acknowledged: 0, refused: counts?.refused, share: 0 });
    // In turn: half of the requests each, but for the last one.
    expect(Math.abs((good?.requests ?? 0) - (tight?.requests ?? 0))).toBeLessThanOrEqual(1);
    expect((good?.offered ?? 0) + (tight?.offered ?? 0)).toBe(counts?.offered);
    expect(report.balance).toMatchObject({ imbalance: 1, notCarried: { requests: 0, items: 0 } });
    const finding = report.findings.find(({ code }) => code === 'LOAD-IMBALANCED');
    expect(finding).toMatchObject({ severity: 'warn', window: 'run' });
    // A finding, not a failure: no SLO is on it.
    expectVerdict(report, ended, 'pass');
    expect(ended.stderr).toMatch(
      /^members {2}good-0 .* acknowledged \(100 %\), tight-0 0 acknowledged \(0 %\)$/m,
    );
    const before = readFileSync(join(out, 'report.html'), 'utf8');
    expect(before).toContain('Items per member');
    await squall(['report', out], { env });
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toBe(before);
  },
);
