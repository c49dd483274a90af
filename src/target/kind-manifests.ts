import type { V1ConfigMap, V1Container, V1Deployment, V1Service } from '@kubernetes/client-node';
import type { DockerMemberSpec } from '../scenario/types.ts';
import { inside, memberEnv, ports } from './docker-folders.ts';
import { type LinkAddresses, uses } from './local-seat.ts';

export interface KindMember {
  name: string;
  labels: Record<string, string>;
  spec: DockerMemberSpec;
  image: string;
  configText: string;
  next: LinkAddresses;
  /** Whether the load, which is outside of the cluster, sends to it. */
  entry: boolean;
  /** Of the runner; a member sees only those of its variables that its configuration names. */
  env: Readonly<Record<string, string | undefined>>;
}

/** One member as a cluster has it: its configuration, its pods, and the name by which others send to it. Pure. */
export function memberObjects(member: KindMember): {
  config: V1ConfigMap;
  deployment: V1Deployment;
  service: V1Service;
} {
  const { name, labels } = member;
  const own = { ...labels, 'app.kubernetes.io/name': name };
  const metadata = { name, labels: own };
  const matchLabels = { 'app.kubernetes.io/name': name };
  return {
    config: { metadata, data: { 'config.yaml': member.configText } },
    deployment: {
      metadata,
      spec: {
        replicas: member.spec.replicas,
        selector: { matchLabels },
        template: {
          metadata: { labels: own },
          spec: {
            containers: [container(member)],
            enableServiceLinks: false,
            volumes: [
              { name: 'config', configMap: { name } },
              // It outlives the container's restarts, not the pod.
              { name: 'data', emptyDir: {} },
            ],
          },
        },
      },
    },
    service: {
      metadata,
      spec: {
        type: member.entry ? 'NodePort' : 'ClusterIP',
        selector: matchLabels,
        ports: [
          { name: 'otlp-grpc', port: ports.grpc },
          { name: 'otlp-http', port: ports.http },
        ],
      },
    },
  };
}

function container(member: KindMember): V1Container {
  const { spec, configText } = member;
  const { cpuMillis, memoryBytes } = spec.resources ?? {};
  const limits = {
    ...(cpuMillis === undefined ? {} : { cpu: `${cpuMillis}m` }),
    ...(memoryBytes === undefined ? {} : { memory: String(memoryBytes) }),
  };
  return {
    name: 'collector',
    image: member.image,
    // Whatever the tag: an image that was put on the nodes is never asked for elsewhere.
    imagePullPolicy: 'IfNotPresent',
    args: [`--config=${inside.settings}/config.yaml`],
    env: Object.entries(memberEnv(member, { text: configText })).map(([name, value]) => ({ name, value })),
    ports: [
      { name: 'otlp-grpc', containerPort: ports.grpc },
      { name: 'otlp-http', containerPort: ports.http },
      { name: 'metrics', containerPort: ports.metrics },
    ],
    ...(Object.keys(limits).length === 0 ? {} : { resources: { limits } }),
    readinessProbe: {
      periodSeconds: 1,
      ...(uses(configText, 'SQUALL_HEALTH')
        ? { httpGet: { path: '/', port: ports.health } }
        : { tcpSocket: { port: uses(configText, 'SQUALL_OTLP_GRPC') ? ports.grpc : ports.http } }),
    },
    volumeMounts: [
      { name: 'config', mountPath: inside.settings, readOnly: true },
      { name: 'data', mountPath: inside.data },
    ],
  };
}
