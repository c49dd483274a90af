import type { KubernetesObject } from '@kubernetes/client-node';
import type { Clock } from '../base/clock.ts';
import type { ClusterLog } from './cluster-log.ts';

/** What is followed by an informer: the library's, which lists once and then hears of every change. */
export interface Informer<T> {
  on(verb: 'add' | 'update' | 'delete', seen: (object: T) => void): void;
  on(verb: 'error', lost: (error: unknown) => void): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** An informer whose objects are told to somebody already. */
export interface Followed {
  start(): Promise<void>;
  stop(): Promise<void>;
  onLost(lost: () => void): void;
  /** From now on it tells of changes; until then of what was there before. */
  listed(): void;
}

/** `isNew`: it happened while it was watched. */
export type Told<T> = (before: T | undefined, after: T | undefined, isNew: boolean) => void;

/** Hands on each object of one namespace with its state before. */
export function followed<T extends KubernetesObject>(informer: Informer<T>, told: Told<T>): Followed {
  let isNew = false;
  const known = new Map<string, T>();
  const nameOf = ({ metadata }: T) => metadata?.name ?? '';
  const forget = (object: T) => {
    known.delete(nameOf(object));
    told(object, undefined, isNew);
  };
  const put = (object: T) => {
    const before = known.get(nameOf(object));
    // A list that is read again tells of everything; what is as it was is no change.
    if (before?.metadata?.resourceVersion === object.metadata?.resourceVersion && before !== undefined)
      return;
    // Another one has the name: the end of the first came while nobody watched.
    const other = before !== undefined && before.metadata?.uid !== object.metadata?.uid;
    if (other) forget(before);
    known.set(nameOf(object), object);
    told(other ? undefined : before, object, isNew);
  };
  informer.on('add', put);
  informer.on('update', put);
  informer.on('delete', (object) => forget(known.get(nameOf(object)) ?? object));
  return {
    start: () => informer.start(),
    stop: () => informer.stop(),
    onLost: (lost) => informer.on('error', lost),
    listed: () => {
      isNew = true;
    },
  };
}

const retryMs = 1000;

/** Keeps it going: after a loss it is begun again every second, and the time between stands as a gap. */
export async function follow(
  part: { name: string; open(): Followed },
  { clock, log }: { clock: Clock; log: Pick<ClusterLog, 'lost' | 'back'> },
): Promise<{ stop(): Promise<void> }> {
  const ended = new AbortController();
  const informer = part.open();
  let running = false;
  const again = async () => {
    if (running) return;
    running = true;
    let failed = true;
    while (failed && !ended.signal.aborted) {
      await clock.sleep(retryMs, ended.signal).catch(() => undefined); // ended: the loop ends
      if (ended.signal.aborted) break;
      failed = await begin();
    }
    running = false;
  };
  let lost = false;
  informer.onLost(() => {
    if (ended.signal.aborted) return;
    lost = true;
    log.lost(part.name);
    void again();
  });
  const begin = async () => {
    lost = false;
    await informer.start();
    if (lost) return true;
    informer.listed();
    log.back(part.name);
    return false;
  };
  await begin();
  return {
    stop: async () => {
      ended.abort();
      await informer.stop();
    },
  };
}
