import type { Clock } from '../base/clock.ts';
import type { GuardStart } from './guard.ts';
import { type Heartbeat, judgeWatch, readHeartbeat } from './heartbeat.ts';
import { openJournal, readJournal } from './journal.ts';
import { isAlive, signalExactly } from './process-table.ts';
import { openWork, undoInjections } from './replay.ts';
import type { RunState } from './state.ts';
import { sweepRun } from './sweep.ts';
import { executeUndo, remainsOf } from './undo.ts';
import { waitAfterTry } from './undo-tries.ts';

const lookEveryMs = 250;
/**
 * How long a guard repeats a sweep that leaves something, as an API server may be away; after that the run stays listed
 * for `recover`. At first every second.
 */
const sweepForMs = 600_000;
const eagerForMs = 60_000;

export interface WatchOptions {
  start: GuardStart;
  /** Aborted when the pipe from the runner (or the first guard) ends. */
  ended: AbortSignal;
  ready(): void;
  spawnSecond(): Promise<{ kill(signal: NodeJS.Signals): boolean }>;
  /** Undefined once the run was shown clean. */
  readState(): RunState | undefined;
  clock: Clock;
}

/** A guard's life: returns when the run is clean, or when nothing more can be done about it. */
export async function watchRun(options: WatchOptions): Promise<void> {
  let { role } = options.start;
  if (role === 'second') {
    options.ready();
    while (!options.ended.aborted) {
      if (options.readState() === undefined) return;
      await look(options);
    }
    if (options.readState() === undefined) return;
    role = 'first';
  }
  // A new second in any case: the place of the first is taken by one that can be killed as well.
  const second = await options.spawnSecond();
  if (options.start.role === 'first') options.ready();
  await watchRunner(options);
  // Its end was in order, also when something is left for `recover`: nobody has to take its place.
  second.kill('SIGKILL');
}

async function watchRunner(options: WatchOptions): Promise<void> {
  let last: Heartbeat | undefined;
  let seenNs = options.clock.nowNs();
  let lookedNs = seenNs;
  let overslept = false;
  let failed = { tries: 0, untilNs: 0 };
  for (;;) {
    const state = options.readState();
    if (state === undefined) return;
    const beat = readHeartbeat(state.runDir);
    const nowNs = options.clock.nowNs();
    // A guard that was itself held up (a suspended machine) must not take its own pause for the runner's.
    const heldUp = nowNs - lookedNs > 5_000 * 1e6;
    lookedNs = nowNs;
    if (heldUp || beat?.beat !== last?.beat) seenNs = nowNs;
    if (beat?.beat !== last?.beat) overslept = false;
    last = beat;
    const pipeEnded = options.ended.aborted && options.start.role === 'first';
    const judgement = judgeWatch({
      runnerAlive: !pipeEnded && isAlive(state.runner),
      released: beat?.released === true,
      beatAgeMs: (nowNs - seenNs) / 1e6,
      nowNs,
      open: openWork(readJournal(state.journalFile)).injections,
      overslept,
    });
    switch (judgement.kind) {
      case 'fence':
        signalExactly(state.runner, 'SIGKILL');
        return sweepUntilClean(state, options);
      case 'sweep':
        return sweepUntilClean(state, options);
      case 'expire': {
        overslept = true;
        // An API server that is away is asked again now and then, not at each look.
        if (nowNs < failed.untilNs) break;
        const left = await expire(state, judgement.injections, options.clock);
        const tries = left.length === 0 ? 0 : failed.tries + 1;
        const waitMs = tries === 0 ? 0 : waitAfterTry(tries);
        failed = { tries, untilNs: options.clock.nowNs() + waitMs * 1e6 };
        break;
      }
      case 'watch':
        break;
    }
    await look(options);
  }
}

/** Until the next look, or at once when the pipe ends. */
async function look(options: WatchOptions): Promise<void> {
  if (options.ended.aborted) return options.clock.sleep(lookEveryMs);
  await options.clock.sleep(lookEveryMs, options.ended).catch(() => {
    // Woken by the end of the pipe: look now.
  });
}

/** Gives what is left. */
async function expire(state: RunState, injections: readonly string[], clock: Clock): Promise<string[]> {
  const open = openWork(readJournal(state.journalFile)).injections;
  const journal = openJournal(state.journalFile, clock);
  const power = { execute: executeUndo, remains: remainsOf };
  const late = open.filter(({ injection }) => injections.includes(injection));
  const left = await undoInjections({ injections: late, journal, by: 'guard', power });
  journal.close();
  return left;
}

async function sweepUntilClean(state: RunState, options: WatchOptions): Promise<void> {
  const { clock } = options;
  const startNs = clock.nowNs();
  // A runner that was released lives on to write its report; a dead one has nothing to spare.
  const spare = isAlive(state.runner) ? [state.runner] : [];
  for (;;) {
    const { clean } = await sweepRun({ state, by: 'guard', clock, spare });
    const spentMs = (clock.nowNs() - startNs) / 1e6;
    if (clean || spentMs > sweepForMs) return;
    await clock.sleep(spentMs < eagerForMs ? 1_000 : 5_000);
  }
}
