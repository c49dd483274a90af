import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { keepCoresAwake } from './awake-cores.ts';
import type { BareSocketResult, BareSocketStart } from './bare-socket.ts';
import { printHeader, printRow, runProgram } from './machine.ts';
import type { PacedResult } from './paced-sender.ts';
import { itemsPerS, printPercentiles, runStamped, spentMs, startStamping, widths } from './stamped-run.ts';
import type { Stamps } from './stamping-receiver.ts';

/**
 * What squall adds to a request, and what a bare socket does: 10,000 spans/s over gRPC, in batches of 100 and of 10,
 * against a receiver that stamps each request with the same clock. On cores that halt when idle, so that each message
 * has to wake one; on cores kept awake; and on those with each end on a core of its own, as a machine for low latency is
 * set up. Where two ends share two cores, the kernel moves the one that is woken to the core that wakes it, which is
 * busy then; the bare socket's sender never sleeps and so is never moved.
 */
const { values: flags } = parseArgs({
  options: {
    /** Only cores and batches whose name matches. */
    rows: { type: 'string', default: '' },
  },
});
const batches = [100, 10];
/** Longer than elsewhere, as the first second runs code not yet compiled: of 10 s that is enough to move P95. */
const forS = 30;
/** Of a span, with its share of the gRPC and HTTP/2 frames. */
const spanBytes = 267;
/** Of OTLP's answer with its frames. */
const answerBytes = 60;

interface Measured {
  rows: Pick<PacedResult, 'from' | 'dueNs' | 'sendNs' | 'finalNs'>;
  stamps: Stamps;
}

interface Cores {
  name: string;
  ownCores: boolean;
}

async function main(): Promise<void> {
  printHeader(`added latency: ms, 10,000 spans/s over gRPC, ${forS} s each`);
  printRow(['what', 'p50', 'p95', 'p99', 'max'], widths);
  await measureOn({ name: 'cores that halt', ownCores: false });
  const held = keepCoresAwake();
  if (held === undefined) {
    console.log('cores cannot be kept awake here: /dev/cpu_dma_latency is not to be written');
    return;
  }
  await measureOn({ name: 'cores kept awake', ownCores: false });
  if (spawnSync('taskset', ['-V']).status === 0)
    await measureOn({ name: 'cores awake, own', ownCores: true });
  else console.log('no core can be given to one process here: there is no taskset');
  held.release();
}

async function measureOn({ name, ownCores }: Cores): Promise<void> {
  for (const batch of batches) {
    const row = `${name}, batches of ${batch}`;
    if (!new RegExp(flags.rows).test(row)) continue;
    printAdded(`${row}: squall adds`, await runStamped({ batch, forS, ownCores }));
    printAdded(`${name}, ${batch * spanBytes} bytes: a bare socket adds`, await runSocket(batch, ownCores));
  }
}

/** What a bare socket adds whose sender never sleeps: bytes of the size of a request there, of an answer back. */
async function runSocket(batch: number, ownCores: boolean): Promise<Measured> {
  const requestBytes = batch * spanBytes;
  const receiver = await startStamping({ meanDelayMs: 0, raw: { requestBytes, answerBytes } }, ownCores);
  const perS = itemsPerS / batch;
  const start: BareSocketStart = {
    address: receiver.address,
    requests: perS * forS,
    everyMs: 1000 / perS,
    requestBytes,
    answerBytes,
  };
  const rows = await runProgram<BareSocketResult>('bare-socket.ts', start, ownCores ? 0 : undefined);
  return { rows: { ...rows, from: rows.dueNs.map((_, i) => i) }, stamps: await receiver.end() };
}

function printAdded(what: string, measured: Measured): void {
  printPercentiles(`${what}, from due`, added(measured, 'dueNs'));
  printPercentiles('  from send', added(measured, 'sendNs'));
  printPercentiles('  of it, from send to the receiver', oneWay(measured));
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
