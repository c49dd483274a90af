import { expect, test } from 'vitest';
import { chaosRefusal, chaosSpec, isInjected } from '../../../src/target/chaos-mesh.ts';
import { proofWords, whyNot } from '../../../src/target/made-link.ts';
import {
  movingExporters,
  type Passage,
  passageOn,
  stallOf,
  watchPassage,
} from '../../../src/target/passage.ts';

const page = (accepted: number, sent: Record<string, number>) =>
  [
    '# TYPE otelcol_receiver_accepted_spans counter',
    `otelcol_receiver_accepted_spans_total{receiver="otlp",transport="grpc"} ${accepted}`,
    'otelcol_receiver_accepted_spans_total{receiver="otlp",transport="http"} 0',
    ...Object.entries(sent).map(
      ([name, value]) =>
        `otelcol_exporter_sent_spans__spans__total{otel_scope="x",exporter="${name}"} ${value}`,
    ),
    'otelcol_exporter_sent_log_records{exporter="otlp"} 5',
    'otelcol_exporter_send_failed_spans{exporter="otlp"} 77',
  ].join('\n');

test('a page is read whatever its version writes; one without counters is none', () => {
  const found = passageOn(page(100, { otlp: 60, debug: 40 }), 7);
  expect(found).toEqual({ atNs: 7, accepted: 100, sent: new Map(Object.entries({ otlp: 65, debug: 40 })) });
  expect(passageOn('otelcol_process_uptime 3\n', 7)).toBeUndefined();
});

const look = (atS: number, accepted: number, otlp: number, debug = 0): Passage => ({
  atNs: atS * 1e9,
  accepted,
  sent: new Map(Object.entries({ otlp, debug })),
});
const sent = { side: 'sent' as const, exporters: ['otlp', 'debug'], overNs: 3e9 };

test('a stall is what came in and did not go on for long enough, up to the last look', () => {
  const running = [look(0, 0, 0), look(1, 10, 9), look(2, 20, 19), look(3, 30, 29), look(4, 40, 39)];
  expect(stallOf(running, { ...sent, exporters: ['otlp'] })).toBeUndefined();
  const cut = [look(0, 0, 0), look(1, 10, 9), look(2, 20, 9), look(3, 30, 9), look(4, 40, 9)];
  const stall = { overNs: 3e9, items: 30, exporters: ['otlp'] };
  expect(stallOf(cut, { ...sent, exporters: ['otlp'] })).toEqual(stall);
  expect(stallOf(cut.slice(0, 4), { ...sent, exporters: ['otlp'] })).toBeUndefined();
  expect(stallOf([...cut, look(5, 50, 10)], { ...sent, exporters: ['otlp'] })).toBeUndefined();
});

test('one of several exporters is enough; what never moved, or lacks anything to send, has not stalled', () => {
  const looks = [look(0, 0, 5, 1), look(2, 20, 5, 2), look(4, 40, 5, 3)];
  expect(stallOf(looks, sent)).toEqual({ overNs: 4e9, items: 40, exporters: ['otlp'] });
  expect(stallOf(looks, { ...sent, exporters: ['debug'] })).toBeUndefined();
  expect(stallOf([look(0, 9, 5), look(4, 9, 5)], sent)).toBeUndefined();
  expect(movingExporters(look(0, 0, 5, 1), look(1, 0, 5, 2))).toEqual(['debug']);
});

test('a member that takes in nothing more has stalled by that', () => {
  const accepted = { side: 'accepted' as const, exporters: [], overNs: 3e9 };
  expect(stallOf([look(0, 9, 1), look(4, 9, 7)], accepted)).toEqual({ overNs: 4e9, items: 0, exporters: [] });
  expect(stallOf([look(0, 9, 1), look(4, 10, 7)], accepted)).toBeUndefined();
});

/** A collector on a clock of its own: 10 a second come in and go on, until the side that is cut stands still. */
function collector(side: 'sent' | 'accepted') {
  let nowNs = 0;
  let cutNs = Number.POSITIVE_INFINITY;
  const clock = {
    nowNs: () => nowNs,
    wallMs: () => 0,
    sleep: async (ms: number) => {
      nowNs += ms * 1e6;
    },
  };
  const read = async () => {
    const until = Math.min(nowNs, cutNs) / 1e8;
    return page(side === 'accepted' ? until : nowNs / 1e8, { otlp: until });
  };
  const watch = watchPassage({ clock, side, overNs: 3e9, read });
  return { watch, clock, cut: () => (cutNs = nowNs) };
}

