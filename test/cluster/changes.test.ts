import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noCluster } from '../fixtures/cluster.ts';
import { type Gateways, openGateways } from '../fixtures/gateways.ts';
import { makePlace, readReportJson, squall } from '../fixtures/squall.ts';

/** Faults that change objects of a namespace and put them back, by an account with one Role there and nothing else. */
describe.skipIf(noCluster !== undefined)(`changes on a cluster (${noCluster ?? 'there is one'})`, () => {
  let gateways: Gateways;
  beforeAll(async () => {
    gateways = await openGateways({ prefix: 'squall-changes', replicas: 2 });
  });
  afterAll(() => gateways.close());

  test('each is seen to bite and to be gone; the namespace is as it was', async () => {
    const before = await gateways.state();
    const { dir, env } = makePlace();
    const faults = [
      {
        name: 'fewer',
        kind: 'scale',
        at: '1s',
        duration: '3s',
        selector: { member: 'gateway' },
        replicas: 1,
      },
    ];
    const file = gateways.scenario({ faults, seconds: 8 });
    const { stderr } = await squall(['run', file, '--out', join(dir, 'out')], { env });
    const report = readReportJson(join(dir, 'out'));
    for (const fault of report.faults)
      expect(fault.verified, `${fault.name}: ${fault.effect}\n${stderr}`).toBe(true);
    expect(await gateways.marked()).toBe('');
    expect(await gateways.state()).toEqual(before);
  });

  test('a runner that is killed in the midst of them: its guard puts everything back', async () => {
    const before = await gateways.state();
    const { dir, env } = makePlace();
    const faults = [
      {
        name: 'none',
        kind: 'scale',
        at: '1s',
        duration: '60s',
        selector: { member: 'gateway' },
        replicas: 1,
      },
    ];
    const file = gateways.scenario({ faults, seconds: 70 });
    let pid = 0;
    const run = squall(['run', file, '--out', join(dir, 'out')], {
      env,
      onStart: (own) => {
        pid = own;
      },
    });
    const over = run.then(({ stderr }) => Promise.reject(new Error(`it ended: ${stderr}`)));
    const marked = expect.poll(gateways.marked, { timeout: 120_000, interval: 200 });
    await Promise.race([over, marked.toContain('deployment.apps/gateway')]);
    process.kill(pid, 'SIGKILL');
    await run;
    await expect.poll(gateways.marked, { timeout: 20_000, interval: 200 }).toBe('');
    await expect.poll(gateways.state, { timeout: 60_000, interval: 500 }).toEqual(before);
  });
});
