import { defineScenario } from '../src/index.ts';

/*
 * How does latency follow the rate? A scenario as a module: the stages are computed, and each has windows and SLOs of
 * its own. Expect: pass. A stock gateway answers a batch of 100 spans within a few milliseconds at all of these rates,
 * because the batch processor takes it and the client does not wait for the export. A step that fails alone says from
 * which rate on this machine is too small. In a project of your own the import is from 'squall'.
 */
const steps = [2_000, 5_000, 10_000];

export default defineScenario({
  apiVersion: 'squall/v1',
  name: 'ramp',
  description: 'How does the latency of a stock gateway follow the rate?',
  target: { local: { members: { collector: { config: 'collectors/gateway.yaml', replicas: 1 } } } },
  warmup: '5s',
  load: {
    spans: {
      signal: 'traces',
      executor: 'ramping-arrival-rate',
      startRate: 0,
      timeUnit: '1s',
      // Five seconds up to each step, ten seconds on it.
      stages: steps.flatMap((target) => [
        { duration: '5s', target, name: `to-${target}` },
        { duration: '10s', target, name: `at-${target}` },
      ]),
      protocol: 'grpc',
      batch: 100,
    },
  },
  slos: [
    ...steps.map((rate) => ({
      name: `P95 at ${rate}/s`,
      measure: 'ack_duration{signal:traces}',
      thresholds: ['p(95)<10ms'],
      window: `spans/at-${rate}`,
    })),
    {
      measure: 'acknowledged_rate{signal:traces}',
      thresholds: [`value>=${0.99 * (steps.at(-1) ?? 0)}`],
      window: `spans/at-${steps.at(-1)}`,
    },
    { measure: 'items_lost', thresholds: ['count==0'] },
    { measure: 'items_undelivered', thresholds: ['count==0'] },
  ],
});