test('a watch sees what moves, then that it stopped, and else how much went on', async () => {
  const { watch, clock, cut } = collector('sent');
  await watch.begin();
  watch.struck();
  expect(await watch.look()).toMatchObject({ stall: undefined, moved: true });
  await clock.sleep(4000);
  const on = await watch.look();
  expect(on).toMatchObject({ stall: undefined, moved: true });
  expect(on.passed).toBeGreaterThanOrEqual(30);
  cut();
  await clock.sleep(1000);
  await watch.look();
  await clock.sleep(3000);
  expect((await watch.look()).stall).toMatchObject({ items: 40, exporters: ['otlp'] });
});

test('a stall from before the cut is not its doing', async () => {
  const { watch, clock, cut } = collector('sent');
  await watch.begin();
  cut();
  for (const second of [1, 2]) {
    await clock.sleep(1000 * second);
    await watch.look();
  }
  watch.struck();
  await clock.sleep(1000);
  await watch.look();
  await clock.sleep(2000);
  expect((await watch.look()).stall).toBeUndefined();
  await clock.sleep(1000);
  expect((await watch.look()).stall).toMatchObject({ items: 30 });
});

test.each(['sent', 'accepted'] as const)(
  'where nothing was %s before it, nothing has stopped',
  async (side) => {
    const { watch, clock, cut } = collector(side);
    cut();
    await watch.begin();
    watch.struck();
    await watch.look();
    await clock.sleep(5000);
    expect(await watch.look()).toMatchObject({ stall: undefined, moved: false });
  },
);

const cut = {
  name: 'squall-cut-1',
  labels: {},
  end: { role: 'client' as const, ports: [4317], addresses: ['10.0.0.1'] },
  effect: { kind: 'partition' as const, direction: 'both' as const },
  holdMs: 20_000,
};

test('the words say what was seen of a cut, and where it had none, why and what to do', () => {
  const words = {
    pod: 'gateway-1',
    peer: 'sink',
    what: 'NetworkPolicy squall-cut-1',
    cut,
    side: 'sent' as const,
  };
  const seen = { stall: undefined, moved: true, passed: 1200, sinceMs: 12_000 };
  const stall = { overNs: 5e9, items: 500, exporters: ['otlp_grpc'] };
  expect(proofWords({ ...words, seen: { ...seen, stall } })).toBe(
    'gateway-1 took in 500 items in 5s and sent none of them on (otlp_grpc), by NetworkPolicy squall-cut-1',
  );
  expect(whyNot({ ...words, seen }, 'do this')).toBe(
    'NetworkPolicy squall-cut-1 is in place, and gateway-1 sent 1200 items in 12s all the same on its link to sink: do this',
  );
  expect(whyNot({ ...words, seen: { ...seen, moved: false } }, 'do this')).toContain(
    'sent nothing before it',
  );
});

test('Chaos Mesh is asked for one pod and the addresses of a link, and ends it by itself', () => {
  const pod = { namespace: 'otel', name: 'gateway-1' };
  const common = {
    mode: 'all',
    selector: { namespaces: ['otel'], pods: { otel: ['gateway-1'] } },
    externalTargets: ['10.0.0.1'],
    duration: '20000ms',
  };
  const { end, holdMs } = cut;
  const specOf = (effect: Parameters<typeof chaosSpec>[0]['effect']) =>
    chaosSpec({ pod, end, effect, holdMs });
  expect(specOf(cut.effect)).toEqual({ ...common, direction: 'both', action: 'partition' });
  expect(specOf({ kind: 'delay', latencyMs: 50, jitterMs: 5, direction: 'to' })).toMatchObject({
    action: 'delay',
    delay: { latency: '50ms', jitter: '5ms' },
  });
  expect(specOf({ kind: 'loss', ratio: 0.05, direction: 'to' })).toMatchObject({ loss: { loss: '5' } });
  expect(specOf({ kind: 'bandwidth', bytesPerS: 250_000, direction: 'to' })).toMatchObject({
    bandwidth: { rate: '250000bps' },
  });
  expect(chaosRefusal(end, cut.effect)).toBeUndefined();
  expect(chaosRefusal({ ...end, addresses: [] }, cut.effect)).toContain('addresses');
  expect(chaosRefusal(end, { kind: 'loss', ratio: 0.1, direction: 'both' })).toContain(
    'must be to, not both',
  );
});

test('Chaos Mesh has done it when its controller says so, and not by silence', () => {
  const conditions = (status: string) => ({ status: { conditions: [{ type: 'AllInjected', status }] } });
  expect(isInjected({})).toBeUndefined();
  expect(isInjected({ status: { conditions: [{ type: 'Selected', status: 'True' }] } })).toBeUndefined();
  expect(isInjected(conditions('False'))).toBe(false);
  expect(isInjected(conditions('True'))).toBe(true);
});
