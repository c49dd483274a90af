import { expect, test } from 'vitest';
import { backendOutage } from '../../../src/fault/backend-outage.ts';
import type { FaultContext } from '../../../src/fault/fault.ts';
import type { ObjectPower } from '../../../src/target/target.ts';
import { createSimClock } from '../../fixtures/sim-clock.ts';

/** A Service with one endpoint and an exporter that holds its connection as long as `held` says. */
function world() {
  const state = { selector: { app: 'jaeger' } as Record<string, string>, held: true, sent: 100, waiting: 0 };
  const clock = createSimClock();
  const pointed = () => !('squall.dev/outage' in state.selector);
  const object: ObjectPower = {
    id: 'service/jaeger',
    read: async () => state.selector,
    refusal: async () => undefined,
    undo: async (fields) => ({
      cluster: { context: 'c' },
      object: { kind: 'service', namespace: 'n', name: 'jaeger', uid: 'u' },
      run: 'r',
      fields: fields.map(({ path }) => ({ path })),
    }),
    change: async () => {
      state.selector = { ...state.selector, 'squall.dev/outage': 'true' };
    },
  };
  const exporter = async () => {
    if (pointed() || state.held) state.sent += 10;
    else state.waiting += 10;
    return { name: 'otlp_grpc/jaeger', sent: state.sent, waiting: state.waiting };
  };
  const backend = { service: { object, endpoints: async () => (pointed() ? 1 : 0) }, exporter };
  const member = { name: 'jaeger', group: 'jaeger', otlp: { headers: {} }, version: '', backend };
  const context: FaultContext = {
    clock,
    runId: 'r',
    fault: 'away',
    deadlineMs: 60_000,
    memory: new Map(),
    journal: () => undefined,
    amend: () => undefined,
  };
  const params = backendOutage.params.parse({ action: 'selector' });
  return { state, clock, member, context, params };
}

test('a Service without endpoints is no outage as long as the exporter sends by a connection that it holds', async () => {
  const { state, clock, member, context, params } = world();
  expect(await backendOutage.precondition(member, params)).toBeUndefined();
  await backendOutage.inject(member, params, context);
  for (let second = 0; second < 5; second++) {
    expect(await backendOutage.effect(member, params, context)).toBeUndefined();
    await clock.pass(1000);
  }
  expect(await backendOutage.noEffect?.(member, params, context)).toContain(
    'goes on by connections that it holds',
  );
  state.held = false;
  expect(await backendOutage.effect(member, params, context)).toBeUndefined();
  await clock.pass(2000);
  expect(await backendOutage.effect(member, params, context)).toContain('has sent nothing for 2 s');
});

test('it is gone when as many endpoints are ready as before', async () => {
  const { state, member, context, params } = world();
  await backendOutage.inject(member, params, context);
  expect(await backendOutage.absence(member, params, context)).toBeUndefined();
  state.selector = { app: 'jaeger' };
  expect(await backendOutage.absence(member, params, context)).toContain('1 ready endpoints again');
  expect(context.memory.has('endpointReadyNs')).toBe(true);
});

test('its undo is one field of the Service, which was not there', async () => {
  const { member, context, params } = world();
  expect(await backendOutage.undo(member, params, context)).toMatchObject([
    { kind: 'kubernetes-restore', fields: [{ path: '/spec/selector/squall.dev~1outage' }] },
  ]);
});

test('a scripted answer acts on the sink, scale and selector on a backend', () => {
  const actsOn = (action: string) => backendOutage.actsOn?.(backendOutage.params.parse({ action }));
  expect(['refuse', 'slow', 'scale', 'selector'].map(actsOn)).toEqual(['sink', 'sink', 'backend', 'backend']);
});
