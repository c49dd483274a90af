import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { median, printHeader, printRow } from './machine.ts';

/**
 * Memory of a whole run at a steady rate: `squall run` with its runner, load, sink and guard, against the embedded
 * collector, so that nothing but this checkout is needed. RSS of every process of its tree, once in five seconds; the
 * target's own processes are shown by themselves. Growth is from the second minute to the last.
 */
const { values: flags } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, rate: { type: 'string', default: '20000' } },
});
const minutes = Number(flags.minutes);
const everyMs = 5_000;
const widths = [10, 12, 12, 10];

interface Sample {
  minute: number;
  harness: number;
  target: number;
  processes: number;
}

async function main(): Promise<void> {
  printHeader(`soak: ${flags.rate} items/s of three signals for ${minutes} min, embedded collector`);
  const dir = mkdtempSync(join(tmpdir(), 'squall-bench-'));
  writeFileSync(join(dir, 'soak.yaml'), scenario());
  const cli = new URL('../bin/squall.js', import.meta.url).pathname;
  const args = [cli, 'run', join(dir, 'soak.yaml'), '--out', join(dir, 'out'), '--quiet'];
  const run = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const exit = new Promise<number | null>((resolve) => run.on('exit', resolve));
  const samples: Sample[] = [];
  const fromMs = performance.now();
  printRow(['minute', 'harness MB', 'target MB', 'processes'], widths);
  let over = false;
  void exit.then(() => {
    over = true;
  });
  for (;;) {
    await Promise.race([delay(everyMs), exit]);
    if (over) break;
    const minute = Math.floor((performance.now() - fromMs) / 60_000);
    if (minute > (samples.at(-1)?.minute ?? 0)) printMinute(samples, minute - 1);
    samples.push({ minute, ...treeMemory(run.pid ?? 0) });
  }
  report(samples, await exit, dir);
  rmSync(dir, { recursive: true });
}

function scenario(): string {
  const rate = (share: number) => Math.round(Number(flags.rate) * share);
  const common = `executor: constant-arrival-rate, timeUnit: 1s, duration: ${minutes}m`;
  return `apiVersion: squall/v1
name: soak
description: Does the harness stay flat?
target: {embedded: {}}
load:
  spans: {signal: traces, ${common}, rate: ${rate(0.5)}, protocol: grpc, batch: 100}
  points: {signal: metrics, ${common}, rate: ${rate(0.25)}, protocol: http/protobuf, batch: 100}
  logs: {signal: logs, ${common}, rate: ${rate(0.25)}, protocol: grpc, batch: 100}
slos:
  - {measure: items_lost, thresholds: ["count==0"]}
settle: 10s
`;
}

/** MB of all processes below `root`, itself included. */
function treeMemory(root: number): Omit<Sample, 'minute'> {
  const found = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? processOf(Number(name)) : []));
  const within = new Set([root]);
  for (let before = 0; before < within.size; ) {
    before = within.size;
    for (const { pid, parent } of found) if (within.has(parent)) within.add(pid);
  }
  let harness = 0;
  let target = 0;
  for (const { pid, rssMb, command } of found) {
    if (!within.has(pid)) continue;
    if (/embedded-program|prometheus|otelcol/.test(command)) target += rssMb;
    else harness += rssMb;
  }
  return { harness, target, processes: within.size };
}

function processOf(pid: number): { pid: number; parent: number; rssMb: number; command: string }[] {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
    return [{ pid, parent: field('PPid'), rssMb: field('VmRSS') / 1024, command }];
  } catch {
    return []; // it ended while we looked
  }
}

function minuteOf(samples: readonly Sample[], minute: number, part: 'harness' | 'target'): number {
  return median(samples.filter((sample) => sample.minute === minute).map((sample) => sample[part]));
}

function printMinute(samples: readonly Sample[], minute: number): void {
  const cell = (part: 'harness' | 'target') => minuteOf(samples, minute, part).toFixed(0);
  const processes = samples.findLast((sample) => sample.minute === minute)?.processes ?? 0;
  printRow([minute, cell('harness'), cell('target'), processes], widths);
}

/** The run's last minute is not whole and settles: the one before is the last of the load. */
function report(samples: readonly Sample[], code: number | null, dir: string): void {
  const last = minutes - 1;
  const growth = minuteOf(samples, last, 'harness') / minuteOf(samples, 1, 'harness') - 1;
  console.log(
    `\ngrowth of the harness from minute 1 to ${last}: ${(100 * growth).toFixed(1)} % (goal: < 5 %)`,
  );
  const summary = JSON.parse(readFileSync(join(dir, 'out', 'report.json'), 'utf8'));
  const { traces, metrics, logs } = summary.ledger;
  const sum = (name: string) => traces[name] + metrics[name] + logs[name];
  console.log(
    `exit ${code}: ${sum('due')} due, ${sum('missed')} missed, ${sum('acknowledged')} acknowledged, ` +
      `${sum('delivered')} delivered, ${sum('lost')} lost`,
  );
}

await main();
