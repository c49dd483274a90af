import type { V1ObjectMeta } from '@kubernetes/client-node';
import { statusOf } from './kubernetes-client.ts';

interface Access<T> {
  read(): Promise<T | undefined>;
  /** By version: refuses with 409 what is built on another one. */
  replace(body: T): Promise<T>;
  /** Whether it is this process's own, at a version that it does not know. `unanswered`: its write without an answer. */
  isOwn(found: T, unanswered: T | undefined): boolean;
}

/**
 * Writes to an object that is this process's alone: each write builds on the version that the one before it gave, so that
 * an object which was deleted, or which another wrote to, refuses. An answer that got lost on its way, as of an API server
 * that ended meanwhile, leaves a version that is not known here: it is taken up if it is its own.
 */
export function knownObject<T extends { metadata?: V1ObjectMeta }>(
  first: T,
  { read, replace, isOwn }: Access<T>,
): (change: (known: T) => T) => Promise<void> {
  let known = first;
  let unanswered: T | undefined;
  return async (change) => {
    for (let tries = 1; ; tries++) {
      const body = change(known);
      try {
        known = await replace(body);
        unanswered = undefined;
        return;
      } catch (error) {
        const status = statusOf(error);
        if (status === undefined || status >= 500) unanswered = body;
        if (status !== 409 || tries > 1) throw error;
        const found = await read();
        if (found === undefined || found.metadata?.uid !== known.metadata?.uid) throw error;
        if (!isOwn(found, unanswered)) throw error;
        known = found;
      }
    }
  };
}
