import { parseArgs } from 'node:util';
import { caseOf, longEnough, temporaryCertificates } from './load-case.ts';
import { forkProgram, median, millions, nextMessage, printHeader, printRow, runProgram } from './machine.ts';
import type { SinkCase, SinkResult } from './sink-process.ts';
import type { SquallResult } from './squall-sender.ts';
import { takeTurns } from './turns.ts';

/**
 * Items verified (ids read, recorded, duplicates seen) per CPU second of the sink's process, transport included. The
 * client is squall's own sender in another process, whose CPU is not counted.
 */
const { values: flags } = parseArgs({
  options: {
    /** A round is begun as long as it can be expected to end within this. */
    seconds: { type: 'string', default: '80' },
    /** Only rows whose name matches. */
    rows: { type: 'string', default: '' },
    items: { type: 'string', default: '4500000' },
    durable: { type: 'boolean', default: false },
  },
});
/** `2 threads` share both addresses; on more connections than usual, as the kernel deals connections out. */
const names = [
  'http/protobuf traces 512',
  'grpc traces 512',
  'http/protobuf logs 512',
  'grpc logs 512',
  'http/protobuf metrics 512',
  'grpc metrics 512',
  'http/protobuf traces 100',
  'grpc traces 100',
  'http/json traces 512',
  'http/protobuf traces 512 gzip',
  'grpc traces 512 gzip',
  'http/protobuf traces 512 tls',
  'grpc traces 512 tls',
  'http/protobuf traces 512 2 threads',
  'grpc traces 512 8 connections',
  'grpc traces 512 8 connections 2 threads',
];
const widths = [40, 22, 16, 14, 7, 6];

async function main(): Promise<void> {
  const common = { items: Number(flags.items), itemBytes: 263, tlsDir: temporaryCertificates() };
  const rows = names
    .filter((name) => new RegExp(flags.rows).test(name))
    .map((name) => ({
      ...caseOf(name, common),
      durable: flags.durable,
      threads: name.includes('2 threads') ? 2 : 1,
      ...(name.includes('8 connections') ? { connections: 8 } : {}),
    }));
  const taken = await takeTurns(rows, Number(flags.seconds), (load) => longEnough(load, () => verify(load)));
  const durable = flags.durable ? ', fsync before each answer' : '';
  printHeader(`sink: 263-byte items${durable}, median of the rounds`);
  printRow(['', 'verified items/core-s', 'least..most', 'by the clock/s', 'RSS MB', 'rounds'], widths);
  for (const { row, found } of taken) {
    const rates = found.map(({ items, cpuS }) => items / cpuS);
    const spread = `${millions(Math.min(...rates))}..${millions(Math.max(...rates))}`;
    const byClock = millions(median(found.map(({ items, wallS }) => items / wallS)));
    const mb = Math.round(Math.max(...found.map(({ rssBytes }) => rssBytes)) / 1e6);
    printRow([row.name, millions(median(rates)), spread, byClock, mb, found.length], widths);
  }
}

async function verify(load: SinkCase): Promise<SinkResult> {
  const sink = forkProgram('sink-process.ts');
  sink.send(load);
  const { grpc, http } = await nextMessage<{ grpc: string; http: string }>(sink);
  const done = nextMessage<SinkResult>(sink);
  await runProgram<SquallResult>('squall-sender.ts', { ...load, grpc, http });
  return done;
}

await main();
