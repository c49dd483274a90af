import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import type { Signal } from '../src/base/signal.ts';
import { type LoadCase, sendLongEnough } from './load-case.ts';
import { median, millions, printHeader, printRow, type Receiver, startReceiver } from './machine.ts';

/**
 * Items delivered per CPU second of the sending process, beside telemetrygen (from PATH or TELEMETRYGEN), unthrottled,
 * in turn within one run: same receiver, which counts what it gets, same batch, over gRPC. The bytes of an item, its
 * share of the body included, are those that the receiver saw of each.
 */
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    items: { type: 'string', default: '32000000' },
    /** Size of squall's items. */
    bytes: { type: 'string', default: '263' },
    batch: { type: 'string', multiple: true, default: ['100', '512'] },
    signal: { type: 'string', multiple: true, default: ['traces', 'logs', 'metrics'] },
  },
});
const widths = [8, 5, 20, 22, 12, 7];

async function main(): Promise<void> {
  const receiver = await startReceiver({ counts: true });
  printHeader(`telemetrygen: delivered items per core-second over gRPC, median of ${flags.rounds}`);
  printRow(['signal', 'batch', 'squall', 'telemetrygen', 'bytes each', 'ratio'], widths);
  for (const signal of flags.signal as Signal[]) {
    for (const batch of flags.batch.map(Number)) await measure(receiver, signal, batch);
  }
  receiver.close();
}

async function measure(receiver: Receiver, signal: Signal, batch: number): Promise<void> {
  const load: LoadCase = {
    ...{ signal, protocol: 'grpc', compression: 'none', batch, inFlight: 16, connections: 2 },
    ...{ items: Number(flags.items), itemBytes: Number(flags.bytes) },
  };
  const ours: number[] = [];
  const peers: number[] = [];
  let bytesEach = '';
  for (let round = 0; round < Number(flags.rounds); round++) {
    const squall = await sendLongEnough(load, receiver);
    ours.push(squall.items / squall.cpuS);
    const sent = await receiver.takeCount();
    const cpuS = await runPeer(receiver, signal, batch);
    const peer = await receiver.takeCount();
    peers.push(peer.items / cpuS);
    bytesEach = [sent, peer].map(({ bytes, items }) => (bytes / items).toFixed(0)).join(' / ');
  }
  const [a, b] = [median(ours), median(peers)];
  const rates = [millions(a), `${(b / 1000).toFixed(0)} k`];
  printRow([signal, batch, ...rates, bytesEach, `${(a / b).toFixed(1)}x`], widths);
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
