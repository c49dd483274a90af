import { setTimeout as delay } from 'node:timers/promises';
import { SquallError } from '../base/errors.ts';
import { runCommand } from '../base/run-command.ts';
import { runTag } from './held-process.ts';
import { runName } from './kubernetes-record.ts';

/** What kind prints at once. */
const askMs = 30_000;
/** Ends the containers of all nodes. */
const deleteMs = 120_000;
/** What a creation that was killed in the middle still had under way at Docker shows up within this, ms. */
const aftermathMs = 1_000;
const deletesMax = 5;

/** The cluster of a run; as kind's names are, one DNS label. */
export function kindClusterName(runId: string): string {
  return `squall-${runName(runId)}`;
}

/** Version of the `kind` on PATH. Throws SQ-TOOL-MISSING with what to do. */
export async function kindVersion(): Promise<string> {
  const answer = await runCommand({ command: 'kind', args: ['version'], timeoutMs: askMs });
  if (answer.code === 0) return /v(\d\S*)/.exec(answer.out)?.[1] ?? 'unknown';
  throw new SquallError({
    code: 'SQ-TOOL-MISSING',
    what: 'target: kind needs the program kind, which makes clusters out of containers',
    where: 'PATH',
    expected: '`kind version` ends with code 0',
    found: answer.reason,
    next: 'go install sigs.k8s.io/kind@latest, with Docker running; or use target: docker or kubernetes',
  });
}

/**
 * Runs a kind command that makes or fills a cluster, under the run's tag, so that a guard ends it with the run. Rejects
 * with what kind said last.
 */
export async function kind(
  args: readonly string[],
  options: { runId: string; timeoutMs: number; signal?: AbortSignal },
): Promise<void> {
  const answer = await runCommand({
    command: 'kind',
    args,
    timeoutMs: options.timeoutMs,
    env: { ...process.env, [runTag]: options.runId },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  if (answer.code !== 0) throw new Error(`kind ${args[0]} ${args[1]}: ${saidBy(answer)}`);
}

/** kind explains itself in lines that begin with ERROR; the last of them may be the tail of a stack. */
function saidBy({ error, reason }: { error: string; reason: string }): string {
  return /^ERROR: (.*)$/m.exec(error)?.[1] ?? reason;
}

/** Whether kind knows a cluster of this name. Rejects when kind cannot be asked. */
export async function hasKindCluster(name: string): Promise<boolean> {
  const answer = await runCommand({ command: 'kind', args: ['get', 'clusters'], timeoutMs: askMs });
  if (answer.code !== 0) throw new Error(`kind get clusters: ${answer.reason}`);
  return answer.out.split('\n').includes(name);
}

/** Deletes it, and again what a creation that was killed still made meanwhile. Idempotent; rejects when it stays. */
export async function deleteKindCluster(name: string): Promise<'deleted' | 'gone'> {
  for (let attempt = 0; attempt < deletesMax; attempt++) {
    if (!(await hasKindCluster(name))) return attempt === 0 ? 'gone' : 'deleted';
    const args = ['delete', 'cluster', '--name', name];
    const answer = await runCommand({ command: 'kind', args, timeoutMs: deleteMs });
    if (answer.code !== 0) throw new Error(`kind delete cluster: ${saidBy(answer)}`);
    await delay(aftermathMs);
  }
  throw new Error(`cluster ${name} comes back`);
}
