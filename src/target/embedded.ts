import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { TargetSpec } from '../scenario/types.ts';
import { readPipelineFacts } from './collector-config.ts';
import { spawnHeld } from './held-process.ts';
import { type LinkAddresses, replicaEnv, takeSeat } from './local-seat.ts';
import { startMemberProcess } from './member-process.ts';
import { quietOf, reachOf, settleOf } from './residence.ts';
import { awaitServing } from './start-failure.ts';
import { stockGateway } from './stock-gateway.ts';
import type { Target } from './target.ts';

export const embeddedBanner = 'embedded reference collector: says nothing about a real collector';

export interface EmbeddedOptions {
  spec: TargetSpec & { kind: 'embedded' };
  runId: string;
  /** Absolute; its log goes to evidence/logs. */
  runDir: string;
  sink: LinkAddresses;
  clock: Clock;
}

/**
 * A small collector of squall's own, for tests, calibration and a first look where no real one can be had: OTLP in,
 * batches, a queue in memory, retry, with a stock gateway's settings. A process, so that the faults on processes work
 * on it. Throws SQ-TARGET-START or SQ-PORT-IN-USE.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Target> {
  const { clock, runId } = options;
  const seat = await takeSeat('embedded', 0);
  const logs = join(options.runDir, 'evidence', 'logs');
  await mkdir(logs, { recursive: true });
  const logFile = join(logs, `${seat.name}.log`);
  // The compiled package has no .ts file beside this one.
  const program = join(
    import.meta.dirname,
    import.meta.filename.replace(/^.*embedded\./, 'embedded-program.'),
  );
  const process_ = await startMemberProcess({
    start: () =>
      spawnHeld({
        command: process.execPath,
        args: [program],
        env: replicaEnv({ seat, next: options.sink, env: process.env, own: {}, dataDir: '' }),
        logFile,
        cgroups: [],
        runId,
        name: seat.name,
        clock,
      }),
    readiness: { kind: 'health', url: `http://${seat.health}/` },
    restart: 'always',
    clock,
    onNote: () => undefined,
  });
  const down = () => process_.stop(stopGraceMs);
  const serving = await awaitServing(process_, { name: seat.name, logFile, clock, stop: down });
  const member = {
    name: seat.name,
    group: seat.group,
    otlp: { ...seat.otlp, headers: {} },
    metricsUrl: `http://127.0.0.1:${seat.metricsPort}/metrics`,
    version: 'embedded',
    lossyComponents: [],
    process: { ...process_, ...serving },
  };
  const hops = [{ member: 'embedded', facts: readPipelineFacts(stockGateway()) }];
  return {
    kind: 'embedded',
    banner: embeddedBanner,
    members: [member],
    entry: [member],
    reach: reachOf(hops),
    settleNs: settleOf(hops),
    quietNs: quietOf(hops),
    notes: [],
    down,
  };
}

/** Time to end by itself at down(), ms. */
const stopGraceMs = 10_000;
