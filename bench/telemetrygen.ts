import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import type { Signal } from '../src/base/signal.ts';
import {
  median,
  millions,
  printHeader,
  printRow,
  type Receiver,
  runProgram,
  startReceiver,
} from './machine.ts';
import type { SquallResult } from './squall-sender.ts';

/**
 * Items delivered per CPU second of the sending process, beside telemetrygen (from PATH or TELEMETRYGEN), unthrottled,
 * in turn within one run: same receiver, which counts what it gets, same batch, over gRPC.
 */
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    items: { type: 'string', default: '8000000' },
    batch: { type: 'string', multiple: true, default: ['100', '512'] },
    signal: { type: 'string', multiple: true, default: ['traces', 'logs', 'metrics'] },
  },
});
const widths = [8, 5, 20, 22, 7];

async function main(): Promise<void> {
  const receiver = await startReceiver({ counts: true });
  printHeader(`telemetrygen: delivered items per core-second over gRPC, median of ${flags.rounds}`);
  printRow(['signal', 'batch', 'squall', 'telemetrygen', 'ratio'], widths);
  for (const signal of flags.signal as Signal[]) {
    for (const batch of flags.batch.map(Number)) await measure(receiver, signal, batch);
  }
  receiver.close();
}

async function measure(receiver: Receiver, signal: Signal, batch: number): Promise<void> {
  const ours: number[] = [];
  const peers: number[] = [];
  for (let round = 0; round < Number(flags.rounds); round++) {
    const squall = await runProgram<SquallResult>('squall-sender.ts', {
      ...{ signal, protocol: 'grpc', compression: 'none', batch, items: Number(flags.items) },
      ...{ itemBytes: 263, inFlight: 16, connections: 2, grpc: receiver.grpc, http: receiver.http },
    });
    ours.push(squall.items / squall.cpuS);
    await receiver.takeCount();
    const cpuS = await runPeer(receiver, signal, batch);
    peers.push((await receiver.takeCount()) / cpuS);
  }
  const [a, b] = [median(ours), median(peers)];
  printRow([signal, batch, millions(a), `${(b / 1000).toFixed(0)} k`, `${(a / b).toFixed(1)}x`], widths);
}

/** CPU seconds, user and system, as the shell accounts for its child: twice `XmY.Ys`, the second line of `times`. */
function runPeer(receiver: Receiver, signal: Signal, batch: number): Promise<number> {
  const peer = process.env.TELEMETRYGEN ?? 'telemetrygen';
  const args = [
    ...[signal, '--otlp-endpoint', receiver.grpc, '--otlp-insecure', '--workers', '1', '--rate', '0'],
    ...['--duration', `${flags.seconds}s`, '--batch-size', String(batch), '--allow-export-failures'],
  ];
  const child = spawn('sh', ['-c', '"$@" >/dev/null 2>&1; times', 'sh', peer, ...args]);
  let out = '';
  child.stdout.on('data', (text) => {
    out += text;
  });
  return new Promise((resolve, reject) => {
    child.once('close', () => {
      const parts = [...(out.trim().split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
      const cpuS = parts.reduce((sum, [, minutes, s]) => sum + Number(minutes) * 60 + Number(s), 0);
      if (cpuS > 0.1) resolve(cpuS);
      else reject(new Error(`${peer} did not run: ${out}`));
    });
  });
}

await main();
