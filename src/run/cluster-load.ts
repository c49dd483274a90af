import type { Clock } from '../base/clock.ts';
import { settled } from '../base/settled.ts';
import type { LoadResult, LoadRun } from '../load/engine.ts';
import { mergeCounts, mergeHealth } from '../load/merge.ts';
import type { GeneratorHealth, LoadCounts, LoadEndpoint } from '../load/messages.ts';
import { workersOf } from '../plan/pace.ts';
import type { Plan } from '../plan/types.ts';
import { controlPort, type FromPod } from '../pod/messages.ts';
import { startLoadJob } from '../target/kubernetes-load.ts';
import { type OwnPods, ownPodEnd } from '../target/kubernetes-own-pods.ts';
import { createInbox } from './evidence-inbox.ts';
import { boundNs, measureClock, type PodClock, podWallNs } from './pod-clock.ts';
import { PodLink } from './pod-link.ts';

/** Longer than word of t = 0 takes to the last pod. */
const leadMs = 2_000;

export interface ClusterLoadOptions {
  own: OwnPods;
  pods: number;
  /** What each pod asks of its node: load that is kept from the CPU is late. */
  cpuMillis: number;
  plan: Plan;
  endpoints: LoadEndpoint[];
  evidenceDir: string;
  clock: Clock;
  onProgress?(counts: LoadCounts, generator: GeneratorHealth): void;
}

export interface ClusterLoad extends LoadRun {
  remote: NonNullable<LoadRun['remote']>;
  /** How far their times may be from this machine's, ns: the worst of them. */
  clockBoundNs: number;
}

interface Seat {
  pod: string;
  link: PodLink;
  clock: PodClock;
  last: LoadResult;
  ackMs: Float64Array;
}

/**
 * The plan's load workers in pods: pod i of n has those whose number is i modulo n. All are connected when it resolves;
 * go() gives them one start by the wall clock. `done` waits for all of their evidence.
 */
export async function startClusterLoad(options: ClusterLoadOptions): Promise<ClusterLoad> {
  const { own, clock } = options;
  const seats: Seat[] = [];
  const ended = Promise.withResolvers<LoadResult>();
  ended.promise.catch(() => undefined); // the caller awaits `done` when it is ready to
  const merged = () => mergeSeats(seats);
  const close = async () => {
    for (const { link } of seats) link.close();
    ended.reject(new Error('the load was closed before it ended'));
  };
  try {
    const names = await startLoadJob(own, { pods: options.pods, cpuMillis: options.cpuMillis });
    for (const [index, pod] of names.entries()) {
      seats.push(
        openSeat(options, {
          pod,
          index,
          onProgress: () => options.onProgress?.(merged().counts, merged().generator),
          onFailure: (reason) => ended.reject(new Error(`load pod ${pod}: ${reason}`)),
        }),
      );
    }
    await Promise.all(seats.map(({ link }) => link.ready));
    for (const seat of seats) seat.clock = await measureClock(seat.link, clock);
  } catch (error) {
    await settled(close());
    throw error;
  }
  void Promise.all(seats.map(({ link }) => link.whole)).then(
    () => ended.resolve(merged()),
    () => undefined, // said by onFailure
  );
  const first = seats[0];
  return {
    go(t0Ns) {
      for (const seat of seats) void sendOff(seat, t0Ns).catch(ended.reject);
    },
    end() {
      // A pod that has sent all of its part needs none; of one that is lost onFailure hears.
      for (const { link } of seats) void link.ask({ what: 'end' }).catch(() => undefined);
    },
    stop() {
      for (const { link } of seats) void link.finish().catch(() => undefined); // said by onFailure
    },
    progress: merged,
    done: ended.promise,
    close,
    clockBoundNs: Math.max(0, ...seats.map((seat) => boundNs(seat.clock))),
    remote: {
      leadMs,
      async sendCanary(canary) {
        const answer = await first?.link.ask({ what: 'send', canary });
        if (answer === undefined || !('outcome' in answer)) throw new Error('there is no load pod');
        return answer.outcome;
      },
    },
  };
}

function openSeat(
  options: ClusterLoadOptions,
  on: { pod: string; index: number; onProgress(): void; onFailure(reason: string): void },
): Seat {
  const { own, plan, endpoints, clock, evidenceDir } = options;
  const { pod, index } = on;
  const { cluster, namespace } = own;
  const all = Array.from({ length: Math.max(0, ...plan.entries.map(workersOf)) }, (_, worker) => worker);
  const workers = all.filter((worker) => worker % options.pods === index);
  const hear = (message: FromPod, body: Uint8Array) => {
    if (message.kind !== 'progress' && message.kind !== 'ended') return;
    seat.last = message.result;
    if (message.kind === 'progress') seat.ackMs = new Float64Array(new Uint8Array(body).buffer);
    else void link.finish().catch(() => undefined); // said by onFailure
    on.onProgress();
  };
  const link = new PodLink({
    name: `pod ${namespace}/${pod}`,
    open: () => cluster.forward({ namespace, pod, port: controlPort }),
    ended: () => ownPodEnd(own, pod),
    task: { kind: 'load', task: { plan, endpoints, workers } },
    inbox: createInbox(evidenceDir),
    clock,
    onMessage: hear,
    onFailure: on.onFailure,
  });
  const seat: Seat = {
    pod,
    link,
    clock: { skewNs: 0, errorNs: Number.POSITIVE_INFINITY },
    last: { counts: mergeCounts([]), generator: mergeHealth([]), peers: [] },
    ackMs: new Float64Array(),
  };
  return seat;
}

/** A pod that heard of the start too late has not kept the plan. */
async function sendOff({ pod, link, clock }: Seat, t0Ns: number): Promise<void> {
  const answer = await link.ask({ what: 'go', t0WallNs: podWallNs(t0Ns, clock) });
  if ('lateMs' in answer && answer.lateMs > 0)
    throw new Error(`load pod ${pod} heard of t = 0 only ${answer.lateMs.toFixed(0)} ms after it`);
}

function mergeSeats(seats: readonly Seat[]): LoadResult {
  return {
    counts: mergeCounts(seats.map(({ last, ackMs }) => ({ counts: last.counts, ackMs }))),
    generator: mergeHealth(seats.map(({ last }) => last.generator)),
    peers: seats.flatMap(({ last }) => last.peers ?? []),
  };
}
