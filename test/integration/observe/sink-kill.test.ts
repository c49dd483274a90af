import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nowNs } from '../../../src/base/clock.ts';
import type { Protocol } from '../../../src/base/signal.ts';
import { startLoad } from '../../../src/load/engine.ts';
import { readColumns } from '../../../src/observe/columns.ts';
import { createSequenceSet } from '../../../src/observe/delivered.ts';
import { arrivalFields, requestClass, requestFields } from '../../../src/observe/evidence.ts';
import type { SinkStart } from '../../../src/observe/sink-messages.ts';
import type { Plan } from '../../../src/plan/types.ts';
import { closedEntry, loadPlan } from '../../fixtures/load/plan.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'squall-sink-kill-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Loads a durable sink in its own process and kills that process as soon as `after` items are acknowledged. */
async function loadAndKill(plan: Plan, after: number): Promise<void> {
  const program = new URL('../../fixtures/programs/durable-sink.ts', import.meta.url);
  const sink = fork(program, { execArgv: [] });
  const address = '127.0.0.1:0';
  const arrivalsFile = join(dir, 'arrivals.bin');
  sink.send({ plan, grpc: address, http: address, arrivalsFile, durable: true } satisfies SinkStart);
  const [listening] = (await once(sink, 'message')) as [{ grpc: string; http: string }];
  const load = await startLoad({
    plan,
    endpoints: [{ member: 'sink', otlp: { ...listening, headers: {} } }],
    evidenceDir: dir,
    onProgress: ({ acknowledged }) => {
      if (acknowledged >= after) sink.kill('SIGKILL');
    },
  });
  load.go(nowNs());
  await once(sink, 'exit');
  load.stop();
  await load.done;
  await load.close();
}

describe('durable: the sink records before it acknowledges', () => {
  test.each<Protocol>(['grpc', 'http/protobuf', 'http/json'])(
    'after SIGKILL under %s load every acknowledged item is in arrivals.bin',
    async (protocol) => {
      const spec = { protocol, batch: 20, maxInFlight: 8, timeoutMs: 20_000 };
      const plan = loadPlan([closedEntry({ spec, items: 5_000_000, durationMs: 60_000 })]);
      await loadAndKill(plan, 2_000);

      const requests = readColumns(join(dir, 'requests-0.bin'), requestFields);
      const arrivals = readColumns(join(dir, 'arrivals.bin'), arrivalFields);
      const recorded = createSequenceSet();
      for (let row = 0; row < arrivals.count; row++) {
        recorded.add(arrivals.column('from')[row] ?? -1, arrivals.column('count')[row] ?? 0);
      }
      const missing: number[] = [];
      let acknowledged = 0;
      for (let row = 0; row < requests.count; row++) {
        if (requests.column('class')[row] !== requestClass.acknowledged) continue;
        const from = requests.column('from')[row] ?? -1;
        const count = requests.column('count')[row] ?? 0;
        acknowledged += count;
        recorded.gaps(from, count, (at) => missing.push(at));
      }
      expect(acknowledged).toBeGreaterThanOrEqual(2_000);
      expect(missing).toEqual([]);
    },
  );
});
