import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { mistakesOf, parseText, scenarioText } from '../../fixtures/scenario-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'squall-checks-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'ok.yaml'), '');

const spans = 'signal: traces, executor: constant-arrival-rate';
const two = '{local: {members: {agent: {sendsTo: gateway}, gateway: {}}}}';
const ramp = (stages: string) => `{l: {signal: logs, executor: ramping-arrival-rate, stages: ${stages}}}`;
const pause = (more: string) => `[{kind: container-pause, at: 1s, duration: 1s, ${more}}]`;
const cut = (more: string) => `[{name: cut, kind: network-partition, at: 1s, duration: 1s, ${more}}]`;
const slo = (text: string) => ({
  slos: `[{${text}}]`,
  faults: '[{name: kill, kind: container-kill, at: 5s}]',
});
const limits = '{itemsPerS: 100, items: 10000}';
const cluster = (blocks: Record<string, string> = {}) => {
  const all = {
    context: 'c',
    namespaces: '[otel]',
    members: '{gateway: {workload: deployment/gateway, otlp: service/gateway}}',
    sink: '{grpc: "0.0.0.0:24317"}',
    ...blocks,
  };
  return `{kubernetes: {${Object.entries(all)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ')}}}`;
};
const external = (otlp: string, more = 'sink: none') => `{external: {otlp: ${otlp}, ${more}}}`;

interface Row {
  name: string;
  blocks: Record<string, string | undefined>;
  code?: string;
  what: string | RegExp;
  found?: string;
  next?: string | RegExp;
}

