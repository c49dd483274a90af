import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sendCanary } from '../load/canary.ts';
import { type LoadRun, startLoad } from '../load/engine.ts';
import { type Program, type Say, serveControl } from './control.ts';
import { goAt } from './go.ts';
import { type Ask, type FromPod, format, type LoadTask } from './messages.ts';

const ready = { kind: 'ready', format } as const;

/** Load workers in a pod: connect once they were told the plan, wait for the common start, and send their records. */
export async function main(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'squall-load-'));
  await serveControl((say, { atBoot }) => createProgram({ dir, atBoot, say }), { dir });
}

function createProgram({ dir, atBoot, say }: { dir: string; atBoot: bigint; say: Say }): Program {
  let load: LoadRun | undefined;
  let gone = false;
  let ended: FromPod | undefined;
  let failure: string | undefined;
  const start = async ({ plan, endpoints, workers }: LoadTask) => {
    load = await startLoad({
      plan,
      endpoints,
      workers,
      evidenceDir: dir,
      onProgress: (counts, generator, ackMs) => {
        const bytes = Buffer.concat(ackMs.map((part) => new Uint8Array(part.buffer)));
        say({ kind: 'progress', result: { counts, generator } }, bytes);
      },
    });
    load.done.then(
      (result) => {
        ended = { kind: 'ended', result };
        say(ended);
      },
      (error: Error) => {
        failure = error.message;
      },
    );
    say(ready);
  };
  return {
    async start(message) {
      if (message.kind === 'load' && load === undefined) await start(message.task);
    },
    async answer(ask: Ask) {
      if (ask.what === 'send') return { outcome: await sendCanary(ask.canary) };
      if (ask.what === 'end' && load !== undefined) {
        load.end();
        return { ended: true };
      }
      if (ask.what !== 'go' || load === undefined) throw new Error(`the load was asked for ${ask.what}`);
      const { t0Ns, lateMs } = goAt(ask.t0WallNs, atBoot);
      if (!gone) load.go(t0Ns);
      gone = true;
      return { lateMs };
    },
    state: () => [...(load === undefined ? [] : [ready]), ...(ended === undefined ? [] : [ended])],
    failure: () => failure,
    async stop() {
      load?.stop();
      await load?.done.catch(() => undefined); // told by failure()
      await load?.close();
    },
  };
}
