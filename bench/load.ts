import { parseArgs } from 'node:util';
import type { BareStart } from './bare-sender.ts';
import { caseOf, type LoadCase, sendLongEnough, temporaryCertificates } from './load-case.ts';
import { median, millions, printHeader, printRow, runProgram, startReceiver } from './machine.ts';
import { takeTurns } from './turns.ts';

/**
 * Unique items per CPU second of the sending process (user and system, all of its threads), beside a bare sender of the
 * same protocol, batch and bytes, in turn within one run. Wall time is not the measure: the receiver shares the machine.
 */
const { values: flags } = parseArgs({
  options: {
    /** A round is begun as long as it can be expected to end within this. */
    seconds: { type: 'string', default: '80' },
    /** Only rows whose name matches. */
    rows: { type: 'string', default: '' },
    items: { type: 'string', default: '32000000' },
    bytes: { type: 'string', default: '263' },
  },
});
const names = [
  'grpc traces 512',
  'http/protobuf traces 512',
  'grpc traces 100',
  'http/protobuf traces 100',
  'grpc logs 512',
  'http/protobuf logs 512',
  'grpc metrics 512',
  'http/protobuf metrics 512',
  'grpc traces 512 gzip',
  'http/protobuf traces 512 gzip',
  'grpc traces 512 tls',
  'http/protobuf traces 512 tls',
  'http/json traces 512',
];
const widths = [32, 20, 9, 6, 6, 16, 6];

interface Found {
  ours: number;
  bare: number;
  bodyBytes: number;
}

async function main(): Promise<void> {
  const tlsDir = temporaryCertificates();
  const plain = await startReceiver({ counts: false });
  const secure = await startReceiver({ counts: false, tlsDir });
  const common = { items: Number(flags.items), itemBytes: Number(flags.bytes), tlsDir };
  const rows = names.filter((name) => new RegExp(flags.rows).test(name)).map((name) => caseOf(name, common));
  const taken = await takeTurns(rows, Number(flags.seconds), (load) =>
    measure(load, load.tlsDir === undefined ? plain : secure),
  );
  printHeader(`load: ${flags.bytes}-byte items, 16 in flight, 2 connections, median of the rounds`);
  printRow(['', 'squall items/core-s', 'bare', 'share', 'GB/s', 'least..most', 'rounds'], widths);
  for (const { row, found } of taken) print(row, found);
  plain.close();
  secure.close();
}

async function measure(load: LoadCase, at: { grpc: string; http: string }): Promise<Found> {
  const squall = await sendLongEnough(load, at);
  const requests = Math.floor((load.items * 2) / 3 / load.batch);
  const bare: BareStart = {
    ...load,
    address: load.protocol === 'grpc' ? at.grpc : at.http,
    requests,
    warmUp: Math.floor(requests / 2),
  };
  const bareCpuS = await runProgram<number>('bare-sender.ts', bare);
  return {
    ours: squall.items / squall.cpuS,
    bare: (requests * load.batch) / bareCpuS,
    bodyBytes: squall.bodyBytes,
  };
}

function print(row: LoadCase & { name: string }, found: readonly Found[]): void {
  const ours = found.map((one) => one.ours);
  const a = median(ours);
  const b = median(found.map(({ bare }) => bare));
  const share = median(found.map((one) => one.ours / one.bare));
  const bytesPerS = (a * (found[0]?.bodyBytes ?? Number.NaN)) / row.batch;
  const spread = `${millions(Math.min(...ours))}..${millions(Math.max(...ours))}`;
  const figures = [millions(a), millions(b), share.toFixed(2), (bytesPerS / 1e9).toFixed(2)];
  printRow([row.name, ...figures, spread, found.length], widths);
}

await main();
