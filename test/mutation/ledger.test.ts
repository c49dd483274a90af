import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type Mutation, makeMutant } from '../fixtures/mutant.ts';
import { loadSubject } from '../fixtures/planted-loss.ts';
import { simulate } from '../fixtures/planted-loss-run.ts';

/** Mistakes that somebody could make in ledger and classification: each must be caught by the planted losses. */
const mutations: Mutation[] = [
  {
    name: 'a partial success excuses one missing item too many',
    file: 'observe/ledger-count.ts',
    from: 'Math.max(0, missing - rejected)',
    to: 'Math.max(0, missing - rejected - 1)',
  },
  {
    name: 'a partial success excuses nothing',
    file: 'observe/ledger-count.ts',
    from: 'Math.max(0, missing - rejected)',
    to: 'missing',
  },
  {
    name: 'rejected and yet delivered is not recovered',
    file: 'observe/ledger-count.ts',
    from: 'counts.recovered += Math.max(0, rejected - missing);',
    to: '',
  },
  {
    name: 'refused and unknown are swapped',
    file: 'observe/ledger-count.ts',
    from: '=== requestClass.refused) counts.refused',
    to: '=== requestClass.unknown) counts.refused',
  },
  {
    name: 'a partial success may reject more than was sent',
    file: 'observe/ledger-count.ts',
    from: 'return Math.min(said, count);',
    to: 'return said;',
  },
  {
    name: 'before settling is over, pending counts as lost',
    file: 'observe/ledger-count.ts',
    from: 'if (!of.settled)',
    to: 'if (of.settled === undefined)',
  },
  {
    name: 'unknown and yet delivered is not recovered',
    file: 'observe/ledger-count.ts',
    from: 'counts.recovered += arrived;',
    to: '',
  },
  {
    name: 'the candidates of a doubtful loss pass for certain ones',
    file: 'observe/ledger-count.ts',
    from: 'rejected > 0 ? { ambiguous: rejected } : {}',
    to: '{}',
  },
  {
    name: 'late counts from due without its allowance',
    file: 'observe/ledger-stream.ts',
    from: '(requests.dueNs[request] as number) + piece.lateAfterNs',
    to: '(requests.dueNs[request] as number)',
  },
  {
    name: 'a late second copy makes an item late',
    file: 'observe/ledger-stream.ts',
    from: 'piece.count - again',
    to: 'piece.count',
  },
  {
    name: 'what the target made us miss counts as offered',
    file: 'observe/ledger-stream.ts',
    from: 'requestClassNumber !== requestClass.missedByGenerator &&',
    to: 'requestClassNumber !== requestClass.missedByGenerator ||',
  },
  {
    name: 'one retry does not explain a duplicate',
    file: 'observe/request-records.ts',
    from: '(cells[at + cell.attempts] as number) > 1',
    to: '(cells[at + cell.attempts] as number) > 2',
  },
  {
    name: 'ids that were never offered are passed over',
    file: 'observe/ledger-stream.ts',
    from: 'arrivals.unexpected.add(at, gapEnd - at);',
    to: '',
  },
  {
    name: 'what the sink saw and dropped counts as delivered',
    file: 'observe/ledger.ts',
    from: 'else if (record.accepted)',
    to: 'else if (record.count > 0)',
  },
  {
    name: 'members before a run count as in it',
    file: 'observe/delivered.ts',
    from: 'placeOf(chunk.at, to) - placeOf(chunk.at, from)',
    to: 'placeOf(chunk.at, to)',
  },
  {
    name: 'gaps are joined over what arrived between them',
    file: 'observe/delivered.ts',
    from: 'if (from !== gapTo) {',
    to: 'if (gapTo < 0) {',
  },
  {
    name: 'requests are looked up one too late',
    file: 'observe/request-records.ts',
    from: 'return low - 1;',
    to: 'return low;',
  },
  {
    name: 'request records are taken to be in order',
    file: 'observe/request-records.ts',
    from: 'if (inOrder) return;',
    to: 'if (inOrder || length > 0) return;',
  },
  {
    name: 'runs of two streams are joined',
    file: 'otlp/decode-items.ts',
    from: 'last >= 0 && runs.stream[last] === stream',
    to: 'last >= 0',
  },
  {
    name: 'a trace id that is not ours passes',
    file: 'otlp/decode-ids.ts',
    from: 'if (isTraceOf(state, number, batch, traceAt))',
    to: 'if (isTraceOf(state, number, batch, traceAt) || batch > 0)',
  },
  {
    name: 'a point off its grid passes for the one before',
    file: 'otlp/decode-point.ts',
    from: 'Number.isInteger(round) ? round : -1',
    to: 'Math.floor(round)',
  },
  {
    name: 'only the last attempt decides between refused and unknown',
    file: 'load/flow.ts',
    from: "indefinite ||= outcome.kind === 'unknown'",
    to: "indefinite = outcome.kind === 'unknown'",
  },
  {
    name: 'CANCELLED passes for a definite answer',
    file: 'load/answer.ts',
    from: 'const grpcIndefinite = new Set([1, 4]);',
    to: 'const grpcIndefinite = new Set([4]);',
  },
  {
    name: '502 passes for a definite answer',
    file: 'load/answer.ts',
    from: 'const httpIndefinite = new Set([502, 504]);',
    to: 'const httpIndefinite = new Set([504]);',
  },
  {
    name: 'a partial success passes for a full one',
    file: 'load/answer.ts',
    from: 'if (partial.rejected > 0) {',
    to: 'if (partial.rejected > 1e9) {',
  },
];

const runsMax = 1500;
let remove: () => void = () => undefined;

beforeAll(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterAll(() => {
  vi.useRealTimers();
});
afterEach(() => remove());

test.each(mutations)('planted losses catch: $name', async (mutation) => {
  expect(await firstDifference(mutation, runsMax)).toBeDefined();
});

test('a copy without a change is not caught', async () => {
  expect(await firstDifference(undefined, 200)).toBeUndefined();
});

async function firstDifference(change: Mutation | undefined, runs: number): Promise<string | undefined> {
  const mutant = makeMutant(change);
  remove = mutant.remove;
  const subject = loadSubject(mutant.src);
  for (let seed = 0; seed < runs; seed++) {
    const caught = await simulate(subject, seed).then(
      ({ wrong }) => wrong[0],
      (error: unknown) => String(error),
    );
    if (caught !== undefined) return caught;
  }
  return undefined;
}
