import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Random, random } from '../src/base/random.ts';
import { signals } from '../src/base/signal.ts';
import { requestClass } from '../src/observe/evidence.ts';
import { closedEntry, loadPlan } from '../test/fixtures/load/plan.ts';
import type { LedgerResultOf, LedgerStart } from './ledger-process.ts';
import { millions, printHeader, printRow, runProgram } from './machine.ts';

/**
 * The ledger of a long run, end to end: evidence of three signals is written to disk as load and sink would, out of order
 * as answers and arrivals are, and each item is missing with the probability of a hole. Another process makes the ledger
 * of it. What it finds is compared with what was left out.
 */
const { values: flags } = parseArgs({
  options: {
    items: { type: 'string', default: '1000000000' },
    holes: { type: 'string', default: '0.0001' },
    batch: { type: 'string', default: '512' },
    threads: { type: 'string', default: '1' },
  },
});
const perSignal = Math.floor(Number(flags.items) / signals.length);
const batch = Number(flags.batch);
const perNs = 1e9 / 100_000;
const widths = [34, 16, 10];

/** Records appended in pieces. */
function openFile(path: string) {
  const file = openSync(path, 'w');
  const piece = new Float64Array(1 << 16);
  let at = 0;
  const flush = () => {
    for (let done = 0; done < at * 8; )
      done += writeSync(file, new Uint8Array(piece.buffer, done, at * 8 - done));
    at = 0;
  };
  return {
    add(cells: readonly number[]) {
      if (at + cells.length > piece.length) flush();
      piece.set(cells, at);
      at += cells.length;
    },
    close() {
      flush();
      closeSync(file);
    },
  };
}

type RecordsFile = ReturnType<typeof openFile>;

/** Sixteen requests in flight, which end and arrive in any order. */
function shuffled(first: number, end: number, draw: Random): number[] {
  const order = Array.from({ length: end - first }, (_, i) => first + i);
  return order
    .map((value) => ({ value, key: draw.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);
}

/** Gives how many items were left out. */
function writeEvidence(dir: string): { missing: number; start: LedgerStart } {
  const requests = openFile(join(dir, 'requests-0.bin'));
  const threads = Array.from({ length: Number(flags.threads) }, (_, i) => join(dir, `arrivals-${i}.bin`));
  const arrivals = threads.map(openFile);
  const draws = signals.map((signal) => random(1, `holes/${signal}`));
  const gap = (draw: Random) => Math.floor(Math.log1p(-draw.next()) / Math.log1p(-Number(flags.holes)));
  const holes = draws.map(gap);
  let missing = 0;
  let number = 0;
  const inOrder = random(1, 'order');
  for (let first = 0; first * batch < perSignal; first += 16) {
    const end = Math.min(first + 16, Math.ceil(perSignal / batch));
    signals.forEach((_, i) => {
      const draw = draws[i] as Random;
      const pieces = new Map<number, number[]>();
      for (let k = first; k < end; k++) {
        const to = Math.min((k + 1) * batch, perSignal);
        const cuts = [k * batch];
        for (; (holes[i] as number) < to; holes[i] = (holes[i] as number) + 1 + gap(draw)) {
          cuts.push(holes[i] as number, (holes[i] as number) + 1);
          missing++;
        }
        pieces.set(k, [...cuts, to]);
      }
      for (const k of shuffled(first, end, inOrder)) {
        const count = Math.min(batch, perSignal - k * batch);
        const dueNs = (k + 1) * batch * perNs;
        const acknowledged = [requestClass.acknowledged, 0, 1, 0, 0];
        requests.add([i + 1, k * batch, count, dueNs, dueNs, dueNs + 2e6, ...acknowledged]);
        const into = arrivals[number % arrivals.length] as RecordsFile;
        const cuts = pieces.get(k) ?? [];
        for (let c = 0; c < cuts.length; c += 2) {
          const [from, to] = [cuts[c] as number, cuts[c + 1] as number];
          if (to > from) into.add([i + 1, from, to - from, first * batch * perNs + 2e9, 1, number]);
        }
        number++;
      }
    });
  }
  for (const file of [requests, ...arrivals]) file.close();
  const spec = (signal: (typeof signals)[number]) => ({ name: signal, signal, batch });
  const entries = signals.map((signal, i) =>
    closedEntry({ spec: spec(signal), items: perSignal, durationMs: 1000, streams: [i + 1] }),
  );
  const start = { plan: loadPlan(entries), requests: [join(dir, 'requests-0.bin')], arrivals: threads };
  return { missing, start };
}

async function main(): Promise<void> {
  const total = perSignal * signals.length;
  printHeader(`ledger: ${millions(total)} items of 3 signals in batches of ${batch}, ${flags.holes} missing`);
  const dir = mkdtempSync(join(tmpdir(), 'squall-bench-'));
  try {
    const { missing, start } = writeEvidence(dir);
    const mb =
      [...start.requests, ...start.arrivals].reduce((sum, file) => sum + statSync(file).size, 0) / 1e6;
    const result = await runProgram<LedgerResultOf>('ledger-process.ts', start);
    if (result.lost !== missing || result.due !== total) throw new Error(`wrong: ${JSON.stringify(result)}`);
    printRow(['figure', 'value', 'target'], widths);
    printRow(['evidence on disk, MB', mb.toFixed(0), ''], widths);
    printRow(['peak RSS, MB', (result.peakBytes / 1e6).toFixed(0), '< 300'], widths);
    printRow(['  before it began', (result.beforeBytes / 1e6).toFixed(0), ''], widths);
    printRow(['from disk to the whole ledger, s', result.seconds.toFixed(2), '< 5'], widths);
    printRow(['  CPU of it, s', result.cpuS.toFixed(2), ''], widths);
    printRow(['lost items, all found, in intervals', `${result.lost} in ${result.intervals}`, ''], widths);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

await main();
