import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import type { Protocol, Signal } from '../src/base/signal.ts';
import { median, millions, printHeader, printRow, runProgram } from './machine.ts';
import type { SinkCase, SinkResult } from './sink-process.ts';
import type { SquallResult } from './squall-sender.ts';

/**
 * Items verified (ids read, recorded, duplicates seen) per CPU second of the sink's process, transport included. The
 * client is squall's own sender in another process, whose CPU is not counted.
 */
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    items: { type: 'string', default: '9000000' },
    batch: { type: 'string', default: '512' },
    protocol: { type: 'string', multiple: true, default: ['grpc', 'http/protobuf', 'http/json'] },
    signal: { type: 'string', multiple: true, default: ['traces', 'metrics', 'logs'] },
    durable: { type: 'boolean', default: false },
  },
});
const widths = [14, 8, 6, 22, 16, 9];

async function main(): Promise<void> {
  const durable = flags.durable ? ', fsync before each answer' : '';
  printHeader(`sink: 263-byte items${durable}, median of ${flags.rounds}`);
  printRow(['protocol', 'signal', 'batch', 'verified items/core-s', 'least..most', 'RSS MB'], widths);
  for (const protocol of flags.protocol as Protocol[]) {
    for (const signal of flags.signal as Signal[]) await measure(protocol, signal);
  }
}

async function measure(protocol: Protocol, signal: Signal): Promise<void> {
  const share = protocol === 'http/json' ? 1 / 5 : 1;
  const load: SinkCase = {
    signal,
    protocol,
    compression: 'none',
    batch: Number(flags.batch),
    items: Math.floor(Number(flags.items) * share),
    itemBytes: 263,
    inFlight: 16,
    connections: 2,
    durable: flags.durable,
  };
  const rates: number[] = [];
  let rssBytes = 0;
  for (let round = 0; round < Number(flags.rounds); round++) {
    const result = await verify(load);
    rates.push(result.items / result.cpuS);
    rssBytes = result.rssBytes;
  }
  const spread = `${millions(Math.min(...rates))}..${millions(Math.max(...rates))}`;
  const mb = Math.round(rssBytes / 1e6);
  printRow([protocol, signal, load.batch, millions(median(rates)), spread, mb], widths);
}

async function verify(load: SinkCase): Promise<SinkResult> {
  const sink = fork(new URL('sink-process.ts', import.meta.url), { execArgv: [] });
  const next = <T>() => new Promise<T>((resolve) => sink.once('message', (message) => resolve(message as T)));
  sink.send(load);
  const { grpc, http } = await next<{ grpc: string; http: string }>();
  const done = next<SinkResult>();
  await runProgram<SquallResult>('squall-sender.ts', { ...load, grpc, http });
  return done;
}

await main();
