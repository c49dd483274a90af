import { parseArgs } from 'node:util';
import { nowNs } from '../src/base/clock.ts';
import { random } from '../src/base/random.ts';
import { type Signal, signals } from '../src/base/signal.ts';
import { createSequenceSet, type SequenceSet } from '../src/observe/delivered.ts';
import { millions, printHeader, printRow } from './machine.ts';

/** What the sets of the ledger take: items of three signals, some of which never came. RSS is of the whole process. */
const { values: flags } = parseArgs({
  options: {
    items: { type: 'string', default: '1000000000' },
    holes: { type: 'string', default: '0.0001' },
    batch: { type: 'string', default: '512' },
  },
});
const perSignal = Math.floor(Number(flags.items) / signals.length);
const widths = [26, 14, 10];

/** Runs of a batch as they arrive, each item missing with the probability of a hole. Gives how many are missing. */
function fill(set: SequenceSet, signal: Signal): number {
  const draw = random(1, `holes/${signal}`);
  const gap = () => Math.floor(Math.log1p(-draw.next()) / Math.log1p(-Number(flags.holes)));
  const batch = Number(flags.batch);
  let hole = gap();
  let holes = 0;
  for (let from = 0; from < perSignal; from += batch) {
    const end = Math.min(from + batch, perSignal);
    let at = from;
    for (; hole < end; hole += 1 + gap()) {
      if (hole > at) set.add(at, hole - at);
      at = hole + 1;
      holes++;
    }
    if (end > at) set.add(at, end - at);
  }
  return holes;
}

function main(): void {
  printHeader(`ledger: ${millions(perSignal * signals.length)} items of 3 signals, ${flags.holes} missing`);
  const beforeBytes = process.memoryUsage.rss();
  const fromNs = nowNs();
  const sets = signals.map((signal) => {
    const set = createSequenceSet();
    return { set, holes: fill(set, signal) };
  });
  const filledNs = nowNs();
  let found = 0;
  let lost = 0;
  let gaps = 0;
  for (const { set } of sets) {
    found += set.countIn(0, perSignal);
    set.gaps(0, perSignal, (_, count) => {
      lost += count;
      gaps++;
    });
  }
  const queriedNs = nowNs();
  const planted = sets.reduce((sum, { holes }) => sum + holes, 0);
  if (lost !== planted || found + lost !== perSignal * signals.length) throw new Error('the sets are wrong');
  printRow(['figure', 'value', 'target'], widths);
  printRow(['RSS, MB', Math.round(process.memoryUsage.rss() / 1e6), '< 300'], widths);
  printRow(['  before the first item', Math.round(beforeBytes / 1e6), ''], widths);
  printRow(['query: all counts and gaps, s', ((queriedNs - filledNs) / 1e9).toFixed(2), '< 5'], widths);
  printRow(['fill, items/s', millions((perSignal * 3) / ((filledNs - fromNs) / 1e9)), ''], widths);
  printRow(['missing, in gaps', `${lost} in ${gaps}`, ''], widths);
}

main();
