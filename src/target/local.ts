import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findHierarchy } from '../base/cgroup.ts';
import type { Clock } from '../base/clock.ts';
import { settled } from '../base/settled.ts';
import type { PipelineFacts } from '../plan/facts.ts';
import type { CollectorSpec, LocalMemberSpec, TargetSpec } from '../scenario/types.ts';
import { inspectCollector } from '../tools/collector-binary.ts';
import type { StartProxy } from './link.ts';
import { createLinks, loadEnd, sinkEnd, type WantedLink } from './local-links.ts';
import { entryGroups, longestPath, startOrder } from './local-order.ts';
import { type Replica, startReplica } from './local-replica.ts';
import { type LinkAddresses, takeSeat } from './local-seat.ts';
import { quietOf, reachOf, settleOf } from './residence.ts';
import type { LinkPower, Member, Target } from './target.ts';

export interface LocalOptions {
  spec: TargetSpec & { kind: 'local' };
  runId: string;
  /** Absolute. Logs go to evidence/logs, configurations and data to work, which down() removes again. */
  runDir: string;
  /** Where the last members send to. */
  sink: LinkAddresses;
  /** Path of the collector, for members without a binary of their own. */
  otelcol: string;
  clock: Clock;
  /** What the members inherit; undefined: the runner's own environment. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Links that some fault of the plan acts on; only these get a proxy. */
  links: readonly WantedLink[];
  startProxy: StartProxy;
  onNote?(sentence: string): void;
}

/** Time for a process to end by itself at down(), ms. */
const stopGraceMs = 10_000;

/**
 * Collectors as child processes, started from the sink's side and each awaited until it serves. Throws
 * SQ-TARGET-START with the log lines that explain, or SQ-PORT-IN-USE; whatever was started is then down again.
 */
export async function startLocal(options: LocalOptions): Promise<Target> {
  const { spec } = options;
  const notes: Target['notes'] = [];
  const note = (sentence: string, severity: 'warn' | 'info' = 'info') => {
    notes.push({ code: 'SQ-NOTE-TARGET', sentence, severity, next: 'squall doctor' });
    options.onNote?.(sentence);
  };
  await mkdir(join(options.runDir, 'evidence', 'logs'), { recursive: true });
  const hierarchy = limitsWanted(spec)
    ? findHierarchy()
    : { kind: 'none' as const, reason: 'no limit asked for' };
  if (hierarchy.kind === 'none' && limitsWanted(spec)) {
    note(`CPU and memory limits are not in force: ${hierarchy.reason}`, 'warn');
  }
  const entries = entryGroups(spec.members);
  const links = createLinks(options.links, options.startProxy);
  const replicas: Replica[] = [];
  const down = async () => {
    // From the load's side: a member can still hand on what it holds while the next one is there.
    for (const replica of replicas.toReversed()) await replica.stop(stopGraceMs);
    await links.close();
  };
  try {
    for (const group of startOrder(spec.members)) {
      const member = spec.members[group] as LocalMemberSpec;
      const tool = await inspectCollector(member.binary ?? spec.collector ?? options.otelcol);
      const receivers = replicas.filter((replica) => replica.member.group === member.sendsTo);
      if (receivers.length > 1) {
        note(
          `each replica of ${group} sends to one of the ${receivers.length} of ${member.sendsTo}, in turn`,
        );
      }
      for (let index = 0; index < member.replicas; index++) {
        const seat = await takeSeat(group, index);
        const receiver = receivers[index % receivers.length]?.seat;
        const next = await links.between(seat, receiver ?? sinkEnd, receiver?.otlp ?? options.sink);
        const front = entries.includes(group) ? await links.between(loadEnd, seat, seat.otlp) : seat.otlp;
        replicas.push(await startReplica({ ...options, hierarchy, seat, front, member, tool, next, note }));
      }
    }
  } catch (error) {
    await settled(down());
    throw error;
  }
  const started = replicas.map(({ member, facts }) => ({
    member: withLink(member, links.power(member.name)),
    facts,
  }));
  return { kind: 'local', ...describeTarget(spec.members, started), notes, down };
}

/** What the configurations of the members say about the whole of them. */
export function describeTarget(
  groups: Readonly<Record<string, CollectorSpec>>,
  replicas: readonly { member: Member; facts: PipelineFacts }[],
): Pick<Target, 'members' | 'entry' | 'reach' | 'settleNs' | 'quietNs'> {
  const hops = longestPath(groups).flatMap((group) => {
    const facts = replicas.find((replica) => replica.member.group === group)?.facts;
    return facts === undefined ? [] : [{ member: group, facts }];
  });
  const entries = entryGroups(groups);
  const members = replicas.map(({ member }) => member);
  return {
    members,
    entry: members.filter((member) => entries.includes(member.group)),
    reach: reachOf(hops),
    settleNs: settleOf(hops),
    quietNs: quietOf(hops),
  };
}

function limitsWanted(spec: LocalOptions['spec']): boolean {
  return Object.values(spec.members).some((member) => member.resources !== undefined);
}

function withLink(member: Member, link: LinkPower | undefined): Member {
  return link === undefined ? member : { ...member, link };
}
