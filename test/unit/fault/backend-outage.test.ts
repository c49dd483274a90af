import { expect, test } from 'vitest';
import { backendOutage } from '../../../src/fault/backend-outage.ts';
import { startFaultEngine } from '../../../src/fault/engine.ts';
import type { Fault, SinkReply, SinkScript } from '../../../src/fault/fault.ts';
import { undoMarginMs } from '../../../src/fault/injection.ts';
import type { JournalEvent } from '../../../src/fault/journal.ts';
import type { Plan } from '../../../src/plan/types.ts';
import { createTimedReply } from '../../../src/pod/timed-reply.ts';
import type { Target } from '../../../src/target/target.ts';
import { createSimClock } from '../../fixtures/sim-clock.ts';

const holdMs = 1_000;

/** An outage of one second of a sink in a pod that cannot be spoken to from 0.5 s to `backMs`. */
function world(backMs: number) {
  const clock = createSimClock();
  let present: SinkReply | undefined;
  const set = createTimedReply(
    () => ({
      set: async (reply) => {
        present = reply;
        return undefined;
      },
    }),
    clock,
  );
  const sink: SinkScript = {
    endsByItself: true,
    async set(reply, endNs) {
      if (clock.wallMs() > 500) await clock.sleep(Math.max(0, backMs - clock.wallMs()));
      return set(reply, endNs);
    },
    struck: async () => (present === undefined ? 0 : 1),
  };
  const members = [{ name: 'sink', group: 'sink', otlp: { headers: {} }, version: '' }];
  const params = backendOutage.params.parse({ action: 'refuse' });
  const selector = { member: 'sink', mode: 'one' as const };
  const spec = { name: 'away', kind: 'backend-outage', atMs: 0, selector, params };
  const events: JournalEvent[] = [];
  const engine = startFaultEngine({
    plan: { faults: [{ spec, startNs: 0, endNs: holdMs * 1e6 }] } as Partial<Plan> as Plan,
    faults: { 'backend-outage': backendOutage as Fault },
    target: { kind: 'kubernetes', members } as Partial<Target> as Target,
    sink,
    journal: { append: (event) => void events.push(event), close: () => undefined },
    clock,
    runId: 'r',
    seed: 1,
  });
  engine.go(0);
  return { clock, engine, events };
}

test.each([
  ['is back in time', 800, holdMs],
  ['is away beyond the deadline', 20_000, holdMs + undoMarginMs],
])(
  'an outage of a sink in a pod that %s ends when it really did, and nobody is ended for it',
  async (_, backMs, endMs) => {
    const { clock, engine, events } = world(backMs);
    await clock.pass(30_000);
    const [record] = await engine.done;
    expect(record).toMatchObject({ verified: true, effect: '1 requests met refuse' });
    expect([record?.observed.recoveredNs, record?.recovery.removedNs]).toEqual([endMs * 1e6, endMs * 1e6]);
    const undos = events.flatMap((event) => (event.kind === 'intent' ? event.undo : []));
    expect(undos.map(({ kind }) => kind)).toEqual(['in-pod']);
  },
);
