import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { nowNs } from '../src/base/clock.ts';
import { keepCoresAwake } from './awake-cores.ts';
import type { BarePacedStart } from './bare-paced.ts';
import type { BareSocketResult, BareSocketStart } from './bare-socket.ts';
import { percentileOf, printHeader, printRow, runProgram } from './machine.ts';
import { openPlan } from './open-plan.ts';
import type { PacedResult, PacedStart } from './paced-sender.ts';
import type { StampingOrder, StampingStart, Stamps } from './stamping-receiver.ts';

/**
 * Does squall tell the truth about time? 10,000 spans/s over gRPC, 10 or 30 s each, in batches of 100 unless said
 * otherwise, against a receiver that stamps each request with the same clock.
 */
const seconds = 10;
/** Longer, as the first second runs code not yet compiled: of 10 s that is enough to move P95. */
const addedS = 30;
const stallMs = 1400;
const itemsPerS = 10_000;
/** Of a span, with its share of the gRPC and HTTP/2 frames. */
const spanBytes = 267;
/** Of OTLP's answer with its frames. */
const answerBytes = 60;
const widths = [62, 12, 12, 12, 12];

interface Disturbance {
  meanDelayMs?: number;
  batch?: number;
  /** s; 10 unless given. */
  forS?: number;
  /** 5 s after t = 0: the receiver holds its answers, or the sending process is stopped. */
  stalls?: 'receiver' | 'sender';
}

interface Measured<R = Pick<PacedResult, 'from' | 'dueNs' | 'sendNs' | 'finalNs'>> {
  rows: R;
  stamps: Stamps;
}

async function run(how: Disturbance): Promise<Measured<PacedResult>> {
  const { meanDelayMs = 0, batch = 100, forS = seconds, stalls } = how;
  const receiver = fork(new URL('stamping-receiver.ts', import.meta.url), { execArgv: [] });
  receiver.send({ meanDelayMs, batch } satisfies StampingStart);
  const grpc = await answer<string>(receiver);
  const sender = fork(new URL('paced-sender.ts', import.meta.url), { execArgv: [] });
  const plan = openPlan({ fromPerS: itemsPerS, toPerS: itemsPerS, seconds: forS, batch });
  sender.send({ plan, grpc, http: grpc, tellStart: true } satisfies PacedStart);
  const { t0Ns } = await answer<{ t0Ns: number }>(sender);
  const done = answer<PacedResult>(sender);
  const atNs = t0Ns + 5e9;
  if (stalls === 'receiver') {
    receiver.send({ kind: 'stall', atNs, forMs: stallMs } satisfies StampingOrder);
  }
  if (stalls === 'sender') {
    await delay((atNs - nowNs()) / 1e6);
    sender.kill('SIGSTOP');
    await delay(stallMs);
    sender.kill('SIGCONT');
  }
  const rows = await done;
  receiver.send({ kind: 'stamps' } satisfies StampingOrder);
  return { rows, stamps: await answer<Stamps>(receiver) };
}

function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve) => child.once('message', (message) => resolve(message as T)));
}

/** ms from due or from send to the final answer, ascending; a request without an answer is Infinity. */
function latencies(rows: PacedResult, since: 'dueNs' | 'sendNs'): Float64Array {
  return Float64Array.from(rows.from, (_, i) =>
    rows.class[i] === 0 ? ((rows.finalNs[i] ?? 0) - (rows[since][i] ?? 0)) / 1e6 : Number.POSITIVE_INFINITY,
  ).sort();
}

function printPercentiles(name: string, sorted: Float64Array): void {
  printRow([name, ...[50, 95, 99, 100].map((p) => percentileOf(sorted, p).toFixed(2))], widths);
}

/** The same delays as a bare client sees them: what the machine adds to anybody's figures. */
async function runBare(meanDelayMs: number): Promise<{ truth: Float64Array; found: Float64Array }> {
  const receiver = fork(new URL('stamping-receiver.ts', import.meta.url), { execArgv: [] });
  receiver.send({ meanDelayMs } satisfies StampingStart);
  const grpc = await answer<string>(receiver);
  const start: BarePacedStart = { grpc, requests: 100 * seconds, everyMs: 10 };
  const found = Float64Array.from(await runProgram<number[]>('bare-paced.ts', start)).sort();
  receiver.send({ kind: 'stamps' } satisfies StampingOrder);
  return { truth: spentOf(await answer<Stamps>(receiver)), found };
}

