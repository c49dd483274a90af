import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { readColumns } from '../../src/observe/columns.ts';
import { arrivalFields } from '../../src/observe/evidence.ts';
import { kubectl, uniqueName } from '../fixtures/cluster.ts';
import { installCrds } from '../fixtures/cluster-crds.ts';
import { imageBytes, noImage, ownImage } from '../fixtures/cluster-image.ts';
import { type ClusterPlace, openPlace, startGateways } from '../fixtures/cluster-place.ts';
import { makePlace, readReportJson, squall } from '../fixtures/squall.ts';

const strangersSpan = {
  resourceSpans: [
    {
      scopeSpans: [
        { spans: [{ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', name: 'a' }] },
      ],
    },
  ],
};

/** As the testbed is told before it is started: its network then drops packets of open connections too. */
const cutsEstablished = process.env.NETPOL_ESTABLISHED === 'cut';

/** No port of this machine is reached from the cluster: orders and evidence go through the API server. */
describe.skipIf(noImage !== undefined)(
  `squall's own pods in a cluster (${noImage ?? 'there is one'})`,
  () => {
    let place: ClusterPlace;
    let image = '';

    beforeAll(async () => {
      image = await ownImage();
      place = await openPlace('squall-own');
      await place.get([
        'label',
        'namespace',
        place.namespace,
        'pod-security.kubernetes.io/enforce=restricted',
      ]);
      await startGateways(place, { backend: 'squall-sink:4317' });
    });

    afterAll(() => place.remove());

    const scenario = (more: { target?: object; faults?: object[]; load?: object } = {}) => {
      const file = join(place.folder, `${uniqueName('scenario')}.yaml`);
      const target = {
        context: place.context,
        kubeconfig: place.kubeconfig,
        namespaces: [place.namespace],
        members: { gateway: { workload: 'deployment/gateway', otlp: 'service/gateway' } },
        sink: { in: 'cluster' },
        image,
        ...more.target,
      };
      const spans = {
        signal: 'traces',
        executor: 'constant-arrival-rate',
        rate: 2000,
        duration: '10s',
        batch: 20,
        connections: 30,
        ...more.load,
      };
      const text = {
        apiVersion: 'squall/v1',
        name: 'own-pods',
        target: { kubernetes: target },
        limits: { itemsPerS: 2000, items: 1e6 },
        load: { spans },
        faults: more.faults ?? [],
        slos: [{ measure: 'items_lost', thresholds: ['count==0'] }],
      };
      writeFileSync(file, stringify(text));
      return file;
    };

    const run = async (file: string) => {
      const { dir, env } = makePlace();
      const out = join(dir, 'out');
      const ended = await squall(['run', file, '--out', out], { env });
      expect(await place.objects()).toBe('');
      return { ...ended, out };
    };

    test.runIf(process.env.SQUALL_IMAGE === undefined)('the image stays below 300 MB', async () => {
      expect(await imageBytes(image)).toBeLessThan(300e6);
    });

    test('load and sink in the cluster: what a killed pod held is named, canaries take the same way', async () => {
      const faults = [
        {
          name: 'outage',
          kind: 'backend-outage',
          at: '3s',
          duration: '4s',
          action: 'grpc-status',
          grpcStatus: 'UNAVAILABLE',
        },
        { name: 'kill', kind: 'pod-kill', at: '5s', selector: { member: 'gateway' }, gracePeriod: '0s' },
      ];
      const load = { in: 'cluster', pods: 2, cpu: '50m' };
      const { stderr, out, code } = await run(scenario({ faults, target: { load } }));
      const { faults: done, ledger } = readReportJson(out);
      expect(done.map(({ name, verified }) => [name, verified])).toEqual([
        ['outage', true],
        ['kill', true],
      ]);
      const { traces } = ledger;
      expect(traces?.lost, stderr).toBeGreaterThan(0);
      expect(traces?.lostIntervals.reduce((sum, { count }) => sum + count, 0)).toBe(traces?.lost);
      expect(traces).toMatchObject({ pending: 0, unexpected: 0 });
      expect(code).toBe(1);
    });

    const cut = (more: object) => ({
      kind: 'network-partition',
      selector: { member: 'gateway' },
      peer: 'sink',
      ...more,
    });
    /** Pods that a policy selects. */
    const labelled = () => place.get(['get', 'pods', '-l', 'squall.dev/cut', '-o', 'name']);

    test('via: policy is proven where the network cuts open connections and else no effect, as via: chaos-mesh without a controller is', async () => {
      onTestFinished(await installCrds(['networkchaos.yaml']));
      // What a cut stops is seen to stand still for longer than a batch waits.
      const [forS, endS] = cutsEstablished ? [20, 29] : [8, 17];
      const policyCut = cut({ name: 'policy', at: '3s', duration: `${forS}s`, via: 'policy' });
      const slow = { kind: 'network-delay', latency: '100ms', direction: 'to', via: 'chaos-mesh' };
      const mesh = cut({ ...slow, name: 'mesh', at: `${forS + 4}s`, duration: '5s' });
      const faults = [policyCut, ...(cutsEstablished ? [] : [mesh])];
      const { stderr, out, code } = await run(scenario({ faults, load: { duration: `${endS}s` } }));
      const { faults: done, ledger, validity } = readReportJson(out);
      const [policy, unfollowed] = done;
      const took = /^gateway-\S+ took in [1-9]\d* items in \S+ and sent none of them on \(otlp_grpc\), by/;
      const went =
        /^no effect was seen: NetworkPolicy squall-cut-\S+ is in place, and gateway-\S+ sent [1-9]\d* items in/;
      expect(policy?.verified, stderr).toBe(cutsEstablished);
      expect(policy?.effect).toMatch(cutsEstablished ? took : went);
      expect(ledger.traces, stderr).toMatchObject({ lost: 0, pending: 0 });
      expect(await labelled()).toBe('');
      // Nothing was lost, and the one fault was proven: a run that passes, where the machine let it count.
      expect(code, stderr).toBe(cutsEstablished && validity.valid ? 0 : 2);
      if (cutsEstablished) return;
      expect(policy?.effect).toContain('via: agent cuts open ones too');
      expect(unfollowed?.verified).toBe(false);
      // A machine that is late finds it removed at its deadline.
      expect(unfollowed?.effect).toMatch(
        /NetworkChaos squall-cut-\S+ is (there and nobody has followed it|gone)/,
      );
    });

    test('squall sink --kubernetes takes what collectors export, alone in a namespace without faults', async ({
      onTestFinished,
    }) => {
      const { dir, env } = makePlace();
      const at = ['--context', place.context, '--kubeconfig', place.kubeconfig, '-n', place.namespace];
      const pull = ['--image', image, '--image-pull-secret', 'puller'];
      const words = ['sink', '--kubernetes', ...at, ...pull, '--out', join(dir, 'out')];
      let pid = 0;
      let said = '';
      const ended = squall(words, {
        env,
        onStart(own) {
          pid = own;
        },
        onText(text) {
          said += text;
        },
      });
      let lives = true;
      const gone = ended.finally(() => {
        lives = false;
      });
      // A test that fails must not leave it to the ones after it.
      onTestFinished(async () => {
        if (lives) process.kill(pid, 'SIGINT');
        await gone;
      });
      const over = ended.then(({ stderr }) => Promise.reject(new Error(`it ended: ${stderr}`)));
      await Promise.race([over, expect.poll(() => said, { timeout: 60_000 }).toContain('Ctrl-C ends')]);
      const secrets = ['-l', 'squall.dev/run', '-o', 'jsonpath={..imagePullSecrets[*].name}'];
      expect(await place.get(['get', 'pods', ...secrets])).toBe('puller');
      const address = await place.get(['get', 'service', 'squall-sink', '-o', 'jsonpath={.spec.clusterIP}']);
      const request = {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(strangersSpan),
      };
      const answered = () =>
        fetch(`http://${address}:4318/v1/traces`, request).then(({ status }) => status, String);
      // The node's kube-proxy follows a moment after the pod is ready; an exporter tries again, as this does.
      await expect.poll(answered, { timeout: 30_000, interval: 200 }).toBe(200);
      process.kill(pid, 'SIGINT');
      const { code, stderr } = await ended;
      expect(code, stderr).toBe(0);
      expect(readColumns(join(dir, 'out/evidence/arrivals.bin'), arrivalFields).column('count')).toContain(1);
      expect(await place.objects()).toBe('');
    });

    test('a runner that is killed leaves none of its pods and policies: its guard removes them', async () => {
      const { dir, env } = makePlace();
      const target = { load: { in: 'cluster', cpu: '50m' } };
      const faults = [cut({ name: 'policy', at: '0s', duration: '60s', via: 'policy' })];
      const file = scenario({ target, faults, load: { duration: '60s' } });
      let pid = 0;
      const run = squall(['run', file, '--out', join(dir, 'out')], {
        env,
        onStart(own) {
          pid = own;
        },
      });
      const over = run.then(({ stderr }) => Promise.reject(new Error(`it ended: ${stderr}`)));
      const there = expect.poll(place.objects, { timeout: 120_000, interval: 200 });
      await Promise.race([over, there.toMatch(/pod\/squall-load(.|\n)*service\/squall-sink/)]);
      await Promise.race([over, expect.poll(labelled, { timeout: 120_000, interval: 200 }).not.toBe('')]);
      expect(await place.objects()).toContain('networkpolicy');
      process.kill(pid, 'SIGKILL');
      await run;
      await expect.poll(place.objects, { timeout: 60_000, interval: 500 }).toBe('');
      expect(await labelled()).toBe('');
    });

    test('rights for pods of its own and for policies that the account lacks are named, each by verb and object, and a CRD that is not there', async () => {
      const role = JSON.parse(await place.get(['get', 'role', 'squall', '-o', 'json']));
      const less = structuredClone(role);
      less.rules = less.rules.filter(
        ({ resources: [first = ''] }: { resources: string[] }) =>
          !['pods/portforward', 'networkpolicies'].includes(first),
      );
      await place.get(['replace', '-f', '-'], JSON.stringify(less));
      const crd = 'networkchaos.chaos-mesh.org';
      const mesh = (more: object) => cut({ duration: '1s', direction: 'to', via: 'chaos-mesh', ...more });
      const isThere = (await kubectl(['get', 'crd', crd, '--ignore-not-found', '-o', 'name'])) !== '';
      const faults = [
        cut({ name: 'policy', at: '1s', duration: '1s', via: 'policy' }),
        mesh({ name: 'mesh', kind: 'network-bandwidth', rate: '1mbit', at: '3s' }),
        mesh({ name: 'holes', kind: 'network-loss', loss: '50%', at: '5s' }),
      ];
      const { code, stderr } = await run(scenario({ target: { load: { in: 'cluster' } }, faults }));
      await place.get(['replace', '--force', '-f', '-'], JSON.stringify(role));
      expect(code).toBe(4);
      expect(stderr).toContain(`may not create pods/portforward in ${place.namespace}`);
      expect(stderr).toContain(`may not create networkpolicies.networking.k8s.io in ${place.namespace}`);
      expect(stderr).not.toContain('may not list pods');
      expect(stderr.includes(`SQ-CRD-MISSING the cluster has no CRD ${crd}`)).toBe(!isThere);
    });

    test('an image that the nodes cannot get is refused by name, before any load', async () => {
      const { code, stderr, out } = await run(
        scenario({ target: { image: 'registry.invalid/squall:none' } }),
      );
      expect(code).toBe(4);
      expect(stderr).toContain(
        "SQ-IMAGE-MISSING the node cannot get squall's image registry.invalid/squall:none",
      );
      expect(existsSync(join(out, 'evidence/requests-0.bin'))).toBe(false);
    });
  },
);
