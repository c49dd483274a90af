import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { kubectl, noCluster, renderInto, uniqueName } from '../fixtures/cluster.ts';
import { installCrds } from '../fixtures/cluster-crds.ts';
import { noParts, otelcol, root } from '../fixtures/squall.ts';

const k8s = join(root, 'k8s');
const below = (folder: string) => readdirSync(join(k8s, folder)).map((name) => `${folder}/${name}`);
const applied = [...below('bases'), ...below('overlays')];
const environment = {
  BACKEND_GRPC: 'b:4317',
  GATEWAY_GRPC: 'g:4317',
  CENTRE_GRPC: 'c:4317',
  JAEGER_GRPC: 'j:4317',
  JAEGER_QUEUE_REQUESTS: '100',
  JAEGER_QUEUE_BLOCKS: 'false',
  NODE_NAME: 'n',
};

test('the alerts of the operator and those of the plain Prometheus are the same', () => {
  const plain = parse(readFileSync(join(k8s, 'bases/prometheus/rules.yaml'), 'utf8'));
  const custom = parse(readFileSync(join(k8s, 'components/prometheus-rule/prometheus-rule.yaml'), 'utf8'));
  expect(custom.spec).toEqual(plain);
});

describe.skipIf(noParts !== '')(`collector configurations${noParts}`, () => {
  const configs = applied
    .filter((folder) => readdirSync(join(k8s, folder)).includes('collector.yaml'))
    .map((folder) => `${folder}/collector.yaml`);
  const over = [
    'bases/gateway/collector.yaml components/mtls/tls.yaml',
    'bases/agent/collector.yaml components/mtls-agent/tls.yaml',
  ];
  test.each([...configs, ...over])('the collector accepts %s', (files) => {
    const args = files.split(' ').flatMap((file) => ['--config', join(k8s, file)]);
    execFileSync(otelcol ?? '', ['validate', ...args], { env: { ...process.env, ...environment } });
  });

  test('and refuses one with the exporters of the seeds', () => {
    const text = readFileSync(join(k8s, 'bases/gateway/collector.yaml'), 'utf8');
    const old = text.replaceAll('otlp_grpc', 'jaeger');
    const validate = () =>
      execFileSync(otelcol ?? '', ['validate', '--config', `yaml:${old}`], {
        env: { ...process.env, ...environment },
        stdio: 'pipe',
      });
    expect(validate).toThrow(/unknown type: "jaeger"/);
  });
});

describe.skipIf(noCluster !== undefined)(`manifests on a cluster (${noCluster ?? 'there is one'})`, () => {
  const namespace = uniqueName('squall-manifests');
  let removeCrds: () => Promise<void>;

  beforeAll(async () => {
    await kubectl(['create', 'namespace', namespace]);
    const restricted = 'pod-security.kubernetes.io/enforce=restricted';
    await kubectl(['label', 'namespace', namespace, restricted]);
    removeCrds = await installCrds(
      ['certificates', 'issuers', 'prometheusrules', 'servicemonitors'].map((name) => `${name}.yaml`),
    );
  });

  afterAll(async () => {
    await kubectl(['delete', 'namespace', namespace, '--wait=false']);
    await removeCrds();
  });

  test.each(applied)('%s applies', async (folder) => {
    const text = await renderInto(namespace, [folder]);
    const kinds = parseAllDocuments(text).map((document) => document.toJS().kind);
    const answer = await kubectl(['apply', '--server-side', '--dry-run=server', '-f', '-'], text);
    expect(answer.trim().split('\n')).toHaveLength(kinds.length);
  });

  test('what breaks the rules of the namespace is refused by the same way', async () => {
    const text = await renderInto(namespace, ['bases/gateway']);
    const escalating = text.replace('allowPrivilegeEscalation: false', 'allowPrivilegeEscalation: true');
    const pod = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace },
      spec: parseAllDocuments(escalating)
        .map((document) => document.toJS())
        .find(({ kind }) => kind === 'Deployment').spec.template.spec,
    });
    const apply = kubectl(['apply', '--server-side', '--dry-run=server', '-f', '-'], pod);
    await expect(apply).rejects.toThrow(/violates PodSecurity/);
  });
});
