import { nowNs } from '../src/base/clock.ts';
import { arrivalFields, requestFields } from '../src/observe/evidence.ts';
import { computeLedger } from '../src/observe/ledger.ts';
import { mergedFiles, recordFile } from '../src/observe/records.ts';
import type { Plan } from '../src/plan/types.ts';
import { cpuSecondsSince } from './machine.ts';

export interface LedgerStart {
  plan: Plan;
  requests: string[];
  arrivals: string[];
}

export interface LedgerResultOf {
  seconds: number;
  cpuS: number;
  /** Most that the process ever held, and what it held before it began. */
  peakBytes: number;
  beforeBytes: number;
  due: number;
  lost: number;
  intervals: number;
}

process.once('message', (message) => {
  const { plan, requests, arrivals } = message as LedgerStart;
  const beforeBytes = process.memoryUsage.rss();
  const fromNs = nowNs();
  const usage = process.cpuUsage();
  const result = computeLedger({
    plan,
    requests: requests.map((file) => recordFile(file, requestFields)),
    arrivals: mergedFiles(arrivals, arrivalFields, 'arrivalNs'),
    settled: true,
    expect: undefined,
    faults: [],
    reachNs: 0,
    hasSink: true,
  });
  const seconds = (nowNs() - fromNs) / 1e9;
  const cpuS = cpuSecondsSince(usage);
  const all = Object.values(result.bySignal);
  const sum = (of: (counts: (typeof all)[number]) => number) =>
    all.reduce((total, one) => total + of(one), 0);
  const answer: LedgerResultOf = {
    seconds,
    cpuS,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    beforeBytes,
    due: sum(({ due }) => due),
    lost: sum(({ lost }) => lost),
    intervals: sum(({ lostIntervals }) => lostIntervals.length),
  };
  process.send?.(answer, () => process.exit());
});
