import { type Clock, systemClock, waitFor } from '../base/clock.ts';
import { onlyNews } from '../base/only-news.ts';
import { bareCluster } from '../target/bare-cluster.ts';
import { guardTask, sayWord } from '../target/guard-word.ts';
import { type GuardedRun, guardedRun, type LeaseLook } from '../target/guarded-run.ts';
import { reasonOf } from '../target/kubernetes-client.ts';
import { ownAccount } from '../target/pod-account.ts';
import { isStale, type Sight, sightAfter } from './guard-watch.ts';

const lookEveryMs = 1_000;
/** Then it ends with an error, by which people see it; started again by the kubelet, it goes on. */
const tryForMs = 600_000;
/** SIGTERM, as of a drain of its node: another pod has to take its place. */
const endedCode = 143;

export interface GuardOptions {
  run: GuardedRun;
  clock: Clock;
  /** Aborted when it is told to end: it stays until the run is seen to live, so that it leaves nobody alone. */
  signal: AbortSignal;
  /** For people: `kubectl logs`. */
  say(line: string): void;
}

/**
 * The life of a run's guard in the cluster: touches nothing while the run renews its Lease, and undoes all that is of the
 * run once nobody has for as long as the Lease lasts, or the Lease is gone. Resolves with the exit code.
 */
export async function runGuard({ run, clock, signal, say }: GuardOptions): Promise<number> {
  const tell = onlyNews(say);
  let sight: Sight | undefined;
  let before: LeaseLook | undefined;
  let leaving: string | undefined;
  let endNs: number | undefined;
  for (;;) {
    const startNs = clock.nowNs();
    const look = await run.look();
    sight = sightAfter(sight, look, { startNs, endNs: clock.nowNs() });
    if (look.kind === 'other' || look.kind === 'ended') return 0;
    if (look.kind === 'silent') tell(`the API server does not answer: ${look.why}`);
    if (look.kind === 'there' && !look.mine && signal.aborted) {
      leaving ??= look.version;
      if (leaving !== look.version) return endedCode;
    }
    // At a run's own end its Lease goes a moment before its record.
    const justGone = look.kind === 'gone' && before?.kind !== 'gone';
    before = look;
    if (!justGone && mayUndo(look, sight)) {
      endNs ??= clock.nowNs() + tryForMs * 1e6;
      const why = await tryUndo(run, look, say);
      if (why === undefined) return 0;
      tell(`not undone, tried again: ${why}`);
      if (clock.nowNs() >= endNs) {
        say(`given up after ${tryForMs / 1000} s; from any machine: squall recover --all`);
        return 1;
      }
    } else if (look.kind !== 'silent') endNs = undefined;
    await clock.sleep(lookEveryMs, signal.aborted ? undefined : signal).catch(() => undefined); // told to end
  }
}

function mayUndo(look: LeaseLook, sight: Sight | undefined): look is LeaseLook & { kind: 'there' | 'gone' } {
  if (look.kind === 'there') return look.mine || isStale(sight, look.lastsMs);
  return look.kind === 'gone';
}

/** Why it is not done, or undefined. */
async function tryUndo(
  run: GuardedRun,
  look: LeaseLook & { kind: 'there' | 'gone' },
  say: (line: string) => void,
): Promise<string | undefined> {
  try {
    if (look.kind === 'there' && !(await run.take(look.version))) return 'another wrote the Lease meanwhile';
    const done = await run.undo();
    say(`the run is gone: ${done.join(', ') || 'nothing of it was left'}`);
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** The program of the guard's pod. Listens to nothing; all it is told stands in its environment. */
export async function main(): Promise<void> {
  const ended = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => ended.abort());
  const task = guardTask(process.env);
  const cluster = bareCluster(ownAccount(process.env));
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  // At the same time: what is to be undone does not wait for words.
  void waitFor(systemClock, { timeoutMs: 60_000, everyMs: lookEveryMs }, () =>
    sayWord(cluster, task).then(
      () => true,
      (error: unknown) => {
        say(`its word was not taken: ${reasonOf(error)}`);
        return undefined;
      },
    ),
  );
  const run = guardedRun(cluster, { ...task, clock: systemClock });
  process.exit(await runGuard({ run, clock: systemClock, signal: ended.signal, say }));
}
