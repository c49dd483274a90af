import { parseArgs } from 'node:util';
import { percentileOf, printHeader, printRow, type Receiver, runProgram, startReceiver } from './machine.ts';
import { type OpenCase, openPlan } from './open-plan.ts';
import type { PacedResult, PacedStart } from './paced-sender.ts';

/**
 * Does what was due go out when it was due? Items sent in all, the worst difference between sent and due in any second
 * (every tenth of a second begins one), and how late requests are handed to the transport: the latest is also how long
 * it took to catch up with a stall. `sleeper` is how late a thread woke at worst that only slept: the machine's part.
 * `by itself` is the worst difference once more when what fell due while that thread could not wake may go out as late
 * as it woke.
 */
const { values: flags } = parseArgs({
  options: {
    /** Only rates whose name matches. */
    rows: { type: 'string', default: '' },
    seconds: { type: 'string', default: '10' },
  },
});
const seconds = Number(flags.seconds);
const all: (OpenCase & { name: string })[] = [
  { name: '10/s', fromPerS: 10, toPerS: 10, seconds, batch: 1 },
  { name: '1,000/s', fromPerS: 1000, toPerS: 1000, seconds, batch: 10 },
  { name: '10,000/s', fromPerS: 10_000, toPerS: 10_000, seconds, batch: 100 },
  { name: '10,000/s Poisson', fromPerS: 10_000, toPerS: 10_000, seconds, batch: 100, poisson: true },
  { name: 'ramp 0 to 20,000/s', fromPerS: 0, toPerS: 20_000, seconds, batch: 100 },
  { name: '200,000/s', fromPerS: 200_000, toPerS: 200_000, seconds, batch: 512 },
];
const cases = all.filter(({ name }) => new RegExp(flags.rows).test(name));
const widths = [20, 9, 9, 18, 18, 8, 8, 8, 8, 8, 8];

async function main(): Promise<void> {
  const receiver = await startReceiver({ counts: false });
  printHeader(`pace: spans of 263 bytes over gRPC, ${seconds} s each; lateness is send minus due, ms`);
  printRow(
    ['rate', 'due', 'sent', 'worst 1 s off by', 'by itself', 'p50', 'p95', 'p99', 'max', 'sleeper', 'cores'],
    widths,
  );
  for (const one of cases) await measure(receiver, one);
  receiver.close();
}

async function measure({ grpc, http }: Receiver, one: OpenCase & { name: string }): Promise<void> {
  const start: PacedStart = { plan: openPlan(one), grpc, http };
  const rows = await runProgram<PacedResult>('paced-sender.ts', start);
  const sent = rows.sendNs.map((ns, i) => (ns === null || Number.isNaN(ns) ? -1 : i)).filter((i) => i >= 0);
  const lateMs = Float64Array.from(sent, (i) => ((rows.sendNs[i] ?? 0) - (rows.dueNs[i] ?? 0)) / 1e6).sort();
  const items = (indexes: Iterable<number>) =>
    sum(Float64Array.from(indexes, (index) => rows.count[index] ?? 0));
  const told = ({ off, due }: Second) =>
    `${off} of ${due}${off > Math.max(one.batch, due * 0.01) ? ' OVER' : ''}`;
  printRow(
    [
      one.name,
      items(rows.dueNs.keys()),
      items(sent),
      told(worstSecond(rows, { dueNs: rows.dueNs, sent })),
      told(worstSecond(rows, { dueNs: excused(rows), sent })),
      ...[50, 95, 99, 100].map((p) => percentileOf(lateMs, p).toFixed(2)),
      rows.sleeper.worstMs.toFixed(2),
      (rows.cpuS / one.seconds).toFixed(2),
    ],
    widths,
  );
}

interface Second {
  off: number;
  due: number;
}

/** The window of one second in which the items sent and the items due differ most. */
function worstSecond(
  rows: PacedResult,
  { dueNs, sent }: { dueNs: readonly number[]; sent: readonly number[] },
): Second {
  const due = byTenth(rows, dueNs, dueNs.keys());
  const gone = byTenth(rows, rows.sendNs, sent);
  let worst = { off: 0, due: 0 };
  for (let tenth = 0; tenth <= (seconds - 1) * 10; tenth++) {
    const wanted = sum(due.subarray(tenth, tenth + 10));
    const off = Math.abs(wanted - sum(gone.subarray(tenth, tenth + 10)));
    if (off >= worst.off) worst = { off, due: wanted };
  }
  return worst;
}

/** When each request was due, a stall of the machine excusing it until the stall was over. */
function excused({ dueNs, sendNs, sleeper }: PacedResult): number[] {
  return dueNs.map((due, i) => {
    const stall = sleeper.stalls.find(({ fromNs, toNs }) => due >= fromNs && due < toNs);
    return stall === undefined ? due : Math.min(stall.toNs, Math.max(due, sendNs[i] ?? due));
  });
}

/** Items by the tenth of a second, from the start on, in which their request is due, or went out. */
function byTenth(
  rows: PacedResult,
  timesNs: readonly (number | null)[],
  indexes: Iterable<number>,
): Float64Array {
  const tenths = new Float64Array(seconds * 10);
  for (const i of indexes) {
    const tenth = Math.floor(((timesNs[i] ?? 0) - rows.t0Ns) / 1e8);
    if (tenth >= 0 && tenth < tenths.length) tenths[tenth] = (tenths[tenth] ?? 0) + (rows.count[i] ?? 0);
  }
  return tenths;
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

await main();
