import { answered, type DockerEngine, withinMs } from './docker-client.ts';
import { runLabel } from './docker-labels.ts';

/** What a run has at a daemon. */
export interface DockerObjects {
  containers: string[];
  networks: string[];
  volumes: string[];
}

const answerMs = 10_000;
/** A request of a runner that was killed in the middle may still be under way at the daemon, ms. */
const aftermathMs = 250;
const tries = 20;

/** Found by label, whatever any record says. Rejects when the daemon does not answer. */
export async function listObjects(engine: DockerEngine, runId: string): Promise<DockerObjects> {
  const filters = { label: [`${runLabel}=${runId}`] };
  const [containers, networks, volumes] = await withinMs(
    answerMs,
    Promise.all([
      engine.listContainers({ all: true, filters }),
      engine.listNetworks({ filters }),
      engine.listVolumes({ filters }),
    ]),
  );
  return {
    containers: containers.map(({ Id }) => Id),
    networks: networks.map(({ Id }) => Id),
    volumes: (volumes.Volumes ?? []).map(({ Name }) => Name),
  };
}

/**
 * Removes all of it: containers first, running or paused, as networks and volumes are in use until then. Returns when
 * nothing was there at two looks; rejects when something cannot be removed.
 */
export async function removeObjects(
  engine: DockerEngine,
  runId: string,
  sleep: (ms: number) => Promise<void>,
): Promise<number> {
  let removed = 0;
  let empty = false;
  let last: unknown;
  for (let attempt = 0; attempt < tries; attempt++) {
    const found = await listObjects(engine, runId);
    const count = found.containers.length + found.networks.length + found.volumes.length;
    if (count === 0 && (empty || removed === 0)) return removed;
    empty = count === 0;
    last = await removeThese(engine, found).catch((error: unknown) => error);
    removed += count;
    await sleep(aftermathMs);
  }
  throw last instanceof Error ? last : new Error(`objects of ${runId} come back`);
}

async function removeThese(engine: DockerEngine, found: DockerObjects): Promise<void> {
  const containers = found.containers.map((id) => engine.getContainer(id).remove({ force: true, v: true }));
  await settleAll(containers);
  await settleAll([
    ...found.networks.map((id) => engine.getNetwork(id).remove()),
    ...found.volumes.map((name) => engine.getVolume(name).remove()),
  ]);
}

/** All are tried; the first failure other than "gone" and "removal is under way" is thrown. */
async function settleAll(works: Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(works.map((work) => withinMs(answerMs, work)));
  for (const result of results) {
    if (result.status === 'rejected' && !answered(result.reason, 404, 409)) throw result.reason;
  }
}
