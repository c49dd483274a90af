import type { BarePacedStart } from './bare-paced.ts';
import { percentileOf, printHeader, printRow, runProgram } from './machine.ts';
import type { PacedResult } from './paced-sender.ts';
import {
  printPercentiles,
  runStamped,
  seconds,
  spentMs,
  stallMs,
  startStamping,
  widths,
} from './stamped-run.ts';
import type { Stamps } from './stamping-receiver.ts';

/** ms from due or from send to the final answer, ascending; a request without an answer is Infinity. */
function latencies(rows: PacedResult, since: 'dueNs' | 'sendNs'): Float64Array {
  return Float64Array.from(rows.from, (_, i) =>
    rows.class[i] === 0 ? ((rows.finalNs[i] ?? 0) - (rows[since][i] ?? 0)) / 1e6 : Number.POSITIVE_INFINITY,
  ).sort();
}

/** The same delays as a bare client sees them: what the machine adds to anybody's figures. */
async function runBare(meanDelayMs: number): Promise<{ truth: Float64Array; found: Float64Array }> {
  const receiver = await startStamping({ meanDelayMs }, false);
  const start: BarePacedStart = { grpc: receiver.address, requests: 100 * seconds, everyMs: 10 };
  const found = Float64Array.from(await runProgram<number[]>('bare-paced.ts', start)).sort();
  return { truth: spentOf(await receiver.end()), found };
}

/** When the receiver heard nothing for longest: what a sender that was stopped could not send. */
function silenceOf({ arrivedNs }: Stamps): { fromNs: number; toNs: number } {
  const times = arrivedNs.toSorted((a, b) => a - b);
  let longest = { fromNs: 0, toNs: 0 };
  for (const [i, toNs] of times.entries()) {
    const fromNs = times[i - 1] ?? toNs;
    if (toNs - fromNs > longest.toNs - longest.fromNs) longest = { fromNs, toNs };
  }
  return longest;
}

/** From due, ascending, if everything else were at once: what was held up by less than a second is late, more is lost. */
function heldUp(dueNs: readonly number[], held: { fromNs: number; toNs: number }): Float64Array {
  return Float64Array.from(dueNs, (due) => {
    if (due <= held.fromNs || due > held.toNs) return 0;
    const lateMs = (held.toNs - due) / 1e6;
    return lateMs > 1000 ? Number.POSITIVE_INFINITY : lateMs;
  }).sort();
}

function printErrors(found: Float64Array, truth: Float64Array): void {
  const errors = [50, 95, 99].map((p) => (percentileOf(found, p) / percentileOf(truth, p) - 1) * 100);
  printRow(['  error', ...errors.map((error) => `${error.toFixed(1)} %`)], widths);
}

/**
 * Does squall tell the truth about time? 10,000 spans/s over gRPC, 10 s each, in batches of 100, against a receiver that
 * stamps each request with the same clock.
 */
async function main(): Promise<void> {
  printHeader(`latency: ms, 10,000 spans/s over gRPC, ${seconds} s each`);
  printRow(['what', 'p50', 'p95', 'p99', 'max'], widths);
  const delayed = await runStamped({ meanDelayMs: 30 });
  const truth = spentOf(delayed.stamps);
  const found = latencies(delayed.rows, 'sendNs');
  printPercentiles('20 ms + exponential 30 ms: the receiver says', truth);
  printPercentiles('  squall, from send', found);
  printErrors(found, truth);
  const bare = await runBare(30);
  printPercentiles('the same to a bare client: the receiver says', bare.truth);
  printPercentiles('  the bare client, from send', bare.found);
  printErrors(bare.found, bare.truth);
  const held = await runStamped({ stalls: 'receiver' });
  const requests = held.rows.from.length;
  const inStall = requests * (stallMs / 1000 / seconds);
  const p99 = stallMs * (1 - (requests * 0.01) / inStall);
  printRow(
    [`receiver stalls ${stallMs} ms: by arithmetic`, '', '', p99.toFixed(2), stallMs.toFixed(2)],
    widths,
  );
  printPercentiles('  squall, from due', latencies(held.rows, 'dueNs'));
  const stopped = await runStamped({ stalls: 'sender' });
  const missed = stopped.rows.class.filter((one) => one === 3).length;
  const silence = silenceOf(stopped.stamps);
  const expected = heldUp(stopped.rows.dueNs, silence);
  const silentMs = ((silence.toNs - silence.fromNs) / 1e6).toFixed(0);
  const lost = expected.filter((one) => one === Number.POSITIVE_INFINITY).length;
  printPercentiles(`sender silent ${silentMs} ms: by arithmetic (missed ${lost})`, expected);
  printPercentiles(`  squall, from due (missed ${missed})`, latencies(stopped.rows, 'dueNs'));
  const sent = latencies(stopped.rows, 'sendNs').filter(Number.isFinite);
  printPercentiles('  squall, from send, of those sent', sent);
}

function spentOf(stamps: Stamps): Float64Array {
  return Float64Array.from(stamps.from, (_, i) => spentMs(stamps, i)).sort();
}

await main();