/** What a bare socket adds whose sender never sleeps: bytes of the size of a request there, of an answer back. */
async function runSocket(batch: number): Promise<Measured> {
  const receiver = fork(new URL('stamping-receiver.ts', import.meta.url), { execArgv: [] });
  const requestBytes = batch * spanBytes;
  receiver.send({ meanDelayMs: 0, raw: { requestBytes, answerBytes } } satisfies StampingStart);
  const address = await answer<string>(receiver);
  const perS = itemsPerS / batch;
  const start: BareSocketStart = {
    address,
    requests: perS * addedS,
    everyMs: 1000 / perS,
    requestBytes,
    answerBytes,
  };
  const rows = await runProgram<BareSocketResult>('bare-socket.ts', start);
  receiver.send({ kind: 'stamps' } satisfies StampingOrder);
  return { rows: { ...rows, from: rows.dueNs.map((_, i) => i) }, stamps: await answer<Stamps>(receiver) };
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

async function main(): Promise<void> {
  printHeader('latency: ms, 10,000 spans/s over gRPC, 10 s each, what is added over 30 s');
  printRow(['what', 'p50', 'p95', 'p99', 'max'], widths);
  await measureAdded();
  if (process.argv.includes('--added')) return;
  const delayed = await run({ meanDelayMs: 30 });
  const truth = spentOf(delayed.stamps);
  const found = latencies(delayed.rows, 'sendNs');
  printPercentiles('20 ms + exponential 30 ms: the receiver says', truth);
  printPercentiles('  squall, from send', found);
  printErrors(found, truth);
  const bare = await runBare(30);
  printPercentiles('the same to a bare client: the receiver says', bare.truth);
  printPercentiles('  the bare client, from send', bare.found);
  printErrors(bare.found, bare.truth);
  const held = await run({ stalls: 'receiver' });
  const requests = held.rows.from.length;
  const inStall = requests * (stallMs / 1000 / seconds);
  const p99 = stallMs * (1 - (requests * 0.01) / inStall);
  printRow(
    [`receiver stalls ${stallMs} ms: by arithmetic`, '', '', p99.toFixed(2), stallMs.toFixed(2)],
    widths,
  );
  printPercentiles('  squall, from due', latencies(held.rows, 'dueNs'));
  const stopped = await run({ stalls: 'sender' });
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

/**
 * What squall adds to a request, and what a bare socket does: on cores that halt when idle, so that each message has to
 * wake one, and on cores kept awake as for a low-latency machine.
 */
async function measureAdded(): Promise<void> {
  await measureAddedOn('cores that halt');
  const held = keepCoresAwake();
  if (held === undefined) {
    console.log('cores cannot be kept awake here: /dev/cpu_dma_latency is not to be written');
    return;
  }
  await measureAddedOn('cores kept awake');
  held.release();
}

async function measureAddedOn(cores: string): Promise<void> {
  for (const batch of [100, 10]) {
    printAdded(`${cores}, batches of ${batch}: squall adds`, await run({ batch, forS: addedS }));
    printAdded(`${cores}, ${batch * spanBytes} bytes: a bare socket adds`, await runSocket(batch));
  }
}

function printAdded(what: string, measured: Measured): void {
  printPercentiles(`${what}, from due`, added(measured, 'dueNs'));
  printPercentiles('  from send', added(measured, 'sendNs'));
  printPercentiles('  of it, from send to the receiver', oneWay(measured));
}

function spentOf(stamps: Stamps): Float64Array {
  return Float64Array.from(stamps.from, (_, i) => spentMs(stamps, i)).sort();
}

function spentMs(stamps: Stamps, i: number): number {
  return ((stamps.answeredNs[i] ?? 0) - (stamps.arrivedNs[i] ?? 0)) / 1e6;
}

/** What squall measured of a request less what the receiver spent on it: transport, kernel and squall itself. */
function added({ rows, stamps }: Measured, since: 'dueNs' | 'sendNs'): Float64Array {
  const spent = new Map(stamps.from.map((from, i) => [from, spentMs(stamps, i)]));
  return Float64Array.from(
    rows.from,
    (from, i) => ((rows.finalNs[i] ?? 0) - (rows[since][i] ?? 0)) / 1e6 - (spent.get(from) ?? Number.NaN),
  ).sort();
}

function oneWay({ rows, stamps }: Measured): Float64Array {
  const arrived = new Map(stamps.from.map((from, i) => [from, stamps.arrivedNs[i] ?? Number.NaN]));
  return Float64Array.from(
    rows.from,
    (from, i) => ((arrived.get(from) ?? Number.NaN) - (rows.sendNs[i] ?? 0)) / 1e6,
  ).sort();
}

await main();
