import { errorCodes, SquallError } from '../base/errors.ts';
import type { Live } from '../report/live.ts';
import type { Report } from '../report/types.ts';
import { type RunOptions, runScenario } from '../run.ts';

/**
 * One of the several runs that a command makes; `phase` stands before its own in the live line. Undefined when it was
 * interrupted, here or by squall halt: such a run says nothing. Throws SQ-RECOVERY-INCOMPLETE where it left something.
 */
export async function runOfSeries(
  options: Omit<RunOptions, 'demo' | 'capture'>,
  phase: string,
): Promise<Report | undefined> {
  const { live, signal, dir, runId } = options;
  const ran = await runScenario({
    ...options,
    demo: false,
    capture: false,
    live: within(live, phase),
  }).catch((error: unknown) => {
    // Stopped before there was anything to judge: what earlier runs showed still stands.
    if (error instanceof SquallError && error.parts.code === 'SQ-INTERRUPTED') return undefined;
    throw error;
  });
  if (ran === undefined) return undefined;
  const { report, faultsLeft } = ran;
  if (faultsLeft.length > 0) {
    throw new SquallError({
      code: 'SQ-RECOVERY-INCOMPLETE',
      what: 'clean-up of a run did not finish',
      where: dir,
      found: faultsLeft.join('; '),
      next: `squall recover --run ${runId}`,
    });
  }
  // By a signal here, or by squall halt from elsewhere.
  return signal.aborted || report.exitCode === errorCodes['SQ-INTERRUPTED'].exit ? undefined : report;
}

/** The live line of a run says where the series is. */
function within(live: Live, phase: string): Live {
  return {
    update: (state) => live.update({ ...state, phase: `${phase}: ${state.phase}` }),
    say: (line) => live.say(line),
    end: () => undefined,
  };
}
