/** This worker's part of an entry's in-flight bound: the parts add up to it, and each is at least one. */
export function inFlightShare(bound: number, place: { worker: number; workers: number }): number {
  const { worker, workers } = place;
  return Math.max(1, Math.floor(bound / workers) + (worker < bound % workers ? 1 : 0));
}

/** Connections of one worker: at least its part, and the same number to every endpoint, so that load is balanced. */
export function connectionShare(entry: { connections: number; workers: number; endpoints: number }): number {
  const perWorker = Math.max(1, Math.ceil(entry.connections / entry.workers));
  return Math.ceil(perWorker / entry.endpoints) * entry.endpoints;
}
