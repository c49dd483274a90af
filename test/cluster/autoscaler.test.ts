import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noCluster } from '../fixtures/cluster.ts';
import { type Gateways, openGateways } from '../fixtures/gateways.ts';
import { makePlace, readReportJson, squall } from '../fixtures/squall.ts';

const patient = { timeout: 120_000, interval: 250 };

describe.skipIf(noCluster !== undefined)(`an autoscaler in a run (${noCluster ?? 'there is one'})`, () => {
  let gateways: Gateways;

  beforeAll(async () => {
    gateways = await openGateways({ prefix: 'squall-hpa', replicas: 2 });
    await gateways.get(['apply', '-f', '-'], autoscaler(2));
  });
  afterAll(() => gateways.close());

  const wanted = () => gateways.get(['get', 'hpa', 'gateway', '-o', 'jsonpath={.status.desiredReplicas}']);

  test('what it wants, the pod that it makes and the endpoints are told with their times; nothing is lost', async () => {
    // Its controller looks every 15 s.
    await expect.poll(wanted, patient).toBe('2');
    const { dir, env } = makePlace();
    const out = join(dir, 'out');
    let scaled: Promise<unknown> | undefined;
    const onText = (text: string) => {
      if (/^load · /m.test(text)) scaled ??= gateways.get(['apply', '-f', '-'], autoscaler(3));
    };
    const file = gateways.scenario({ faults: [], seconds: 30 });
    const { stderr } = await squall(['run', file, '--out', out], { env, onText });
    await scaled;
    const report = readReportJson(out);
    const told = (report.events ?? []).filter(({ about }) => about === 'cluster');
    const at = (what: RegExp) => told.find((event) => what.test(event.what))?.atS;
    const wants = at(/^autoscaler gateway wants 3 pods, from 2\b/);
    const ready = at(/gateway has 3 ready endpoints, from 2$/);
    expect(wants, told.map(({ what }) => what).join('\n')).toBeGreaterThan(0);
    expect(ready).toBeGreaterThan(wants ?? Number.NaN);
    const { points = [] } =
      report.timeline.series.find(({ name }) => name === 'pods wanted by autoscaler gateway') ?? {};
    const levels = points.map(([, value]) => value).filter((value) => value !== null);
    expect([levels[0], levels.at(-1)]).toEqual([2, 3]);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain(
      'autoscaler gateway wants 3 pods, from 2',
    );
    expect(report.ledger.traces, stderr).toMatchObject({ lost: 0, pending: 0 });
  });
});

/** One that wants `least` pods of the gateways, whatever they use. */
const autoscaler = (least: number) =>
  JSON.stringify({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'gateway' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'gateway' },
      minReplicas: least,
      maxReplicas: least,
    },
  });
