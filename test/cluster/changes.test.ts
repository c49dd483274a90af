import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { Fault } from '../../src/fault/fault.ts';
import { rightsOf } from '../../src/fault/rights.ts';
import { faults } from '../../src/registry.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { startKubernetes } from '../../src/target/kubernetes.ts';
import { runName } from '../../src/target/kubernetes-record.ts';
import type { Target } from '../../src/target/target.ts';
import { textOf } from '../fixtures/agent-place.ts';
import { noCluster, uniqueName } from '../fixtures/cluster.ts';
import { noImage, ownImage } from '../fixtures/cluster-image.ts';
import { type Gateways, openGateways } from '../fixtures/gateways.ts';
import { holdRun } from '../fixtures/labelled.ts';
import { makePlace, root, squall } from '../fixtures/squall.ts';
import { startRun } from '../fixtures/started-run.ts';
import { strike as kill } from '../fixtures/stroke.ts';
import { testTargetLaws } from '../fixtures/target-laws.ts';

const lawsRun = 'laws';
/** As long as a node may take that has other work; what is waited for is the effect itself. */
const patient = { timeout: 180_000, interval: 250 };

/** Faults that change objects of a namespace and put them back, by an account with one Role there and nothing else. */
describe.skipIf(noCluster !== undefined)(`changes on a cluster (${noCluster ?? 'there is one'})`, () => {
  let gateways: Gateways;
  const [gateway, spare] = [{ member: 'gateway' }, { member: 'spare' }];
  /** Each acts on an object of its own. */
  const common = { at: '1s', duration: '300s' };
  const planned = [
    { name: 'failed', kind: 'pod-failure', selector: gateway },
    { name: 'slow', kind: 'resource-limit', selector: spare, cpu: '200m', memory: '256Mi' },
    { name: 'more', kind: 'scale', selector: gateway, replicas: 3 },
    {
      name: 'other',
      kind: 'collector-reconfigure',
      selector: spare,
      configPatch: { processors: { batch: { timeout: '300ms' } } },
    },
  ].map((one) => ({ ...common, ...one }));

  const startHere = async (): Promise<Target> => {
    const read = { env: process.env, sets: [], faults };
    const { scenario } = await loadScenario(gateways.scenario({ faults: planned, seconds: 5 }), read);
    if (scenario.target.kind !== 'kubernetes') throw new Error('not a cluster');
    const needs = scenario.faults.map(({ kind, params }) => ({
      rules: rightsOf(faults[kind] as Fault, params)?.rules ?? [],
    }));
    return startKubernetes({
      spec: scenario.target,
      runId: lawsRun,
      needs,
      deadlineS: 600,
      guard: { image: 'none', needs },
      clock: systemClock,
      intend: () => undefined,
    });
  };

  beforeAll(async () => {
    gateways = await openGateways({ prefix: 'squall-changes', replicas: 2 });
  });
  afterAll(() => gateways.close());

  describe('one by one, with the rights that they name and no others', () => {
    let target: Target;
    let before: string[] = [];
    let letGo = () => {};
    beforeAll(async () => {
      before = await gateways.state();
      letGo = holdRun(runName(lawsRun));
      target = await startHere();
    });
    let ended: Promise<void> | undefined;
    const end = () => {
      ended ??= target.down().finally(letGo);
      return ended;
    };
    afterAll(end);

    test('that no guard stands in the cluster is said, with what to do', () => {
      expect(target.notes).toEqual([
        expect.objectContaining({
          sentence: expect.stringContaining(
            `there is no ServiceAccount squall-guard in ${gateways.namespace}`,
          ),
          next: expect.stringContaining(`squall recover --all --context ${gateways.context} --namespace`),
        }),
      ]);
    });

    const again = /already/;
    testTargetLaws({
      platform: 'kubernetes',
      target: () => target,
      turns: [
        [
          { kind: 'pod-failure', member: 'gateway', proof: / is not ready: it runs /, again },
          {
            kind: 'resource-limit',
            member: 'spare',
            fields: { cpu: '200m', memory: '256Mi' },
            proof: /^spare-\S+ has 200m CPU and 256Mi in place of 1000m CPU and 512Mi$/,
            again,
          },
        ],
        [
          {
            kind: 'scale',
            member: 'gateway',
            fields: { replicas: 3 },
            proof: /^deployment\/gateway has 3 running pods in place of 2$/,
            again,
          },
          {
            kind: 'collector-reconfigure',
            member: 'spare',
            fields: { configPatch: { processors: { batch: { timeout: '300ms' } } } },
            proof: /^all 2 pods of deployment\/spare were replaced and run the changed configuration$/,
            again,
          },
        ],
      ],
      elsewhere: {
        'pod-kill': 'test/cluster/pod-kill.test.ts',
        'container-kill': 'test/cluster/agents.test.ts',
        'container-pause': 'test/cluster/agents.test.ts',
        'network-partition': 'test/cluster/agents.test.ts',
        'network-loss': 'test/cluster/agents.test.ts',
        'network-bandwidth': 'test/cluster/agents.test.ts',
        'network-delay': 'test/cluster/agents.test.ts',
        'node-cordon': 'test/cluster/nodes.test.ts',
        'node-drain': 'test/cluster/nodes.test.ts',
        'rolling-restart': 'test/cluster/nodes.test.ts',
      },
      down: end,
      left: async () => {
        const marked = await gateways.marked();
        const now = await gateways.state();
        const other = now.filter((one) => !before.includes(one));
        const gone = before.filter((one) => !now.includes(one));
        return [...(marked === '' ? [] : [marked]), ...other, ...gone];
      },
    });
  });

  test('rights that are missing and too many pods at once are refused, each by name, before any effect', async () => {
    const role = await gateways.get(['get', 'role', 'squall', '-o', 'json']);
    const less = JSON.parse(role);
    less.rules = less.rules.filter(({ verbs }: { verbs: string[] }) => verbs.join() !== 'patch');
    for (const rule of less.rules) rule.verbs = rule.verbs.filter((verb: string) => verb !== 'patch');
    await gateways.get(['replace', '-f', '-'], JSON.stringify(less));
    const before = await gateways.state();
    const { dir, env } = makePlace();
    const none = { ...common, name: 'none', kind: 'scale', selector: spare, replicas: 0 };
    const file = gateways.scenario({ faults: [...planned.slice(0, 3), none], seconds: 5 });
    const { code, stderr } = await squall(['run', file, '--out', join(dir, 'out')], { env });
    expect(await gateways.state()).toEqual(before);
    await gateways.get(['replace', '--force', '-f', '-'], role);
    expect(code).toBe(3);
    for (const what of ['pods', 'pods/resize', 'deployments.apps'])
      expect(stderr).toContain(`the account may not patch ${what} in ${gateways.namespace}`);
    expect(stderr).toContain('SQ-BLAST-RADIUS slow and none would take 2 of the 2 pods of spare at once');
    expect(await gateways.marked()).toBe('');
  });

  /** Starts a run with these faults, and resolves when all are in place. */
  const striking = async (names: string[], target: object) => {
    const struck = planned.filter(({ name }) => names.includes(name));
    const slos = [{ measure: 'items_acknowledged', thresholds: ['count>=0'] }];
    const file = gateways.scenario({ faults: struck, seconds: 300, target, slos });
    const runId = uniqueName('killed');
    const run = startRun({ dir: join(makePlace().dir, 'run'), runId, scenario: textOf(file) });
    onTestFinished(() => void run.child.kill('SIGTERM')); // of a test that failed: it must not go on
    for (const name of names) await run.applied(name);
    return run;
  };

  test.skipIf(noImage !== undefined)(
    `SIGKILL of the runner leaves its guard, of both the guard in the cluster: everything is put back (${noImage ?? 'with an image'})`,
    async () => {
      const { namespace } = gateways;
      const image = await ownImage();
      await gateways.get(['apply', '-f', join(root, 'k8s/squall/guard.yaml')]);
      const account = ['--role=squall-guard', `--serviceaccount=${namespace}:squall-guard`];
      await gateways.get(['create', 'rolebinding', 'squall-guard', ...account]);
      const before = await gateways.state();
      const [local, remote] = await Promise.all([
        striking(['other'], {}),
        striking(['failed', 'more'], { image, sink: 'none' }),
      ]);
      const marked = await gateways.marked();
      for (const changed of ['pod/gateway', 'deployment.apps/gateway', 'configmap/spare-config'])
        expect(marked).toContain(changed);
      const strokeNs = systemClock.nowNs();
      kill('the runner', local);
      kill('the runner and all guards', remote);
      await expect.poll(gateways.marked, patient).toBe('');
      const undoneS = ((systemClock.nowNs() - strokeNs) / 1e9).toFixed(1);
      await expect.poll(gateways.state, patient).toEqual(before);
      const events = await gateways.get(['get', 'events', '--field-selector', 'reason=RunUndone']);
      expect(events).toContain(`the run ${remote.runId} was gone: `);
      const named = [
        '--context',
        gateways.context,
        '--kubeconfig',
        gateways.account,
        '--namespace',
        namespace,
      ];
      const { code, stderr } = await squall(['recover', '--run', remote.runId, ...named], {
        env: remote.env,
      });
      expect([code, stderr]).toEqual([0, expect.stringContaining('no run is open')]);
      console.log(`nothing of either run was left ${undoneS} s after the stroke`);
    },
  );
});
