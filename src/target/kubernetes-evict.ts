import { type Cluster, reasonOf, statusOf } from './kubernetes-client.ts';

/** Exactly this pod; another one of its name by now is refused (409). */
export interface PodEviction {
  namespace: string;
  name: string;
  uid: string;
  /** From TERM to KILL; undefined: the pod's own. */
  gracePeriodS?: number;
  /** Only asks: nothing is changed. */
  dryRun?: boolean;
}

/** Asks the API server to end a pod as far as its disruption budgets let it. Rejects with the refusal. */
export async function evictPod(cluster: Cluster, eviction: PodEviction): Promise<void> {
  const { namespace, name, uid, gracePeriodS, dryRun = false } = eviction;
  const grace = gracePeriodS === undefined ? {} : { gracePeriodSeconds: gracePeriodS };
  const deleteOptions = { ...grace, preconditions: { uid } };
  await cluster.core.createNamespacedPodEviction({
    namespace,
    name,
    body: { metadata: { name, namespace }, deleteOptions },
    ...(dryRun ? { dryRun: 'All' } : {}),
  });
}

/** A disruption budget that lets no pod go at this moment. */
export interface BudgetRefusal {
  budget: string;
  why: string;
}

/** The budget behind a refused eviction; undefined: it was refused for another reason. */
export function budgetRefusal(error: unknown): BudgetRefusal | undefined {
  if (statusOf(error) !== 429) return undefined;
  const why = budgetCause(error);
  if (why === undefined) return undefined;
  return { budget: /^The disruption budget (\S+) /.exec(why)?.[1] ?? 'unknown', why };
}

/** Of a Status whose causes name the budget; a server that is only busy answers 429 without one. */
function budgetCause(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('body' in error)) return undefined;
  const status: unknown = typeof error.body === 'string' ? parsed(error.body) : error.body;
  const { details } = (status ?? {}) as { details?: { causes?: { reason?: string; message?: string }[] } };
  const cause = details?.causes?.find(({ reason }) => reason === 'DisruptionBudget');
  return cause === undefined ? undefined : (cause.message ?? reasonOf(error));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not the API server's own answer: a proxy's page
  }
}
