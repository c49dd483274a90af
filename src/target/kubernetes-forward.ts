import { Duplex, PassThrough } from 'node:stream';
import type { KubeConfig } from '@kubernetes/client-node';

/** A port of a pod, on loopback there. */
export interface PodPort {
  namespace: string;
  pod: string;
  port: number;
}

/**
 * A connection to a port of a pod through the API server and the kubelet: nothing needs to reach the pod, or this
 * machine, directly. It ends when either side closes it or the pod ends. Rejects with the API server's refusal.
 */
export async function openForward(
  library: typeof import('@kubernetes/client-node'),
  config: KubeConfig,
  { namespace, pod, port }: PodPort,
): Promise<Duplex> {
  const toPod = new PassThrough();
  const fromPod = new PassThrough();
  const failures = new PassThrough();
  const socket = await new library.PortForward(config).portForward(
    namespace,
    pod,
    [port],
    fromPod,
    failures,
    toPod,
  );
  if (typeof socket === 'function') throw new Error('the client library gave no connection');
  const stream = Duplex.from({ readable: fromPod, writable: toPod });
  // The kubelet says here why it cannot connect, as when nothing listens yet.
  failures.on('data', () => socket.close());
  socket.onclose = () => {
    fromPod.end();
    stream.destroy();
  };
  stream.on('close', () => socket.close());
  return stream;
}
