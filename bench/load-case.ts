import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Protocol, Signal } from '../src/base/signal.ts';
import { createBodies } from '../src/load/bodies.ts';
import { runKeys } from '../src/otlp/item-id.ts';
import type { Plan } from '../src/plan/types.ts';
import { makeCertificates } from '../test/fixtures/load/certificates.ts';
import { closedEntry, loadPlan } from '../test/fixtures/load/plan.ts';
import { runProgram } from './machine.ts';
import type { SquallResult, SquallStart } from './squall-sender.ts';

/** One way of sending as fast as it is answered. */
export interface LoadCase {
  signal: Signal;
  protocol: Protocol;
  compression: 'none' | 'gzip';
  batch: number;
  /** At least; more where a core is quicker than they last. */
  items: number;
  itemBytes: number;
  inFlight: number;
  connections: number;
  /** Folder of ca.crt, server.crt and server.key; without it nothing is encrypted. */
  tlsDir?: string;
}

/** A row of a table, by the words that differ from the usual: `grpc traces 512 gzip tls`. */
export function caseOf(
  name: string,
  common: { items: number; itemBytes: number; tlsDir: string },
): LoadCase & { name: string } {
  const [protocol = '', signal = '', batch = '', ...more] = name.split(' ');
  const { items, itemBytes, tlsDir } = common;
  const compression = more.includes('gzip') ? 'gzip' : 'none';
  // So that a round of all rows takes each about the same time.
  const share = protocol === 'http/json' ? 1 / 4 : compression === 'gzip' ? 1 / 12 : 1;
  return {
    name,
    protocol: protocol as Protocol,
    signal: signal as Signal,
    batch: Number(batch),
    compression,
    items: Math.floor(items * share),
    itemBytes,
    inFlight: 16,
    connections: 2,
    ...(more.includes('tls') ? { tlsDir } : {}),
  };
}

/**
 * Progress is told twice a second, so of a run that is over too soon next to nothing is measured: then the case is
 * measured again with twice the items, which it keeps for later rounds.
 */
export async function longEnough<Measured extends { items: number }>(
  load: LoadCase,
  measure: () => Promise<Measured>,
): Promise<Measured> {
  for (;;) {
    const measured = await measure();
    if (measured.items >= load.items / 2) return measured;
    load.items *= 2;
  }
}

/** Sends the case with squall in a process of its own, for long enough. */
export function sendLongEnough(load: LoadCase, at: { grpc: string; http: string }): Promise<SquallResult> {
  const { grpc, http } = at;
  return longEnough(load, () =>
    runProgram<SquallResult>('squall-sender.ts', { ...load, grpc, http } satisfies SquallStart),
  );
}

/** A folder with certificates for loopback, removed at the end of the process. */
export function temporaryCertificates(): string {
  const dir = mkdtempSync(join(tmpdir(), 'squall-bench-tls-'));
  process.on('exit', () => rmSync(dir, { recursive: true }));
  makeCertificates(dir);
  return dir;
}

/** The plan of one closed entry on one worker; the same at the sender and at the sink that verifies it. */
export function loadPlanOf(load: LoadCase): Plan {
  const { signal, protocol, compression, batch, itemBytes, inFlight, connections } = load;
  const shape = { itemBytes, services: 3, series: 1024, metricTypes: ['gauge' as const, 'sum' as const] };
  const spec = {
    name: signal,
    signal,
    protocol,
    compression,
    batch,
    maxInFlight: inFlight,
    connections,
    shape,
  };
  const items = Math.floor(load.items / batch) * batch;
  return loadPlan([closedEntry({ spec: { ...spec, timeoutMs: 10_000 }, items, durationMs: 600_000 })]);
}

/** The first body of the case, gRPC's prefix included, as it is before compression. */
export function firstBody(load: LoadCase): Buffer {
  const plan = loadPlanOf(load);
  const [entry] = plan.entries;
  if (entry === undefined) throw new Error('no entry');
  const bodies = createBodies(plan, entry, { stream: 1, keys: runKeys(plan.runId) });
  return Buffer.from(bodies.make({ from: 0, count: load.batch, timeNs: 0 }).bytes);
}
