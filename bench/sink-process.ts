import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nowNs } from '../src/base/clock.ts';
import { startSink } from '../src/observe/sink.ts';
import type { TlsSpec } from '../src/scenario/types.ts';
import { type LoadCase, loadPlanOf } from './load-case.ts';
import { cpuSecondsSince } from './machine.ts';

export interface SinkCase extends LoadCase {
  durable: boolean;
  threads: number;
}

export interface SinkResult {
  /** Verified while it was measured: from a third of the items on. */
  items: number;
  cpuS: number;
  wallS: number;
  rssBytes: number;
}

/** Looking costs CPU of the same process: every 2 ms it took a tenth of what was measured. */
const lookEveryMs = 20;

/** Squall's sink as a run has it, in a process of its own, until all items of the case have been verified. */
async function sink(load: SinkCase): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'squall-bench-'));
  const plan = loadPlanOf(load);
  const all = plan.entries[0]?.items ?? 0;
  const address = '127.0.0.1:0';
  const arrivalsFile = join(dir, 'arrivals.bin');
  const started = await startSink({
    plan,
    grpc: address,
    http: address,
    arrivalsFile,
    durable: load.durable,
    threads: load.threads,
    ...tlsOf(load),
  });
  started.go(nowNs());
  process.send?.({ grpc: started.grpc, http: started.http });
  const delivered = () => started.progress().delivered[load.signal];
  while (delivered() < all / 3) await delay(lookEveryMs);
  const from = { usage: process.cpuUsage(), items: delivered(), ns: nowNs() };
  while (delivered() < all) await delay(lookEveryMs);
  const cpuS = cpuSecondsSince(from.usage);
  const wallS = (nowNs() - from.ns) / 1e9;
  const rssBytes = process.memoryUsage.rss();
  await started.stop();
  rmSync(dir, { recursive: true });
  process.send?.({ items: all - from.items, cpuS, wallS, rssBytes } satisfies SinkResult, () =>
    process.exit(),
  );
}

function tlsOf({ tlsDir }: SinkCase): { tls?: TlsSpec } {
  if (tlsDir === undefined) return {};
  const [certFile, keyFile] = [join(tlsDir, 'server.crt'), join(tlsDir, 'server.key')];
  return { tls: { certFile, keyFile, insecureSkipVerify: false } };
}

process.once('message', (load) => void sink(load as SinkCase));