const rows: Row[] = [
  {
    name: 'rules for a Prometheus that squall does not start',
    blocks: { target: '{local: {members: {c: {}}, rules: ok.yaml, prometheus: "http://127.0.0.1:9090"}}' },
    what: /rules of its own/,
    found: 'rules beside prometheus',
  },
  {
    name: 'a rule file that is not there',
    blocks: { target: '{local: {members: {c: {}}, rules: nowhere.yaml}}' },
    what: 'there is no such file',
  },
  // kubernetes
  {
    name: 'cluster without limits',
    blocks: { target: cluster() },
    code: 'SQ-LIMITS-MISSING',
    what: /no limits/,
  },
  {
    name: 'system namespace',
    blocks: { target: cluster({ namespaces: '[otel, kube-system]' }), limits },
    what: 'a system namespace is never struck',
    found: 'kube-system',
  },
  {
    name: 'backend with the name of a member',
    blocks: { target: cluster({ backends: '{gateway: {workload: deployment/jaeger}}' }), limits },
    what: 'the name is taken',
    found: 'gateway',
  },
  {
    name: 'backend outside of the namespaces',
    blocks: {
      target: cluster({ backends: '{jaeger: {workload: deployment/jaeger, namespace: prod}}' }),
      limits,
    },
    what: 'jaeger is in a namespace that is not among namespaces',
    found: 'prod',
  },
  {
    name: 'outage of a backend that is not there',
    blocks: {
      target: cluster({ backends: '{jaeger: {workload: deployment/jaeger}}' }),
      limits,
      faults: '[{kind: backend-outage, at: 1s, duration: 1s, action: scale, selector: {member: jager}}]',
    },
    what: 'the selector names a backend that is not there',
    next: 'write jaeger',
  },
  {
    name: 'outage of a real backend where there is none',
    blocks: { faults: '[{kind: backend-outage, at: 1s, duration: 1s, action: scale}]' },
    code: 'SQ-FAULT-UNSUPPORTED',
    what: /the target has none/,
  },
  {
    name: 'a selector without the exporter that is seen to stop',
    blocks: {
      target: cluster({ backends: '{jaeger: {workload: deployment/jaeger, service: jaeger}}' }),
      limits,
      faults: '[{kind: backend-outage, at: 1s, duration: 1s, action: selector}]',
    },
    what: /needs the exporter/,
  },
  {
    name: 'member outside of the namespaces',
    blocks: {
      target: cluster({
        members: '{gateway: {workload: deployment/gateway, otlp: service/gateway, namespace: prod}}',
      }),
      limits,
    },
    what: 'gateway is in a namespace that is not among namespaces',
    found: 'prod',
  },
  {
    name: 'no way in',
    blocks: { target: cluster({ members: '{gateway: {workload: deployment/gateway}}' }), limits },
    what: 'no member takes the load',
  },
  {
    name: 'an address without the protocol',
    blocks: {
      target: cluster({ members: '{gateway: {workload: deployment/gateway, otlp: {http: "gw:4318"}}}' }),
      limits,
    },
    what: 'spans speaks grpc and gateway has no grpc address',
  },
  {
    name: 'a sink that pods cannot find',
    blocks: { target: cluster({ sink: '{}' }), limits },
    what: 'the pods export to a fixed address and the sink has none',
  },
  {
    name: 'a sink in the cluster',
    blocks: { target: cluster({ sink: '{in: cluster, grpc: "0.0.0.0:1"}' }), limits },
    what: 'the sink is a pod and has an address or files of this machine',
    found: 'in: cluster beside them',
  },
  {
    name: 'a bare pod as a workload',
    blocks: {
      target: cluster({ members: '{gateway: {workload: pod/gateway, otlp: service/gateway}}' }),
      limits,
    },
    what: 'target.kubernetes.members.gateway.workload has a wrong value',
    found: 'pod/gateway',
  },
  {
    name: 'a process fault in a cluster',
    blocks: { target: cluster(), limits, faults: '[{kind: container-kill, at: 1s}]' },
    code: 'SQ-FAULT-UNSUPPORTED',
    what: "container-kill is done by squall's agent on the node, and none is deployed",
    next: /agent: deploy/,
  },
  {
    name: 'a partition in a cluster without agents and by no other way',
    blocks: { target: cluster(), limits, faults: '[{kind: network-partition, at: 1s, duration: 1s}]' },
    code: 'SQ-FAULT-UNSUPPORTED',
    what: "network-partition is done by squall's agent on the node, and none is deployed",
    next: 'add agent: deploy, or use via: policy or via: chaos-mesh',
  },
  {
    name: 'a policy where no cluster is',
    blocks: { faults: '[{kind: network-partition, at: 1s, duration: 1s, via: policy}]' },
    code: 'SQ-FAULT-UNSUPPORTED',
    what: 'local does network-partition by itself, not by way of others',
    next: 'remove via',
  },
  {
    name: 'a delay by a policy',
    blocks: {
      target: cluster(),
      limits,
      faults: '[{kind: network-delay, at: 1s, duration: 1s, latency: 10ms, via: policy}]',
    },
    what: /wrong value|wrong word|via/,
  },
  {
    name: 'a pod fault on processes',
    blocks: { faults: '[{kind: pod-kill, at: 1s}]' },
    code: 'SQ-FAULT-UNSUPPORTED',
    what: 'local cannot do pod-kill',
  },
  // load
  { name: 'no entry', blocks: { load: '{}' }, what: 'load has no entry' },
  {
    name: 'rate 0',
    blocks: { load: `{l: {${spans}, rate: 0, duration: 1s}}` },
    what: 'load.l.rate has a wrong value',
    found: '0',
  },
  {
    name: 'rate negative',
    blocks: { load: `{l: {${spans}, rate: -1, duration: 1s}}` },
    what: 'load.l.rate has a wrong value',
  },
  {
    name: 'rate not a number',
    blocks: { load: `{l: {${spans}, rate: .nan, duration: 1s}}` },
    what: 'load.l.rate has a wrong value',
    found: '.nan',
  },
  {
    name: 'rate infinite',
    blocks: { load: `{l: {${spans}, rate: .inf, duration: 1s}}` },
    what: 'load.l.rate has a wrong value',
    found: '.inf',
  },
  {
    name: 'rate a text',
    blocks: { load: `{l: {${spans}, rate: fast, duration: 1s}}` },
    what: 'load.l.rate has a wrong value',
    found: 'fast',
  },
  {
    name: 'rate above 1e9/s by timeUnit',
    blocks: { load: `{l: {${spans}, rate: 2e6, timeUnit: 1ms, duration: 1s}}` },
    what: /impossible rate/,
    found: '2000000000 items per second',
  },
  {
    name: 'duration 0',
    blocks: { load: `{l: {${spans}, rate: 1, duration: 0s}}` },
    what: 'load.l.duration has a wrong value',
  },
  {
    name: 'less than one item',
    blocks: { load: `{l: {${spans}, rate: 0.5, duration: 1s}}` },
    what: 'load.l sends nothing',
  },
  {
    name: 'a ramp of nothing',
    blocks: { load: ramp('[{duration: 5s, target: 0}]') },
    what: 'load.l sends nothing',
  },
  { name: 'no stages', blocks: { load: ramp('[]') }, what: 'load.l.stages has a wrong value' },
  {
    name: 'two stages of one name',
    blocks: { load: ramp('[{duration: 5s, target: 9, name: "2"}, {duration: 5s, target: 9}]') },
    what: 'two stages of l have one name',
    found: '2',
  },
  {
    name: 'an entry called run',
    blocks: { load: `{run: {${spans}, rate: 1, duration: 1s}}` },
    what: /cannot be used in a window/,
  },
  { name: 'warm-up as long as the load', blocks: { warmup: '60s' }, what: /nothing is left to judge/ },
  {
    name: 'a field of k6 for its VUs',
    blocks: { load: `{l: {${spans}, rate: 1, duration: 1s, maxVUs: 5}}` },
    what: 'load.l.maxVUs is not a field',
    next: /maxInFlight/,
  },
  {
    name: 'an executor of VUs',
    blocks: { load: '{l: {signal: logs, executor: constant-vus}}' },
    what: 'load.l.executor has a wrong value',
    next: /maxInFlight/,
  },
  // target
  { name: 'no target', blocks: { target: undefined }, what: 'there is no target' },
  {
    name: 'two targets',
    blocks: { target: '{local: {members: {a: {}}}, embedded: {}}' },
    what: 'the target is of two kinds',
  },
  {
    name: 'a target of other tools',
    blocks: { target: '{minikube: {image: x}}' },
    what: 'target.minikube is not a field',
    next: /use local, docker, kind, kubernetes, external or embedded/,
  },
  { name: 'no members', blocks: { target: '{local: {members: {}}}' }, what: 'the target has no member' },
  {
    name: 'a config that is not there',
    blocks: { target: '{local: {members: {a: {config: no.yaml}}}}' },
    what: 'there is no such file',
    found: join(folder, 'no.yaml'),
  },
  {
    name: 'a binary that is not there',
    blocks: { target: '{local: {members: {a: {binary: ./otelcol}}}}' },
    what: 'there is no such file',
    code: 'SQ-TOOL-MISSING',
  },
  {
    name: 'sendsTo nobody',
    blocks: { target: '{local: {members: {agent: {sendsTo: gatway}, gateway: {}}}}' },
    what: 'agent sends to a member that is not there',
    next: 'write gateway',
  },
  {
    name: 'sendsTo itself',
    blocks: { target: '{local: {members: {a: {sendsTo: a}}}}' },
    what: 'the members send in a circle',
    found: 'a -> a',
  },
  {
    name: 'a circle of three',
    blocks: {
      target: '{local: {members: {x: {sendsTo: a}, a: {sendsTo: b}, b: {sendsTo: c}, c: {sendsTo: a}}}}',
    },
    what: 'the members send in a circle',
    found: 'a -> b -> c -> a',
  },
  {
    name: 'no endpoint for the protocol',
    blocks: { target: external('{http: "localhost:4318"}') },
    what: 'spans speaks grpc and the target has no grpc endpoint',
  },
  {
    name: 'an endpoint without a port',
    blocks: { target: external('{grpc: localhost}') },
    what: 'target.external.otlp.grpc has a wrong value',
  },
  {
    name: 'external without a word on the sink',
    blocks: { target: '{external: {otlp: {grpc: "localhost:4317"}}}' },
    what: 'target.external.sink is missing',
  },
  {
    name: 'another machine without limits',
    code: 'SQ-LIMITS-MISSING',
    blocks: { target: external('{grpc: "10.0.0.7:4317"}') },
    what: /has no limits/,
    found: '10.0.0.7:4317',
  },
  {
    name: 'another machine by a lookalike of loopback',
    code: 'SQ-LIMITS-MISSING',
    blocks: { target: external('{grpc: "https://127.0.0.1.example.org:4317"}') },
    what: /has no limits/,
  },
  {
    name: 'more items than the limit',
    blocks: { target: external('{grpc: "gw:4317"}'), limits: '{itemsPerS: 100, items: 5999}' },
    what: 'the load is above its limit',
    found: '6000',
  },
  {
    name: 'a higher rate than the limit',
    blocks: { target: external('{grpc: "gw:4317"}'), limits: '{itemsPerS: 99, items: 1e6}' },
    what: 'the load is above its limit',
    found: '100',
  },
  {
    name: 'limits count on this machine too',
    blocks: { target: external('{grpc: "localhost:4317"}'), limits: '{itemsPerS: 99, items: 1e6}' },
    what: 'the load is above its limit',
  },
  {
    name: 'wrong limits are one mistake, not two',
    blocks: { target: external('{grpc: "gw:4317"}'), limits: '{items: 1}' },
    what: 'limits.itemsPerS is missing',
  },
  // faults
  {
    name: 'a kind that is not there',
    blocks: { faults: '[{kind: container-puase, at: 1s}]' },
    what: 'there is no such kind of fault',
    next: 'write container-pause',
  },
  { name: 'no kind', blocks: { faults: '[{at: 1s}]' }, what: 'faults[0] has no kind' },
  { name: 'no time', blocks: { faults: '[{kind: container-kill}]' }, what: 'faults[0].at is missing' },
  {
    name: 'a field of another kind',
    blocks: { faults: '[{kind: container-kill, at: 1s, latency: 1s}]' },
    what: 'faults[0].latency is not a field',
  },
  {
    name: 'a lasting fault without an end',
    blocks: { faults: '[{kind: container-pause, at: 1s}]' },
    what: 'container-pause needs a duration',
  },
  {
    name: 'an instant with a duration',
    blocks: { faults: '[{kind: container-kill, at: 1s, duration: 1s}]' },
    what: /happens at an instant/,
  },
  {
    name: 'after the load',
    blocks: { faults: '[{kind: container-kill, at: 60s}]' },
    what: 'container-kill would strike after the load',
    found: '1m',
  },
  {
    name: 'a name of a load entry',
    blocks: { faults: '[{name: spans, kind: container-kill, at: 1s}]' },
    what: 'the name is taken',
  },
  {
    name: 'a name with a colon',
    blocks: { faults: '[{name: "a:b", kind: container-kill, at: 1s}]' },
    what: /cannot be used in a window/,
  },
  {
    name: 'a member that is not there',
    blocks: { faults: pause('selector: {member: colector}') },
    what: /names a member/,
    next: 'write collector',
  },
  {
    name: 'which of two members',
    blocks: { target: two, faults: pause('name: p') },
    what: /does not say which/,
  },
  {
    name: 'a mode without its value',
    blocks: { faults: pause('selector: {mode: fixed}') },
    what: 'mode fixed needs a value',
  },
  {
    name: 'more than 100 %',
    blocks: { faults: pause('selector: {mode: fixed-percent, value: 101}') },
    what: 'the value is a per cent',
  },
  {
    name: 'a link that is not there',
    blocks: { target: two, faults: cut('peer: sink, selector: {member: agent}') },
    what: 'agent has no link to sink',
    next: /expected words/,
  },
  {
    name: 'a link from the load past the agent',
    blocks: { target: two, faults: cut('selector: {member: gateway}') },
    what: 'gateway has no link to load',
  },
  {
    name: 'a kind beyond the target',
    code: 'SQ-FAULT-UNSUPPORTED',
    blocks: { target: '{embedded: {}}', faults: pause('name: p') },
    what: 'embedded cannot do container-pause',
  },
  {
    name: 'an outage of no sink',
    code: 'SQ-FAULT-UNSUPPORTED',
    blocks: {
      target: external('{grpc: "localhost:1"}'),
      faults: '[{kind: backend-outage, at: 1s, duration: 1s, action: refuse}]',
    },
    what: /there is none/,
  },
  // slos
  {
    name: 'nothing to measure',
    blocks: slo('thresholds: [count==0]'),
    what: 'the SLO has nothing to measure',
  },
  {
    name: 'two sources',
    blocks: slo('measure: items_lost, promql: up, unit: x, thresholds: [count==0]'),
    what: 'the SLO has two sources',
  },
  {
    name: 'an unknown measure',
    blocks: slo('measure: ack_latency, thresholds: ["p(95)<1"]'),
    what: 'there is no such measure',
  },
  {
    name: 'a measure of another form',
    blocks: slo('measure: "items_lost{signal=traces}", thresholds: [count==0]'),
    what: 'the measure has another form',
  },
  {
    name: 'an unknown tag',
    blocks: slo('measure: "items_lost{entry:spans}", thresholds: [count==0]'),
    what: 'items_lost has no tag entry',
  },
  {
    name: 'a signal that nothing sends',
    blocks: slo('measure: "items_lost{signal:logs}", thresholds: [count==0]'),
    what: 'no load entry sends this',
  },
  {
    name: 'a member that is not there',
    blocks: slo('measure: "memory_ratio{member:gatewy}", thresholds: ["max<80%"]'),
    what: 'there is no member gatewy',
  },
  {
    name: 'a signal of what members use',
    blocks: slo('measure: "cpu_ratio{signal:traces}", thresholds: ["max<80%"]'),
    what: 'cpu_ratio has no tag signal',
  },
  {
    name: 'a fault tag where none belongs',
    blocks: slo('measure: "items_lost{fault:kill}", thresholds: [count==0]'),
    what: 'items_lost has no tag fault',
  },
  {
    name: 'a recovery of no fault',
    blocks: slo('measure: "time_to_recover{fault:kil}", thresholds: ["value<5s"]'),
    what: 'there is no fault kil',
    next: 'write kill',
  },
  {
    name: 'a count by percentile',
    blocks: slo('measure: items_lost, thresholds: ["p(95)<1"]'),
    what: 'items_lost cannot be judged by p(N)',
    next: 'use count',
  },
  {
    name: 'a duration by count',
    blocks: slo('measure: send_duration, thresholds: ["count<1"]'),
    what: 'send_duration cannot be judged by count',
  },
  {
    name: 'a rate by rate',
    blocks: slo('measure: offered_rate, thresholds: ["rate>1"]'),
    what: 'offered_rate cannot be judged by rate',
    next: 'use value',
  },
  {
    name: 'a ratio by value',
    blocks: slo('measure: refused_ratio, thresholds: ["value<5%"]'),
    what: 'refused_ratio cannot be judged by value',
    next: 'use rate',
  },
  {
    name: 'promql by avg',
    blocks: slo('promql: up, unit: x, thresholds: ["avg<1"]'),
    what: 'a promql SLO cannot be judged by avg',
  },
  {
    name: 'a unit that does not fit',
    blocks: slo('measure: items_lost, thresholds: ["count<5ms"]'),
    what: /cannot be read/,
  },
  {
    name: 'promql without a unit',
    blocks: slo('promql: up, thresholds: ["value<1"]'),
    what: 'a promql SLO states its unit',
  },
  {
    name: 'no threshold',
    blocks: slo('measure: items_lost, thresholds: []'),
    what: 'slos[0].thresholds has a wrong value',
  },
  {
    name: 'a window of no fault',
    blocks: slo('measure: items_lost, thresholds: [count==0], window: "during:kil"'),
    what: /names a fault/,
    next: 'write kill',
  },
  {
    name: 'a window of no entry',
    blocks: slo('measure: items_lost, thresholds: [count==0], window: span'),
    what: 'there is no such window',
    next: 'write spans',
  },
  {
    name: 'two SLOs of one name',
    blocks: {
      slos: '[{name: a, measure: items_lost, thresholds: [count==0]}, {name: a, measure: items_late, thresholds: [count==0]}]',
    },
    what: 'two SLOs have one name',
  },
  // top
  {
    name: 'a version of later',
    blocks: { apiVersion: 'squall/v2' },
    what: 'apiVersion has a wrong value',
    next: 'write squall/v1',
  },
  {
    name: 'a ratio above 1',
    blocks: { expect: '{delivered: {traces: {ratio: 120%, within: 1%}}}' },
    what: 'expect.delivered.traces.ratio has a wrong value',
    found: '120%',
  },
];

