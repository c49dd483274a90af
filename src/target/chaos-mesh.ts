import type { LinkEnd } from './agent-flows.ts';
import type { LinkEffect } from './target.ts';

/** Where the API has NetworkChaos. */
export const networkChaos = {
  group: 'chaos-mesh.org',
  version: 'v1alpha1',
  plural: 'networkchaos',
} as const;

/** Of a queue in front of a rate: what may wait, and what may go at once. */
const queueBytes = 2_000_000;
const burstBytes = 10_000;

/**
 * A NetworkChaos spec for one pod and the addresses at the other end of a link: all ports of them, as Chaos Mesh knows
 * no others here. It ends by itself after `holdMs`.
 */
export function chaosSpec(options: {
  pod: { namespace: string; name: string };
  end: LinkEnd;
  effect: Exclude<LinkEffect, { kind: 'reset' }>;
  holdMs: number;
}): object {
  const { pod, end, effect, holdMs } = options;
  return {
    mode: 'all',
    selector: { namespaces: [pod.namespace], pods: { [pod.namespace]: [pod.name] } },
    direction: effect.direction,
    externalTargets: end.addresses,
    duration: `${Math.ceil(holdMs)}ms`,
    ...actionOf(effect),
  };
}

function actionOf(effect: Exclude<LinkEffect, { kind: 'reset' }>): object {
  switch (effect.kind) {
    case 'partition':
      return { action: 'partition' };
    case 'delay':
      return {
        action: 'delay',
        delay: { latency: `${effect.latencyMs}ms`, jitter: `${effect.jitterMs}ms`, correlation: '0' },
      };
    case 'loss':
      return { action: 'loss', loss: { loss: String(effect.ratio * 100), correlation: '0' } };
    case 'bandwidth':
      // Its bps are bytes per second.
      return {
        action: 'bandwidth',
        bandwidth: { rate: `${effect.bytesPerS}bps`, limit: queueBytes, buffer: burstBytes },
      };
  }
}

/** Why Chaos Mesh could not do it, or undefined. */
export function chaosRefusal(end: LinkEnd, effect: LinkEffect): string | undefined {
  if (effect.kind === 'reset') return 'Chaos Mesh resets no connections';
  if (end.addresses.length === 0)
    return 'Chaos Mesh cuts addresses, and those of the load are not known in a cluster';
  if (effect.kind === 'partition' || effect.direction === 'to') return undefined;
  return `Chaos Mesh shapes only what a pod sends to an address: the direction must be to, not ${effect.direction}`;
}

/** Whether its controller says that the chaos is in place; undefined: it has said nothing. */
export function isInjected(chaos: unknown): boolean | undefined {
  const { status } = chaos as {
    status?: { conditions?: { type?: string; status?: string }[] };
  };
  const found = status?.conditions?.find(({ type }) => type === 'AllInjected');
  return found === undefined ? undefined : found.status === 'True';
}
