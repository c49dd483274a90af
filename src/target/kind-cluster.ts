import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SquallError } from '../base/errors.ts';
import type { TargetSpec } from '../scenario/types.ts';
import { deleteKindCluster, kind, kindClusterName } from './kind-command.ts';
import type { Cluster, ClusterRef } from './kubernetes-client.ts';
import { connectCluster } from './kubernetes-connect.ts';
import { removeWorkFolder, workFolder } from './work-folder.ts';

type KindSpec = TargetSpec & { kind: 'kind' };

/** A cluster that lives as long as its run. */
export interface KindCluster {
  name: string;
  ref: ClusterRef & { kubeconfig: string };
  cluster: Cluster;
  /** Where this machine reaches ports of the nodes. */
  nodeAddress: string;
  /** Where pods reach this machine. */
  hostAddress: string;
  down(): Promise<void>;
}

/** With the pull of a node image of a gigabyte. */
const createMs = 900_000;
const loadMs = 300_000;
const folder = 'kind';

/**
 * Makes the run's cluster and puts the members' images on its nodes; that it is to be deleted must be written down
 * before. Throws SQ-TARGET-START with kind's own words; down() is then still to be called for what is half made.
 */
export async function createKindCluster(options: {
  spec: KindSpec;
  runId: string;
  runDir: string;
  signal: AbortSignal;
  say(line: string): void;
}): Promise<KindCluster> {
  const { spec, runId, runDir, say } = options;
  const name = kindClusterName(runId);
  const kubeconfig = join(workFolder(runDir, folder), 'kubeconfig');
  await mkdir(workFolder(runDir, folder), { recursive: true, mode: 0o700 });
  say(`kind makes the cluster ${name}: half a minute, or minutes where its node image is pulled first`);
  const run = (args: string[], timeoutMs: number) => kind(args, { runId, timeoutMs, signal: options.signal });
  try {
    await run(
      [
        ...['create', 'cluster', '--name', name, '--kubeconfig', kubeconfig, '--wait', '300s'],
        ...(spec.nodeImage === undefined ? [] : ['--image', spec.nodeImage]),
        ...(spec.cluster === undefined ? [] : ['--config', spec.cluster]),
      ],
      createMs,
    );
    for (const image of imagesOf(spec)) await loadImage(run, { name, image, say });
    const ref = { kubeconfig, context: `kind-${name}` };
    const cluster = await connectCluster(ref);
    const nodeAddress = await nodeAddressOf(cluster);
    const hostAddress = await ownAddressTowards(nodeAddress);
    return { name, ref, cluster, nodeAddress, hostAddress, down: () => removeKindCluster({ name, runDir }) };
  } catch (cause) {
    if (cause instanceof SquallError || options.signal.aborted) throw cause;
    throw new SquallError(
      {
        code: 'SQ-TARGET-START',
        what: `kind did not make the cluster ${name}`,
        where: spec.cluster ?? "kind's own configuration",
        expected: 'a cluster whose nodes are ready',
        found: cause instanceof Error ? cause.message : String(cause),
        next: 'docker info, then: kind create cluster --name try',
      },
      { cause },
    );
  }
}

/** Idempotent: also of a cluster that was never made whole. */
export async function removeKindCluster(of: { name: string; runDir: string }): Promise<void> {
  await deleteKindCluster(of.name);
  await removeWorkFolder(of.runDir, folder);
}

export function imagesOf(spec: KindSpec): string[] {
  return [...new Set(Object.values(spec.members).map(({ image }) => image ?? spec.image))];
}

/** An image that this machine's Docker has is copied to the nodes; another one the nodes pull themselves. */
async function loadImage(
  run: (args: string[], timeoutMs: number) => Promise<void>,
  of: { name: string; image: string; say(line: string): void },
): Promise<void> {
  try {
    await run(['load', 'docker-image', of.image, '--name', of.name], loadMs);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('not present locally')) throw error;
    of.say(`${of.image} is not in this machine's Docker: the nodes pull it`);
  }
}

async function nodeAddressOf({ core }: Cluster): Promise<string> {
  const { items } = await core.listNode();
  const addresses = items.flatMap(({ status }) => status?.addresses ?? []);
  const found = addresses.find(({ type }) => type === 'InternalIP')?.address;
  if (found === undefined) throw new Error('no node has an address');
  return found;
}

/** This machine's address on the route to another one. Sends nothing: a datagram socket only chooses its route. */
async function ownAddressTowards(address: string): Promise<string> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  try {
    const connected = once(socket, 'connect');
    socket.connect(9, address);
    await connected;
    return socket.address().address;
  } finally {
    socket.close();
  }
}
