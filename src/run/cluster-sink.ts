import type { Clock } from '../base/clock.ts';
import { arrivalFields, arrivalRecordBytes } from '../observe/evidence.ts';
import type { Sink } from '../observe/sink.ts';
import { createLiveCounts } from '../observe/sink-live.ts';
import type { SinkNews } from '../observe/sink-recorder.ts';
import { controlPort, type SinkTask } from '../pod/messages.ts';
import { type OwnPods, ownPodEnd } from '../target/kubernetes-own-pods.ts';
import { sinkPorts, startSinkPod } from '../target/kubernetes-sink.ts';
import { createInbox } from './evidence-inbox.ts';
import { boundNs, measureClock, ownNs, podWallNs } from './pod-clock.ts';
import { PodLink } from './pod-link.ts';

/** A sink in the cluster: as one of this machine, with its files brought here while it runs. */
export interface ClusterSink extends Sink {
  pod: string;
  /** How far its times may be from this machine's, ns. */
  clockBoundNs: number;
}

/** Longer than that without word of what arrived, nothing is known about a silence. */
const staleNs = 1.5e9;

export async function startClusterSink(options: {
  own: OwnPods;
  service: string;
  task: Omit<SinkTask, 'grpc' | 'http'>;
  evidenceDir: string;
  clock: Clock;
}): Promise<ClusterSink> {
  const { own, service, clock, task } = options;
  const { cluster, namespace } = own;
  const { pod } = await startSinkPod(own, { service });
  const live = createLiveCounts(task.plan);
  const readers = new Map<string, (bytes: Uint8Array) => SinkNews>();
  const link = new PodLink({
    name: `pod ${namespace}/${pod}`,
    open: () => cluster.forward({ namespace, pod, port: controlPort }),
    ended: () => ownPodEnd(own, pod),
    task: {
      kind: 'sink',
      task: { ...task, grpc: `0.0.0.0:${sinkPorts.grpc}`, http: `0.0.0.0:${sinkPorts.http}` },
    },
    inbox: createInbox(options.evidenceDir),
    clock,
    onEvidence(file, bytes) {
      if (!file.startsWith('arrivals')) return;
      const read = readers.get(file) ?? createNewsReader();
      readers.set(file, read);
      live.add([...readers.keys()].indexOf(file), read(bytes));
    },
  });
  const podClock = await link.ready
    .then(() => measureClock(link, clock))
    .catch((error: unknown) => {
      link.close();
      throw error;
    });
  return {
    pod,
    clockBoundNs: boundNs(podClock),
    grpc: `${service}.${namespace}.svc:${sinkPorts.grpc}`,
    http: `${service}.${namespace}.svc:${sinkPorts.http}`,
    go: (t0Ns) => void link.ask({ what: 'go', t0WallNs: podWallNs(t0Ns, podClock) }).catch(() => undefined), // said by failure()
    script: {
      endsByItself: true,
      async set(reply, endNs) {
        const end = endNs === undefined ? {} : { endWallNs: podWallNs(endNs, podClock) };
        const answer = await link.ask({ what: 'reply', reply: reply ?? null, ...end });
        if (!('endedWallNs' in answer) || answer.endedWallNs === null) return undefined;
        return ownNs(answer.endedWallNs, podClock);
      },
      struck: async () => {
        const answer = await link.ask({ what: 'struck' });
        return 'struck' in answer ? answer.struck : 0;
      },
    },
    progress() {
      const progress = live.progress();
      const stale = clock.nowNs() - link.upToNs() > staleNs;
      return stale ? { ...progress, lastArrivalNs: Number.POSITIVE_INFINITY } : progress;
    },
    awaitCanary: async (number, timeoutMs) => {
      const answer = await link.ask({ what: 'canary', number, timeoutMs });
      if (!('canary' in answer) || answer.canary === null) return undefined;
      return {
        arrivalNs: ownNs(answer.canary.arrivalWallNs, podClock),
        altered: answer.canary.altered,
      };
    },
    failure: () => link.failure(),
    async stop() {
      await link.finish().finally(() => link.close());
    },
  };
}

/** Records in any pieces to news of what was accepted: the same that a sink of this machine tells. */
function createNewsReader(): (bytes: Uint8Array) => SinkNews {
  let rest = Buffer.alloc(0);
  let foreign = 0;
  let lastArrivalNs = Number.NEGATIVE_INFINITY;
  const cell = (name: (typeof arrivalFields)[number]) => 8 * arrivalFields.indexOf(name);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    const runs: number[] = [];
    let at = 0;
    for (; at + arrivalRecordBytes <= rest.length; at += arrivalRecordBytes) {
      if (rest.readDoubleLE(at + cell('accepted')) !== 1) continue;
      const stream = rest.readDoubleLE(at + cell('stream'));
      const count = rest.readDoubleLE(at + cell('count'));
      if (stream === 0) foreign += count;
      else runs.push(stream, rest.readDoubleLE(at + cell('from')), count);
      lastArrivalNs = Math.max(lastArrivalNs, rest.readDoubleLE(at + cell('arrivalNs')));
    }
    rest = rest.subarray(at);
    return { runs: Float64Array.from(runs), foreign, lastArrivalNs };
  };
}
