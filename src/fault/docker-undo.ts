import { systemClock } from '../base/clock.ts';
import { answered, type DockerEngine, engineAt, orGone, withinMs } from '../target/docker-client.ts';
import { addressOf, attach } from '../target/docker-endpoints.ts';
import { limitsOf, updateOf } from '../target/docker-limits.ts';
import { listObjects, removeObjects } from '../target/docker-objects.ts';
import type { ContainerRef } from '../target/target.ts';
import type { Undo } from './fault.ts';

export type DockerUndo = Extract<Undo, { daemon: string }>;

/** A daemon that hangs must not keep the other undos of a run from being tried, ms. */
const answerMs = 20_000;

/** Undoes one thing at a Docker daemon; returns what was found. Rejects when the daemon does not answer. */
export async function executeDockerUndo(undo: DockerUndo): Promise<string> {
  const engine = await engineAt(undo.daemon);
  return withinMs(answerMs, undoAt(engine, undo));
}

async function undoAt(engine: DockerEngine, undo: DockerUndo): Promise<string> {
  switch (undo.kind) {
    case 'docker-objects': {
      const removed = await removeObjects(engine, undo.runId, systemClock.sleep);
      return removed === 0 ? 'no container or network is left' : `${removed} containers and networks removed`;
    }
    case 'docker-unpause': {
      const state = await stateOf(engine, undo);
      if (state === undefined) return `container ${short(undo)} is gone`;
      if (!state.Paused) return `container ${short(undo)} is not paused`;
      await engine.getContainer(undo.container).unpause();
      return `container ${short(undo)} unpaused`;
    }
    case 'docker-connect':
      return (await attach(engine, undo)) === 'gone'
        ? `container ${short(undo)} or its network is gone`
        : `container ${short(undo)} is attached at ${undo.address}`;
    case 'docker-update': {
      const container = engine.getContainer(undo.container);
      const done = await orGone(container.update(updateOf(undo.limits)));
      return done === undefined ? `container ${short(undo)} is gone` : `limits of ${short(undo)} restored`;
    }
  }
}

/** What of an undo can still be seen at its daemon, or undefined; a daemon that does not answer is a remainder. */
export async function dockerRemains(undo: DockerUndo): Promise<string | undefined> {
  try {
    return await withinMs(answerMs, look(await engineAt(undo.daemon), undo));
  } catch (error) {
    return `${undo.daemon} cannot be asked: ${error instanceof Error ? error.message : error}`;
  }
}

async function look(engine: DockerEngine, undo: DockerUndo): Promise<string | undefined> {
  switch (undo.kind) {
    case 'docker-objects': {
      const { containers, networks, volumes } = await listObjects(engine, undo.runId);
      const left = [...containers.map((id) => `container ${id.slice(0, 12)}`), ...networks, ...volumes];
      return left.length === 0 ? undefined : `at ${undo.daemon}: ${left.join(', ')}`;
    }
    case 'docker-unpause':
      return (await stateOf(engine, undo))?.Paused === true
        ? `container ${short(undo)} is paused`
        : undefined;
    case 'docker-connect': {
      const attached = await addressOf(engine, undo);
      const back = attached === 'gone' || attached === undo.address;
      return back ? undefined : `container ${short(undo)} is off its network (${undo.address})`;
    }
    case 'docker-update': {
      const found = await orGone(engine.getContainer(undo.container).inspect());
      if (found === undefined) return undefined;
      const { cpuMillis, memoryBytes } = limitsOf(found.HostConfig);
      const same = cpuMillis === undo.limits.cpuMillis && memoryBytes === undo.limits.memoryBytes;
      return same ? undefined : `limits of container ${short(undo)} are changed`;
    }
  }
}

/** SIGHUP to a container; one that does not run needs none. */
export async function reloadContainer(to: ContainerRef): Promise<void> {
  const engine = await engineAt(to.daemon);
  try {
    await withinMs(answerMs, engine.getContainer(to.container).kill({ signal: 'SIGHUP' }));
  } catch (error) {
    if (!answered(error, 404, 409)) throw error;
  }
}

async function stateOf(engine: DockerEngine, ref: ContainerRef) {
  return (await orGone(engine.getContainer(ref.container).inspect()))?.State;
}

function short({ container }: ContainerRef): string {
  return container.slice(0, 12);
}
