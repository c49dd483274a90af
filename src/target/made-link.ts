import { randomBytes } from 'node:crypto';
import type { V1OwnerReference, V1Pod } from '@kubernetes/client-node';
import { formatDuration } from '../base/units.ts';
import type { LinkEnd } from './agent-flows.ts';
import type { LinkEnds } from './agent-link.ts';
import type { ObjectRestore } from './kubernetes-change.ts';
import type { ClusterRef } from './kubernetes-client.ts';
import { removeRun, runLabel } from './kubernetes-record.ts';
import type { ClusterAccess } from './kubernetes-workload-power.ts';
import { makeOwnerJob } from './owner-job.ts';
import { type PassageWatch, type Side, watchPassage } from './passage.ts';
import type { LinkEffect, LinkPower } from './target.ts';

/** A pod whose links are acted on by an object that others follow: the cluster's network, or Chaos Mesh. */
export interface LinkedPod {
  access: ClusterAccess;
  namespace: string;
  name: string;
  /** As last seen; undefined: gone. */
  latest(): V1Pod | undefined;
  readMetrics(): Promise<string>;
  /** Longer than items lie in its batches, ns. */
  quietNs: number;
}

/** What is to be made. */
export interface Cut {
  /** Of the object, and of the Job that owns it. */
  name: string;
  labels: Record<string, string>;
  end: LinkEnd;
  effect: LinkEffect;
  holdMs: number;
}

/** How one kind of object acts on a link of a pod. */
export interface LinkMaker {
  /** NetworkPolicy */
  kind: string;
  /** Why it cannot be had, or undefined; with a dry run. Changes nothing. */
  refusal(cut: Cut): Promise<string | undefined>;
  /** What undoes strike() besides the removal of what carries the name. */
  restore?(name: string): Promise<ObjectRestore & { cluster: ClusterRef }>;
  /** Makes what does nothing yet. */
  prepare?(cut: Cut, owner: V1OwnerReference): Promise<void>;
  strike(cut: Cut, owner: V1OwnerReference): Promise<void>;
  /** Why it cannot act, or undefined; looked at while it should. */
  idle?(name: string): Promise<string | undefined>;
  /** What it means if all goes on though it is in place. */
  doubt: string;
}

interface Held {
  cut: Cut;
  owner: V1OwnerReference;
  watch: PassageWatch;
  side: Side;
}

/**
 * Links of a pod, acted on by an object in its namespace. Each has a Job without pods as its owner, which takes it away
 * at its deadline when nobody else does. That it bites is seen in the collector's own counters.
 */
export function madeLink(pod: LinkedPod, ends: LinkEnds, maker: LinkMaker): LinkPower {
  const { access, namespace, name: podName } = pod;
  const { cluster, ref, run, clock, record } = access;
  const names = new Map<string, string>();
  const held = new Map<string, Held>();
  const cutOf = async (peer: string, effect: LinkEffect, holdMs: number): Promise<Cut> => {
    const end = await ends[peer]?.();
    if (end === undefined) throw new Error(`${podName} has no link to ${peer}`);
    const name = names.get(peer) ?? newName();
    const labels = { [runLabel]: run, 'app.kubernetes.io/managed-by': 'squall' };
    return { name, labels, end, effect, holdMs };
  };
  return {
    peers: () => Object.keys(ends),
    refusal: async (peer, effect) => {
      if (pod.latest()?.spec?.hostNetwork === true)
        return `${podName} is in the network of its node: cutting it would cut the node`;
      return maker.refusal(await cutOf(peer, effect, 1000));
    },
    plan: async (peer) => {
      const name = newName();
      names.set(peer, name);
      const restore = await maker.restore?.(name);
      return { made: { cluster: ref, namespace, run, name }, ...(restore === undefined ? {} : { restore }) };
    },
    prepare: async (peer, effect, holdMs) => {
      const cut = await cutOf(peer, effect, holdMs);
      // Refused when the run holds its record no longer.
      await record.write({ fault: effect.kind, made: cut.name, namespace });
      const { name, labels } = cut;
      const deadlineS = Math.ceil(holdMs / 1000);
      const owner = await makeOwnerJob(cluster, { namespace, name, labels, deadlineS });
      const side = cut.end.role === 'client' ? 'sent' : 'accepted';
      const overNs = pod.quietNs + marginNs;
      const watch = watchPassage({ clock, side, overNs, read: pod.readMetrics });
      held.set(peer, { cut, owner, watch, side });
      await maker.prepare?.(cut, owner);
      await watch.begin();
    },
    set: async (peer, effect) => {
      const one = held.get(peer);
      if (effect !== undefined) {
        if (one === undefined) throw new Error(`the link to ${peer} is not prepared`);
        await maker.strike(one.cut, one.owner);
        one.watch.struck();
        return;
      }
      if (one === undefined) return;
      await removeRun(cluster, { namespace, run, name: one.cut.name, clock });
      held.delete(peer);
    },
    proof: async (peer) => {
      const one = held.get(peer);
      if (one === undefined) return { affectedBytes: 0, affectedConnections: 0, struck: false };
      const idle = await maker.idle?.(one.cut.name);
      const seen = await one.watch.look();
      const struck = idle === undefined && (one.cut.effect.kind !== 'partition' || seen.stall !== undefined);
      const words = { pod: podName, peer, what: `${maker.kind} ${one.cut.name}`, ...one, seen };
      const why = idle ?? whyNot(words, maker.doubt);
      return {
        affectedBytes: 0,
        affectedConnections: 0,
        struck,
        sentence: struck ? proofWords(words) : why,
      };
    },
  };
}

/** The network takes a moment to follow, and a look at the counters another. */
const marginNs = 2e9;

function newName(): string {
  return `squall-cut-${randomBytes(6).toString('hex')}`;
}

interface Seen {
  pod: string;
  peer: string;
  what: string;
  cut: Cut;
  side: Side;
  seen: Awaited<ReturnType<PassageWatch['look']>>;
}

/** What is seen of a cut that bites. */
export function proofWords({ pod, peer, what, cut, side, seen: { stall } }: Seen): string {
  if (stall === undefined) return `${what} is in place: ${cut.effect.kind} between ${pod} and ${peer}`;
  const over = formatDuration(Math.round(stall.overNs / 1e6));
  if (side === 'accepted') return `${pod} took in nothing for ${over}, by ${what}`;
  return `${pod} took in ${stall.items} items in ${over} and sent none of them on (${stall.exporters.join(', ')}), by ${what}`;
}

/** What is seen of a cut that does not, and what to do. */
export function whyNot({ pod, peer, what, side, seen }: Seen, doubt: string): string {
  const did = side === 'sent' ? 'sent' : 'took in';
  if (!seen.moved) return `${what} is in place, but ${pod} ${did} nothing before it that could have stopped`;
  const over = formatDuration(Math.round(seen.sinceMs));
  return `${what} is in place, and ${pod} ${did} ${seen.passed} items in ${over} all the same on its link to ${peer}: ${doubt}`;
}
