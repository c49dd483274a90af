import { expect, test } from 'vitest';
import { compilePlan } from '../../../src/plan/compile.ts';
import { printPlan } from '../../../src/plan/print.ts';
import { parseText, scenarioText } from '../../fixtures/scenario-text.ts';

test('a plan as people read it', () => {
  const { scenario } = parseText(
    scenarioText({
      description: 'What is lost?',
      warmup: '5s',
      load: `
  spans: {signal: traces, executor: constant-arrival-rate, rate: 2.5, duration: 40s, batch: 10}
  points: {signal: metrics, executor: ramping-arrival-rate, protocol: http/json, stages: [{duration: 30s, target: 5000, name: rise}], arrivals: poisson}
  some: {signal: logs, executor: shared-iterations, iterations: 1000000, maxDuration: 20s}`,
      faults: `
  - {name: outage, kind: backend-outage, at: 25s, duration: 5s, action: refuse}
  - {name: kill, kind: container-kill, at: 20s}`,
      slos: '[{measure: items_lost, thresholds: [{threshold: count==0, abortOnFail: true}], window: "after:kill"}]',
      settle: '30s',
    }),
  );
  const plan = compilePlan(scenario, { runId: 'r', seed: 7, epochNs: '0', workers: 2 });
  const text = printPlan(plan, scenario, {
    preconditions: ['no cgroup is writable: CPU limits cannot be set'],
    touches: ['starts collector-0'],
    predictions: [{ fault: 'kill', items: 52_000, why: 'the queue is in memory' }],
  });
  expect(text).toMatchInlineSnapshot(`
    "test  (target local, seed 7)
    What is lost?

    Load
      spans: 100 spans over grpc, up to 2.5/s, 10 requests of 10
      points: 75,000 points over http/json, up to 5,000/s, 750 requests of 100, Poisson arrivals
      some: 1,000,000 log records over grpc, as fast as it is answered, 10,000 requests of 100
      total  1,075,100 items, about 282.8 MB before compression, in 40s

    Timeline
             0s  load spans begins
             0s  load points begins
             0s  load points: stage rise
             0s  load some begins
             5s  warm-up over: windows begin
            20s  load some ends at the latest
            20s  fault kill: container-kill on one of collector
            25s  fault outage: backend-outage on the sink for 5s
            30s  load points ends
            30s  fault outage: recovered
            40s  load spans ends
            40s  load over: settling

    SLOs
      items_lost in after:kill: count==0, else the run stops

    Settling
      until the target is empty, at most 30s

    Touches
      starts collector-0

    Worst loss predicted
      kill: at most 52,000 items (the queue is in memory)

    Missing here
      no cgroup is writable: CPU limits cannot be set
    "
  `);
});

test('a drill is printed step by step, and the times of its faults as the latest', () => {
  const { scenario } = parseText(
    scenarioText({
      target: '{external: {otlp: {grpc: "127.0.0.1:4317"}, sink: {}, prometheus: "http://127.0.0.1:9090"}}',
      load: '{spans: {signal: traces, executor: constant-arrival-rate, rate: 10, duration: 20m}}',
      faults: '[{name: outage, kind: backend-outage, duration: 5s, action: refuse}]',
      drill: `
  - {suspend: Ready?, deadline: 2m, runbook: book}
  - {fault: outage}
  - {expect: {alert: Down, firesWithin: 10s, resolvesWithin: 1m}}
  - {expect: {alert: Slow, firesWithin: 10s}}`,
    }),
  );
  const plan = compilePlan(scenario, { runId: 'r', seed: 7, epochNs: '0', workers: 1 });
  const text = printPlan(plan, scenario, { preconditions: [], touches: [], predictions: [] });
  expect(text.slice(text.indexOf('Drill'), text.indexOf('\n\nSLOs'))).toMatchInlineSnapshot(`
    "Drill
       1  ask: Ready? (runbook: book); without an answer in 2m it ends
       2  fault outage, once those before it are over
       3  alert Down is to fire within 10s of outage and to resolve within 1m of its end
       4  alert Slow is to fire within 10s of outage

    Timeline
             0s  load spans begins
             6m  fault outage: backend-outage on the sink for 5s, at the latest
           6m5s  fault outage: recovered
            20m  load spans ends
            20m  load over at the latest, sooner with the drill: settling"
  `);
});