describe('one mistake is reported once, with what was found and what to do', () => {
  test.each(rows)('$name', ({ blocks, what, code, found, next }) => {
    const mistakes = mistakesOf(() =>
      parseText(scenarioText(blocks as Record<string, string>), { file: join(folder, 'test.yaml') }),
    );
    expect(mistakes.map((mistake) => mistake.what)).toHaveLength(1);
    const [mistake] = mistakes;
    if (typeof what === 'string') expect(mistake?.what).toBe(what);
    else expect(mistake?.what).toMatch(what);
    expect(mistake?.code).toBe(code ?? 'SQ-SCENARIO-INVALID');
    expect(mistake?.where).toMatch(/test\.yaml:\d+:\d+$/);
    if (found !== undefined) expect(mistake?.found).toBe(found);
    if (typeof next === 'string') expect(mistake?.next).toBe(next);
    else if (next !== undefined) expect(mistake?.next).toMatch(next);
  });
});

test('an unsupported kind lists those that the target can do', () => {
  const [mistake] = mistakesOf(() =>
    parseText(
      scenarioText({ target: external('{grpc: "[::1]:4317"}', 'sink: {}'), faults: pause('name: p') }),
    ),
  );
  expect(mistake?.expected).toMatch(/^a kind that external can do: .*backend-outage/);
  expect(mistake?.expected).not.toContain('container-pause');
});

test.each([
  'localhost:4317',
  '127.1.2.3:4317',
  '[::1]:4317',
  'http://127.0.0.1:4317',
  'https://localhost:4317',
])('%s is this machine and needs no limits', (endpoint) => {
  expect(() => parseText(scenarioText({ target: external(`{grpc: "${endpoint}"}`) }))).not.toThrow();
});

test('a load may be as large as its limit, whatever the division by a time unit rounds', () => {
  for (let rate = 16_000; rate < 16_200; rate++) {
    const load = `{l: {${spans}, rate: ${rate}, duration: 30s}}`;
    const own = `{itemsPerS: ${rate}, items: ${rate * 30}}`;
    const text = scenarioText({ target: external('{grpc: "gw:4317"}'), load, limits: own });
    expect(() => parseText(text)).not.toThrow();
  }
});
