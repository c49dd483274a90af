import { resolve } from 'node:path';
import { type From, toTls } from './access-schema.ts';
import { images } from './images.ts';
import { toBackend } from './kubernetes-schema.ts';
import { toPlacedPrometheus, toPrometheus } from './prometheus-schema.ts';
import type { TargetText } from './target-schema.ts';
import type {
  CollectorSpec,
  CommonTargetSpec,
  DockerMemberSpec,
  KubernetesMemberSpec,
  LocalMemberSpec,
  OtlpSpec,
  SinkSpec,
  TargetSpec,
} from './types.ts';

/** The target of a block that names exactly one kind. */
export function toTargetSpec(text: TargetText, baseDir: string): TargetSpec | undefined {
  const from = (file: string) => resolve(baseDir, file);
  if (text.local !== undefined) {
    const { members, collector } = text.local;
    return {
      kind: 'local',
      members: Object.fromEntries(
        Object.entries(members).map(([name, one]) => [name, toMember(one ?? {}, from)]),
      ),
      ...(collector === undefined ? {} : { collector: program(collector, from) }),
      ...toRules(text.local, from),
      ...toCommon(text.local, from),
    };
  }
  if (text.docker !== undefined) {
    const { members, image: given, prometheusImage } = text.docker;
    return {
      kind: 'docker',
      members: Object.fromEntries(
        Object.entries(members).map(([name, one]) => [name, toContainer(one ?? {}, from)]),
      ),
      image: given ?? images.collector,
      prometheusImage: prometheusImage ?? images.prometheus,
      ...toRules(text.docker, from),
      ...toCommon(text.docker, from),
    };
  }
  if (text.kind !== undefined) {
    const { members, image: given, nodeImage, cluster } = text.kind;
    return {
      kind: 'kind',
      members: Object.fromEntries(
        Object.entries(members).map(([name, one]) => [name, toContainer(one ?? {}, from)]),
      ),
      image: given ?? images.collector,
      ...(nodeImage === undefined ? {} : { nodeImage }),
      ...(cluster === undefined ? {} : { cluster: from(cluster) }),
      ...toRules(text.kind, from),
      ...toCommon({ sink: text.kind.sink }, from),
      ...toPlacedPrometheus(text.kind.prometheus, { home: '', from }),
    };
  }
  if (text.kubernetes !== undefined) return toKubernetes(text.kubernetes, from);
  if (text.external !== undefined) {
    const { settle } = text.external;
    return {
      kind: 'external',
      otlp: toOtlp(text.external.otlp, from),
      ...(settle === undefined ? {} : { settleMs: settle }),
      ...toCommon(text.external, from),
    };
  }
  return text.embedded === undefined
    ? undefined
    : { kind: 'embedded', ...toCommon(text.embedded ?? {}, from) };
}

function toKubernetes(text: NonNullable<TargetText['kubernetes']>, from: From): TargetSpec {
  const { context, kubeconfig, namespaces, settle, sink, load, prometheus } = text;
  const members = Object.entries(text.members).map(([name, one]): [string, KubernetesMemberSpec] => {
    const [kind = '', workload = ''] = one.workload.split('/');
    const { otlp } = one;
    return [
      name,
      {
        namespace: one.namespace ?? namespaces[0] ?? '',
        // The schema has let nothing else through.
        workload: { kind: kind as KubernetesMemberSpec['workload']['kind'], name: workload },
        ...(otlp === undefined ? {} : { otlp: toEntry(otlp, from) }),
        ...(one.config === undefined ? {} : { config: from(one.config) }),
        ...(one.sendsTo === undefined ? {} : { sendsTo: one.sendsTo }),
      },
    ];
  });
  const backends = Object.entries(text.backends ?? {}).map(([name, one]) => [
    name,
    toBackend(one, namespaces[0] ?? ''),
  ]);
  const { in: place, service, ...listens } = sink === 'none' ? {} : sink;
  const common = {
    ...toCommon({ sink: sink === 'none' ? 'none' : listens }, from),
    ...toPlacedPrometheus(prometheus, { home: namespaces[0] ?? '', from }),
    ...toRules(text, from),
  };
  const inCluster = place === 'cluster' ? { cluster: { service: service ?? 'squall-sink' } } : {};
  return {
    kind: 'kubernetes',
    context,
    ...(kubeconfig === undefined ? {} : { kubeconfig: from(kubeconfig) }),
    namespaces,
    members: Object.fromEntries(members),
    ...(backends.length === 0 ? {} : { backends: Object.fromEntries(backends) }),
    ...(settle === undefined ? {} : { settleMs: settle }),
    ...(text.blastRadius === undefined ? {} : { blastRadius: text.blastRadius }),
    ...(text.agent === undefined ? {} : { agent: text.agent }),
    ...(text.image === undefined ? {} : { image: text.image }),
    ...(text.imagePullSecrets === undefined ? {} : { imagePullSecrets: text.imagePullSecrets }),
    ...(load?.in === 'cluster' ? { load: { pods: load.pods ?? 1, cpuMillis: load.cpu ?? 250 } } : {}),
    ...common,
    sink: common.sink === 'none' ? 'none' : { ...common.sink, ...inCluster },
  };
}

