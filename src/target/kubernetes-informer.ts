import type { Informer, KubeConfig, KubernetesListObject, KubernetesObject } from '@kubernetes/client-node';

/** What is followed: a list of the API, in pages, and the same as a watch. */
export interface Followable<T extends KubernetesObject> {
  /** Of the list, below the server's address. */
  path: string;
  list(page: { limit: number; _continue?: string }): Promise<KubernetesListObject<T>>;
  /** What of an object is kept: the informer has all of them in memory for as long as the cluster has. */
  slim(object: T): T;
}

/** Objects of one answer: a namespace may have ten thousands of events. */
const pageItems = 500;

/**
 * The library's informer: lists once and then hears of every change. Not started. What a watch gives has its times as
 * text, what a list gives as dates.
 */
export function openInformer<T extends KubernetesObject>(
  library: typeof import('@kubernetes/client-node'),
  config: KubeConfig,
  { path, list, slim }: Followable<T>,
): Informer<T> {
  class SlimWatch extends library.Watch {
    override watch(...[at, query, told, done]: Parameters<InstanceType<typeof library.Watch>['watch']>) {
      // An error is a Status, which is no object of the list.
      const tell: typeof told = (phase, object) => told(phase, phase === 'ERROR' ? object : slim(object));
      return super.watch(at, query, tell, done);
    }
  }
  return new library.ListWatch(path, new SlimWatch(config), () => listAll({ list, slim }), false);
}

async function listAll<T extends KubernetesObject>({
  list,
  slim,
}: Pick<Followable<T>, 'list' | 'slim'>): Promise<KubernetesListObject<T>> {
  const items: T[] = [];
  let next: string | undefined;
  for (;;) {
    const page = await list({ limit: pageItems, ...(next === undefined ? {} : { _continue: next }) });
    for (const object of page.items) items.push(slim(object));
    next = page.metadata?._continue;
    if (next === undefined || next === '') return { ...page, items };
  }
}
