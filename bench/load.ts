import { parseArgs } from 'node:util';
import type { Signal } from '../src/base/signal.ts';
import type { BareStart } from './bare-sender.ts';
import type { LoadCase } from './load-case.ts';
import {
  median,
  millions,
  printHeader,
  printRow,
  type Receiver,
  runProgram,
  startReceiver,
} from './machine.ts';
import type { SquallResult, SquallStart } from './squall-sender.ts';

/**
 * Unique items per CPU second of the sending process (user and system, all of its threads), beside a bare sender of the
 * same protocol, batch and bytes, in turn within one run. Wall time is not the measure: the receiver shares the machine.
 */
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    items: { type: 'string', default: '8000000' },
    protocol: { type: 'string', multiple: true, default: ['grpc', 'http/protobuf'] },
    batch: { type: 'string', multiple: true, default: ['100', '512'] },
    signal: { type: 'string', multiple: true, default: ['traces'] },
    bytes: { type: 'string', default: '263' },
    compression: { type: 'string', default: 'none' },
  },
});
const inFlight = 16;
const connections = 2;
const widths = [14, 8, 5, 18, 16, 5, 7, 16];

async function main(): Promise<void> {
  const receiver = await startReceiver({ counts: false });
  printHeader(
    `load: ${flags.bytes}-byte items, ${inFlight} in flight, ${connections} connections, median of ${flags.rounds}`,
  );
  printRow(
    ['protocol', 'signal', 'batch', 'squall items/core-s', 'bare', 'share', 'GB/s', 'least..most'],
    widths,
  );
  for (const protocol of ['grpc', 'http/protobuf'] as const) {
    if (!flags.protocol.includes(protocol)) continue;
    for (const signal of flags.signal as Signal[]) {
      for (const batch of flags.batch.map(Number)) await measure(receiver, { protocol, signal, batch });
    }
  }
  receiver.close();
}

async function measure(
  receiver: Receiver,
  of: { protocol: 'grpc' | 'http/protobuf'; signal: Signal; batch: number },
): Promise<void> {
  const ours: number[] = [];
  const bare: number[] = [];
  const compression = flags.compression === 'gzip' ? 'gzip' : 'none';
  let bodyBytes = 0;
  for (let round = 0; round < Number(flags.rounds); round++) {
    const shared = { inFlight, connections, items: Number(flags.items), itemBytes: Number(flags.bytes) };
    const load: LoadCase = { ...of, ...shared, compression };
    const { grpc, http } = receiver;
    const start: SquallStart = { ...load, grpc, http };
    const squall = await runProgram<SquallResult>('squall-sender.ts', start);
    bodyBytes = squall.bodyBytes;
    ours.push(squall.items / squall.cpuS);
    const requests = Math.floor((load.items * 2) / 3 / of.batch);
    const bareStart: BareStart = {
      protocol: of.protocol,
      address: of.protocol === 'grpc' ? grpc : http,
      sizeBytes: bodyBytes,
      requests,
      warmUp: Math.floor(requests / 2),
      inFlight,
      connections,
    };
    bare.push((requests * of.batch) / (await runProgram<number>('bare-sender.ts', bareStart)));
  }
  const [a, b] = [median(ours), median(bare)];
  const spread = `${millions(Math.min(...ours))}..${millions(Math.max(...ours))}`;
  const bytes = ((a * bodyBytes) / of.batch / 1e9).toFixed(2);
  printRow(
    [of.protocol, of.signal, of.batch, millions(a), millions(b), (a / b).toFixed(2), bytes, spread],
    widths,
  );
}

await main();
