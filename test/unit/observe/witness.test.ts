import { expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { arrivalFields } from '../../../src/observe/evidence.ts';
import { askWitness } from '../../../src/observe/witness.ts';
import { runKeys, traceOf, writeId, writeTraceId } from '../../../src/otlp/item-id.ts';
import { requestColumns, runRecord } from '../../fixtures/run-evidence.ts';

const { plan } = runRecord();
const keys = runKeys(plan.runId);
const batch = 10;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Ids as the load gives them; Jaeger writes them without leading zeros. */
function ids(sequence: number) {
  const [trace, span] = [new Uint8Array(16), new Uint8Array(8)];
  writeTraceId(keys, 1, traceOf(sequence, batch), trace, 0);
  writeId(keys.span, 1, sequence, span, 0);
  return { traceID: hex(trace), spanID: hex(span) };
}

/** A Jaeger that has these sequences of stream 1, and answers as the real one does. */
function jaeger(has: () => readonly number[]) {
  const asked: string[] = [];
  return {
    asked,
    ask: async (path: string) => {
      asked.push(path);
      const wanted = new URLSearchParams(path.slice(path.indexOf('?'))).getAll('traceID');
      const spans = has().map(ids);
      const there = wanted.filter((id) => spans.some(({ traceID }) => traceID === id));
      return {
        data: there.map((traceID) => ({
          traceID,
          spans: spans.filter((span) => span.traceID === traceID).map(({ spanID }) => ({ spanID })),
        })),
        errors: wanted
          .filter((id) => !there.includes(id))
          .map((traceID) => ({ msg: 'trace not found', traceID })),
      };
    },
  };
}

const upTo = (end: number) => Array.from({ length: end }, (_, i) => i);
const requests = [
  requestColumns([
    { from: 0, dueMs: 10 },
    { from: 10, dueMs: 20, kind: 'unknown' },
    { from: 20, count: 7, dueMs: 30 },
    { from: 30, dueMs: 40, kind: 'missedByTarget' },
  ]),
];
const quick = { ...systemClock, sleep: async () => undefined };

async function found(ask: (path: string) => Promise<unknown>) {
  const { signal } = new AbortController();
  const { arrivals, reason } = await askWitness({ plan, requests, ask, clock: quick, signal });
  const width = arrivalFields.length;
  const records = Array.from({ length: arrivals.length / width }, (_, i) =>
    [...arrivals.slice(i * width, (i + 1) * width)].slice(0, 3),
  );
  return { records, reason };
}

test('asks for all that was offered, whatever its answer, and takes it as arrivals: runs of sequences', async () => {
  const { asked, ask } = jaeger(() => upTo(27).filter((sequence) => ![4, 12, 13].includes(sequence)));
  const { records, reason } = await found(ask);
  expect(reason).toBeUndefined();
  expect(records).toEqual([
    [1, 0, 4],
    [1, 5, 5],
    [1, 10, 2],
    [1, 14, 6],
    [1, 20, 7],
  ]);
  // 3 traces for each of the whole batches, as many for the seven; nothing of what was never sent.
  expect(asked[0]?.match(/traceID=/g)).toHaveLength(9);
});

test('looks again as long as more come, and only for what is not whole yet', async () => {
  let looks = 0;
  const { asked, ask } = jaeger(() => upTo(Math.min(27, 9 * ++looks)));
  expect((await found(ask)).records).toEqual([
    [1, 0, 10],
    [1, 10, 10],
    [1, 20, 7],
  ]);
  expect(asked).toHaveLength(3);
  expect(asked[2]?.length).toBeLessThan(asked[0]?.length ?? 0);
});

test('an API that does not answer, or with another failure than a missing trace, leaves it unknown', async () => {
  const away = () => Promise.reject(new Error('HTTP 503: no endpoints'));
  expect(await found(away)).toEqual({ records: [], reason: 'HTTP 503: no endpoints' });
  const failing = async () => ({ data: null, errors: [{ msg: 'badger is closed' }] });
  expect((await found(failing)).reason).toBe('badger is closed');
  expect((await found(async () => ({ status: 'ok' }))).reason).toBeTypeOf('string');
});
