import { readlinkSync } from 'node:fs';
import { request } from 'node:http';
import { z } from 'zod';
import { readStartTicks } from './held-process.ts';

/** On every container, network and volume of a run; the value is the run's id. */
export const runLabel = 'squall.dev/run';
/** Beside it: who runs it, as PID/START@NAMESPACE. */
const runnerLabel = 'squall.dev/runner';

export interface LabelledRun {
  runId: string;
  daemon: string;
  /** Its runner, if that is a process that /proc would show here; undefined for one of another container. */
  runner: { pid: number; startTicks: number } | undefined;
}

/** For an object that this process makes. */
export function runLabels(runId: string): Record<string, string> {
  const startTicks = readStartTicks(process.pid) ?? 0;
  return { [runLabel]: runId, [runnerLabel]: `${process.pid}/${startTicks}@${namespace()}` };
}

const answerMs = 5_000;
const objectsSchema = z.array(z.object({ Labels: z.record(z.string(), z.string()).nullable() }));

/**
 * Runs that have containers or networks at a daemon of this machine, whatever any record says. Asked without the Docker
 * library, as it is asked by every recover; no daemon has none.
 */
export async function labelledRuns(env: NodeJS.ProcessEnv = process.env): Promise<LabelledRun[]> {
  const { DOCKER_HOST: named = '' } = env;
  const daemon = named === '' ? 'unix:///var/run/docker.sock' : named;
  if (!daemon.startsWith('unix://')) return [];
  const filters = encodeURIComponent(JSON.stringify({ label: [runLabel] }));
  const paths = [`/containers/json?all=1&filters=${filters}`, `/networks?filters=${filters}`];
  const answers = await Promise.all(paths.map((path) => ask(daemon.slice('unix://'.length), path)));
  const found = new Map<string, LabelledRun>();
  for (const { Labels } of answers.flatMap((answer) => objectsSchema.safeParse(answer).data ?? [])) {
    const runId = Labels?.[runLabel];
    if (runId !== undefined) found.set(runId, { runId, daemon, runner: runnerOf(Labels?.[runnerLabel]) });
  }
  return [...found.values()];
}

function runnerOf(label = ''): LabelledRun['runner'] {
  const [, pid, startTicks, space] = /^(\d+)\/(\d+)@(.+)$/.exec(label) ?? [];
  return space === namespace() ? { pid: Number(pid), startTicks: Number(startTicks) } : undefined;
}

/** Tells processes of this machine's /proc from those of a container with a socket of the same daemon. */
function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return 'none'; // no /proc
  }
}

/** Undefined for whatever went wrong: a daemon that does not answer shows nothing. */
function ask(socketPath: string, path: string): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const asked = request({ socketPath, path, timeout: answerMs }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    response.on('end', () => resolve(parseJson(text))).on('error', () => resolve(undefined));
  });
  asked.on('timeout', () => asked.destroy()).on('error', () => resolve(undefined));
  asked.end();
  return promise;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no daemon speaks like this
  }
}
