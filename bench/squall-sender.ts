import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nowNs } from '../src/base/clock.ts';
import { startLoad } from '../src/load/engine.ts';
import { firstBody, type LoadCase, loadPlanOf } from './load-case.ts';
import { cpuSecondsSince } from './machine.ts';

export interface SquallStart extends LoadCase {
  grpc: string;
  http: string;
}

export interface SquallResult {
  items: number;
  /** CPU of the whole process for these items, the first third of the run left out: compilers settle. */
  cpuS: number;
  bodyBytes: number;
  rssBytes: number;
}

/** Squall's load engine as a run has it, in a process of its own. */
async function send(start: SquallStart): Promise<SquallResult> {
  const plan = loadPlanOf(start);
  const [entry] = plan.entries;
  if (entry === undefined) throw new Error('no entry');
  const scheme = start.tlsDir === undefined ? '' : 'https://';
  const [grpc, http] = [`${scheme}${start.grpc}`, `${scheme}${start.http}`];
  const tls =
    start.tlsDir === undefined
      ? {}
      : { tls: { caFile: join(start.tlsDir, 'ca.crt'), insecureSkipVerify: false } };
  const evidenceDir = mkdtempSync(join(tmpdir(), 'squall-bench-'));
  let from = { usage: process.cpuUsage(), items: 0 };
  const load = await startLoad({
    plan,
    endpoints: [{ member: 'receiver', otlp: { grpc, http, headers: {}, ...tls } }],
    evidenceDir,
    onProgress({ acknowledged }) {
      if (from.items === 0 && acknowledged >= entry.items / 3) {
        from = { usage: process.cpuUsage(), items: acknowledged };
      }
    },
  });
  load.go(nowNs());
  const { counts } = await load.done;
  const cpuS = cpuSecondsSince(from.usage);
  await load.close();
  rmSync(evidenceDir, { recursive: true });
  if (counts.acknowledged !== entry.items) throw new Error(`not all acknowledged: ${JSON.stringify(counts)}`);
  return {
    items: counts.acknowledged - from.items,
    cpuS,
    bodyBytes: firstBody(start).length,
    rssBytes: process.memoryUsage.rss(),
  };
}

process.once('message', async (start) => {
  process.send?.(await send(start as SquallStart), () => process.exit());
});
