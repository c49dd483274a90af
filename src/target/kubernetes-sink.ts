import type { V1Service } from '@kubernetes/client-node';
import { SquallError } from '../base/errors.ts';
import { orAbsent } from './kubernetes-client.ts';
import { awaitOwnPods, makeOwn, type OwnPods, ownLabels, ownTemplate } from './kubernetes-own-pods.ts';
import { runLabel } from './kubernetes-record.ts';

export const sinkPorts = { grpc: 4317, http: 4318 } as const;

/**
 * Puts a sink's pod into the cluster, behind a Service of this name: the one that stands there, if it selects the pod,
 * else one of the run. Resolves with the pod's name when its program runs. Throws SQ-PRECONDITION when the name is taken.
 */
export async function startSinkPod(own: OwnPods, { service }: { service: string }): Promise<{ pod: string }> {
  const { cluster, namespace, owner } = own;
  const labels = ownLabels(own, 'sink');
  const found = await orAbsent(cluster.core.readNamespacedService({ namespace, name: service }));
  if (found === undefined) {
    const body = {
      metadata: { name: service, labels, ownerReferences: [owner] },
      spec: { selector: labels, ports: Object.entries(sinkPorts).map(([name, port]) => ({ name, port })) },
    };
    await makeOwn(own, `the Service ${service}`, () =>
      cluster.core.createNamespacedService({ namespace, body }),
    );
  } else mustSelect(own, found, labels);
  const { spec } = ownTemplate(own, 'sink');
  const pod = `squall-sink-${own.run}`;
  await makeOwn(own, `the pod ${pod}`, () =>
    cluster.core.createNamespacedPod({
      namespace,
      body: {
        metadata: { name: pod, labels, ownerReferences: [owner] },
        ...(spec === undefined ? {} : { spec }),
      },
    }),
  );
  await awaitOwnPods(own, 'sink', 1);
  return { pod };
}

/** A Service that stands there already, so that its address outlives runs. */
function mustSelect(own: OwnPods, { metadata, spec }: V1Service, labels: Record<string, string>): void {
  const run = metadata?.labels?.[runLabel];
  const selector = Object.entries(spec?.selector ?? {});
  const selects = selector.length > 0 && selector.every(([key, value]) => labels[key] === value);
  if (run === undefined && selects) return;
  const { cluster, namespace } = own;
  const name = metadata?.name ?? '';
  throw new SquallError({
    code: 'SQ-PRECONDITION',
    what: `the Service ${name} leads elsewhere than to this run's sink`,
    where: `context ${cluster.context}, namespace ${namespace}`,
    expected: `no Service ${name}, or one of yours with the selector app.kubernetes.io/name=${labels['app.kubernetes.io/name']}`,
    found:
      run === undefined
        ? `the selector ${selector.map(([key, value]) => `${key}=${value}`).join(',') || 'of nothing'}`
        : `the sink of the run ${run}`,
    next:
      run === undefined
        ? 'name another one in target.kubernetes.sink.service'
        : `squall recover --all --context ${cluster.context} --namespace ${namespace}`,
  });
}
