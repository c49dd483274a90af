import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { triesMax } from '../src/capacity/search-state.ts';
import type { TrialOutcome } from '../src/capacity/types.ts';
import type { Report } from '../src/report/types.ts';
import { observeTrial } from '../src/run/capacity-observe.ts';
import { printHeader, printRow } from './machine.ts';

/**
 * What a capacity says about its neighbours: every protocol, batch and queue that was not searched, by one trial each at
 * 0.9 and 1.1 of the capacity of the searched corner that it shares most with. A collector process with 500m and 1 GiB.
 */
const { values: flags } = parseArgs({
  options: {
    searched: { type: 'string', multiple: true, default: [] },
    seconds: { type: 'string', default: '20' },
    /** Only corners whose `protocol, batch, queue` matches. */
    rows: { type: 'string', default: '' },
  },
});
const warmupS = 10;
const seconds = Number(flags.seconds);
const configs = { memory: 'collectors/gateway.yaml', disk: 'collectors/gateway-durable.yaml' };
const corners = ['grpc', 'http/protobuf'].flatMap((protocol) =>
  ['100', '512'].flatMap((batch) => Object.keys(configs).map((queue) => [protocol, batch, queue])),
);
const root = new URL('..', import.meta.url).pathname;
const widths = [24, 10, 8, 9, 9, 12, 60];

interface Load {
  ratePerS: number;
  /** Judged, after the warm-up. */
  seconds: number;
}

async function main(): Promise<void> {
  const searched = flags.searched.map(parseSearched);
  if (searched.length === 0) throw new Error('--searched PROTOCOL,BATCH,memory|disk=RATE, once for each');
  const work = mkdtempSync(join(tmpdir(), 'squall-corners-'));
  printHeader(
    `corners: one trial of ${seconds} s each at 0.9 and 1.1 of the nearest capacity, 500m and 1 GiB`,
  );
  printRow(['corner', 'rate', 'of', 'P95 ms', 'P99 ms', 'CPU s/M', 'verdict'], widths);
  try {
    for (const corner of corners) {
      const alike = (one: (typeof searched)[number]) =>
        corner.filter((value, i) => one.corner[i] === value).length;
      const [nearest] = searched.toSorted((a, b) => alike(b) - alike(a));
      if (nearest === undefined || alike(nearest) === corner.length) continue;
      if (!new RegExp(flags.rows).test(corner.join(', '))) continue;
      for (const share of [0.9, 1.1]) {
        const ratePerS = Math.round(share * nearest.ratePerS);
        const { status, reason, p95Ms, p99Ms, cpuSPerMillion } = await runClear(work, corner, ratePerS);
        const cells = [p95Ms, p99Ms, cpuSPerMillion].map((value) => value?.toFixed(1) ?? '-');
        printRow(
          [corner.join(', '), ratePerS, share, ...cells, status === 'pass' ? status : `${status}: ${reason}`],
          widths,
        );
      }
    }
  } finally {
    rmSync(work, { recursive: true });
  }
}

function parseSearched(text: string): { corner: string[]; ratePerS: number } {
  const [corner = '', rate] = text.split('=');
  return { corner: corner.split(','), ratePerS: Number(rate) };
}

/** As a search does it: what does not count is run again, and what is not clear once for twice as long. */
async function runClear(work: string, corner: readonly string[], ratePerS: number): Promise<TrialOutcome> {
  const outcome = await runValid(work, corner, { ratePerS, seconds });
  return outcome.status === 'unknown' ? runValid(work, corner, { ratePerS, seconds: 2 * seconds }) : outcome;
}

async function runValid(work: string, corner: readonly string[], load: Load): Promise<TrialOutcome> {
  for (let tries = 1; ; tries++) {
    const outcome = await runTrial(work, [...corner, `${tries}`], load);
    if (outcome.status !== 'invalid' || tries === triesMax) return outcome;
  }
}

/** `of`: protocol, batch, queue, and which try it is. */
async function runTrial(work: string, of: readonly string[], load: Load): Promise<TrialOutcome> {
  const { ratePerS, seconds } = load;
  const [protocol, batch, queue] = of;
  const dir = join(work, [...of, ratePerS, seconds].join('-').replace('/', '-'));
  const config = configs[queue === 'disk' ? 'disk' : 'memory'];
  const sets = {
    'target.local.members.collector.config': config,
    warmup: `${warmupS}s`,
    'load.spans.protocol': protocol,
    'load.spans.batch': batch,
    'load.spans.rate': ratePerS,
    'load.spans.duration': `${warmupS + seconds}s`,
  };
  const args = Object.entries(sets).flatMap(([path, value]) => ['--set', `${path}=${value}`]);
  const startMs = performance.now();
  // Its exit code is its verdict: what counts is the report.
  await new Promise((resolve) => {
    const command = [join(root, 'bin/squall.js'), 'run', join(root, 'scenarios/capacity-local.yaml')];
    execFile(process.execPath, [...command, '--out', dir, ...args], resolve);
  });
  const report: Report = JSON.parse(readFileSync(join(dir, 'report.json'), 'utf8'));
  const order = { purpose: 'study' as const, ratePerS, measureS: seconds };
  return observeTrial(dir, { order, report, costS: (performance.now() - startMs) / 1e3, vary: 'spans' });
}

await main();
