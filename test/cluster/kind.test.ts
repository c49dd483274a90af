import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { kubectl, noCluster, uniqueName } from '../fixtures/cluster.ts';
import { type KindStandIn, standInForKind } from '../fixtures/kind.ts';
import { expectWhole, makePlace, readReportJson, squall } from '../fixtures/squall.ts';
import { startRun } from '../fixtures/started-run.ts';

/** `kind` is a stand-in over the given cluster: what that cannot show stands in test/README.md. */
describe.skipIf(noCluster !== undefined)(`target: kind (${noCluster ?? 'there is a cluster'})`, () => {
  const made: string[] = [];
  const newRun = () => {
    const runId = uniqueName('run');
    made.push(`squall-${runId}`);
    return { runId, name: `squall-${runId}` };
  };
  /** Also those that a failed test left. */
  afterEach(async () => {
    await kubectl(['delete', 'namespace', '--ignore-not-found', '--wait=false', ...made.splice(0)]);
  });

  const scenario = (more: { target?: object; seconds?: number } = {}) =>
    stringify({
      apiVersion: 'squall/v1',
      name: 'kind',
      target: {
        kind: { members: { collector: { resources: { cpu: '500m', memory: '256Mi' } } }, ...more.target },
      },
      load: {
        spans: {
          signal: 'traces',
          executor: 'constant-arrival-rate',
          rate: 200,
          duration: `${more.seconds ?? 3}s`,
          batch: 20,
        },
      },
      faults: [],
      slos: [{ measure: 'items_lost', thresholds: ['count==0'] }],
    });

  const run = async (text: string, more: { runId: string; kind: KindStandIn; dir: string }) => {
    const file = join(more.dir, 'scenario.yaml');
    writeFileSync(file, text);
    const env = { ...process.env, XDG_STATE_HOME: join(more.dir, 'state'), NO_COLOR: '1', ...more.kind.env };
    return squall(['run', file, '--out', join(more.dir, 'out'), '--run-id', more.runId], { env });
  };

  test('makes a cluster, puts the images on it, sends through two members to the sink, and deletes it', async () => {
    const { dir } = makePlace();
    const { runId, name } = newRun();
    const kind = standInForKind(dir);
    const members = {
      edge: { sendsTo: 'gateway', resources: { cpu: '300m' } },
      gateway: { image: 'otel/opentelemetry-collector-contrib:0.161.0' },
    };
    const text = scenario({ target: { members, nodeImage: 'kindest/node:v1.34.0' } });
    const { code, stderr } = await run(text, { runId, kind, dir });
    expect([0, 2], stderr).toContain(code);
    const report = readReportJson(join(dir, 'out'));
    expectWhole(report, 600);
    expect(code, stderr).toBe(report.validity.valid ? 0 : 2);
    expect(report.run.target).toBe('kind');
    expect(report.run.versions.kind).toBe('0.30.0');
    expect(report.run.members.map((member) => member.name.split('-')[0]).toSorted()).toEqual([
      'edge',
      'gateway',
    ]);
    const calls = kind.calls().map((call) => call.replaceAll(/--(kubeconfig|wait) \S+ ?/g, ''));
    expect(calls.filter((call) => !call.startsWith('get'))).toEqual([
      'version',
      `create cluster --name ${name} --image kindest/node:v1.34.0`,
      `load docker-image otel/opentelemetry-collector:0.161.0 --name ${name}`,
      `load docker-image otel/opentelemetry-collector-contrib:0.161.0 --name ${name}`,
      `delete cluster --name ${name}`,
    ]);
    expect(kind.clusters()).toEqual([]);
    expect(existsSync(join(dir, 'out', 'work'))).toBe(false);
  });

  test('an image that no node can have ends the run with its name, and the cluster with it', async () => {
    const { dir } = makePlace();
    const kind = standInForKind(dir);
    const text = scenario({ target: { image: 'absent/collector:1' } });
    const { code, stderr } = await run(text, { ...newRun(), kind, dir });
    expect(code).toBe(4);
    expect(stderr).toMatch(
      /SQ-IMAGE-MISSING the pods of collector do not become ready[\s\S]*absent\/collector/,
    );
    expect(kind.clusters()).toEqual([]);
  });

  test.for([
    ['while kind makes the cluster', 60_000],
    ['while the load runs', 0],
  ] as const)('the runner killed %s: its guard deletes the cluster', async ([when, createMs]) => {
    const { dir } = makePlace();
    const { runId } = newRun();
    const kind = standInForKind(dir, { createMs });
    const started = startRun({ dir, runId, scenario: scenario({ seconds: 120 }), env: kind.env });
    if (createMs > 0) await expect.poll(kind.clusters, { timeout: 60_000 }).toHaveLength(1);
    else await started.says('load');
    started.child.kill('SIGKILL');
    await started.exited;
    await expect.poll(kind.clusters, { timeout: 60_000, message: when }).toEqual([]);
    await expect.poll(started.listed, { timeout: 60_000 }).toEqual([]);
    expect(existsSync(join(started.out, 'work'))).toBe(false);
    const left = await kubectl(['get', 'namespace', `squall-${runId}`, '--ignore-not-found', '-o', 'name']);
    expect(left).toBe('');
  });
});