function toEntry(text: string | Parameters<typeof toOtlp>[0], from: From): { service: string } | OtlpSpec {
  return typeof text === 'string' ? { service: text.slice('service/'.length) } : toOtlp(text, from);
}

type CommonText = NonNullable<TargetText['embedded']>;
type SinkText = NonNullable<CommonText['sink']>;
type Member = NonNullable<NonNullable<TargetText['local']>['members'][string]>;
type Container = NonNullable<NonNullable<TargetText['docker']>['members'][string]>;

function toRules({ rules }: { rules?: string | undefined }, from: From): { rules?: string } {
  return rules === undefined ? {} : { rules: from(rules) };
}

function toCommon(text: CommonText, from: From): CommonTargetSpec {
  return {
    sink: toSink(text.sink ?? {}, from),
    ...(text.prometheus === undefined ? {} : { prometheus: toPrometheus(text.prometheus, from) }),
  };
}

function toMember(text: Member, from: From): LocalMemberSpec {
  const { binary, ...rest } = text;
  return {
    ...(binary === undefined ? {} : { binary: program(binary, from) }),
    ...toCollector(rest, from),
  };
}

function toContainer(text: Container, from: From): DockerMemberSpec {
  const { image: own, ...rest } = text;
  return { ...(own === undefined ? {} : { image: own }), ...toCollector(rest, from) };
}

function toCollector(text: Omit<Member, 'binary'>, from: From): CollectorSpec {
  const { cpu, memory } = text.resources ?? {};
  return {
    ...(text.config === undefined ? {} : { config: from(text.config) }),
    replicas: text.replicas ?? 1,
    ...(text.resources === undefined
      ? {}
      : {
          resources: {
            ...(cpu === undefined ? {} : { cpuMillis: cpu }),
            ...(memory === undefined ? {} : { memoryBytes: memory }),
          },
        }),
    ...(text.sendsTo === undefined ? {} : { sendsTo: text.sendsTo }),
    ...(text.storage === undefined ? {} : { storageBytes: text.storage }),
    restart: text.restart ?? 'always',
    env: text.env ?? {},
  };
}

function toOtlp(text: NonNullable<TargetText['external']>['otlp'], from: From): OtlpSpec {
  return {
    ...(text.grpc === undefined ? {} : { grpc: text.grpc }),
    ...(text.http === undefined ? {} : { http: text.http }),
    headers: text.headers ?? {},
    ...(text.bearerTokenFile === undefined ? {} : { bearerTokenFile: from(text.bearerTokenFile) }),
    ...(text.tls === undefined ? {} : { tls: toTls(text.tls, from) }),
  };
}

function toSink(text: SinkText, from: From): SinkSpec | 'none' {
  if (text === 'none') return 'none';
  return {
    grpc: text.grpc ?? '127.0.0.1:0',
    http: text.http ?? '127.0.0.1:0',
    ...(text.advertise === undefined ? {} : { advertise: text.advertise }),
    ...(text.tls === undefined ? {} : { tls: toTls(text.tls, from) }),
  };
}

/** A name without a slash is looked for in PATH later. */
function program(text: string, from: From): string {
  return text.includes('/') ? from(text) : text;
}
