import { errorCodes, formatError, SquallError } from '../base/errors.ts';
import { onlyNews } from '../base/only-news.ts';
import { recoverCluster } from '../fault/cluster-recover.ts';
import { haltRun, recoverAll, recoverRun } from '../fault/recover.ts';
import { hasEnded, listOpenRuns } from '../fault/state.ts';
import type { SweepResult } from '../fault/sweep.ts';
import type { Console, GlobalFlags } from './console.ts';
import { namedCluster } from './named-cluster.ts';

/** `squall recover`: exits 0 only after it has read back that nothing of the run is left. */
export async function recoverCommand(console: Console, flags: GlobalFlags): Promise<number> {
  const say = onlyNews((line) => console.say(line));
  const here = flags.run === undefined ? await recoverAll(say) : await recoverRun(flags.run, say);
  const there = await recoverThere(flags, say);
  const result = { clean: here.clean && there.clean, lines: [...here.lines, ...there.lines] };
  if (flags.json === true) console.print(JSON.stringify(result));
  for (const line of result.lines) console.say(line);
  if (result.clean) {
    console.say('clean: no process, rule or file of a run is left');
    return 0;
  }
  console.say(
    formatError({
      code: 'SQ-RECOVERY-INCOMPLETE',
      what: 'something of a run is still in place',
      next: 'squall recover --all',
    }),
  );
  return errorCodes['SQ-RECOVERY-INCOMPLETE'].exit;
}

/** In a cluster, where one is named. */
async function recoverThere(flags: GlobalFlags, onLate: (line: string) => void): Promise<SweepResult> {
  const { context, namespace, run } = flags;
  if (context === undefined && namespace === undefined) return { clean: true, lines: [] };
  const named = namedCluster(flags, 'squall recover --all --context NAME --namespace NAME');
  return recoverCluster({ ...named, onLate, ...(run === undefined ? {} : { run }) });
}

/** `squall halt`: the big red button; idempotent. */
export async function haltCommand(console: Console, flags: GlobalFlags): Promise<number> {
  const open = listOpenRuns();
  const ids = flags.run === undefined ? open.map((run) => run.runId) : [flags.run];
  if (flags.run !== undefined && !open.some((run) => run.runId === flags.run)) {
    if (hasEnded(flags.run)) {
      console.say(`${flags.run} has ended already; nothing of it is left`);
      return 0;
    }
    throw new SquallError({
      code: 'SQ-RUN-NOT-FOUND',
      what: `no open run ${flags.run}`,
      found: open.length === 0 ? 'no open run' : open.map((run) => run.runId).join(', '),
      next: 'squall recover --all',
    });
  }
  let clean = true;
  for (const id of ids) {
    const result = await haltRun(id);
    for (const line of result.lines) console.say(line);
    clean &&= result.clean;
  }
  console.say(
    ids.length === 0 ? 'no run is open' : clean ? 'halted and rolled back' : 'halted; recovery is incomplete',
  );
  return clean ? 0 : errorCodes['SQ-RECOVERY-INCOMPLETE'].exit;
}
