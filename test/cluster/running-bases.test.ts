import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubectl, noCluster, renderInto, rolledOut, uniqueName } from '../fixtures/cluster.ts';

/** The figures of the seeds are asked for as they are; what runs here runs with less, as nodes of a test are small. */
const small = `patches:
  - target: {kind: Deployment|DaemonSet}
    patch: |
      - {op: replace, path: /spec/template/spec/containers/0/resources, value: {requests: {cpu: 50m, memory: 64Mi}, limits: {memory: 512Mi}}}
`;

describe.skipIf(noCluster !== undefined)(`bases on a cluster (${noCluster ?? 'there is one'})`, () => {
  const namespace = uniqueName('squall-bases');
  const get = (args: string[]) => kubectl(['-n', namespace, ...args]);

  beforeAll(async () => {
    const apply = async (folder: string) =>
      kubectl(['apply', '-f', '-'], await renderInto(namespace, [folder], small));
    await apply('overlays/agents');
    await rolledOut(namespace, 'deployment/gateway');
    // Who found no gateway looks for one at ever longer intervals: agents that start now find all of them at once.
    await get(['rollout', 'restart', 'daemonset/agent']);
    await apply('bases/sidecar');
    for (const one of ['daemonset/agent', 'deployment/application', 'deployment/prometheus'])
      await rolledOut(namespace, one);
  });

  afterAll(async () => {
    await kubectl(['delete', 'namespace', namespace, '--wait=false']);
  });

  const ask = async (path: string) => {
    const proxy = `/api/v1/namespaces/${namespace}/services/prometheus:9090/proxy/api/v1/${path}`;
    return JSON.parse(await kubectl(['get', '--raw', proxy])).data;
  };
  const value = async (query: string) => {
    const { result } = await ask(`query?query=${encodeURIComponent(query)}`);
    return Number(result[0]?.value[1] ?? 0);
  };

  test('gateways stand on more than one node where there is more than one', async () => {
    const nodes = (await kubectl(['get', 'nodes', '-o', 'name'])).trim().split('\n');
    const where = await get([
      'get',
      'pods',
      '-l',
      'app.kubernetes.io/name=gateway',
      '-o',
      'jsonpath={.items[*].spec.nodeName}',
    ]);
    expect(new Set(where.split(' ')).size).toBe(Math.min(3, nodes.length));
  });

  test('spans go from the application through its sidecar to the gateways, past the NetworkPolicy', async () => {
    await expect
      .poll(() => value('sum(otelcol_receiver_accepted_spans{workload="gateway"})'), {
        timeout: 120_000,
        interval: 1000,
      })
      .toBeGreaterThan(0);
    const agents = Number(await get(['get', 'daemonset/agent', '-o', 'jsonpath={.status.numberReady}']));
    const scraped = () => value('count(up{job="otlp-collectors"} == 1)');
    await expect.poll(scraped, { timeout: 60_000, interval: 1000 }).toBe(3 + agents + 1);
  });

  test('an agent spreads what it takes over more than one gateway', async () => {
    const address = 'agent:4317';
    await get([
      'run',
      'generator',
      '--restart=Never',
      '--image=ghcr.io/open-telemetry/opentelemetry-collector-contrib/telemetrygen:v0.161.0',
      '--overrides',
      JSON.stringify({
        spec: {
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 10001,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [
            {
              name: 'generator',
              image: 'ghcr.io/open-telemetry/opentelemetry-collector-contrib/telemetrygen:v0.161.0',
              args: ['logs', `--otlp-endpoint=${address}`, '--otlp-insecure', '--rate=20', '--duration=inf'],
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            },
          ],
        },
      }),
    ]);
    await expect
      .poll(() => value('count(otelcol_receiver_accepted_log_records{workload="gateway"} > 0)'), {
        timeout: 120_000,
        interval: 1000,
      })
      .toBeGreaterThan(1);
  });

  test('every alert is evaluated without an error', async () => {
    await expect
      .poll(
        async () => {
          const { groups } = await ask('rules');
          return groups.flatMap(({ rules }: { rules: { name: string; health: string }[] }) =>
            rules.map(({ health }) => health),
          );
        },
        { timeout: 120_000, interval: 1000 },
      )
      .toEqual(Array(13).fill('ok'));
  });
});
