import { answered, type DockerEngine, orGone } from './docker-client.ts';
import type { ContainerEndpoint } from './target.ts';

/** Takes the container off the network; idempotent. */
export async function detach(engine: DockerEngine, endpoint: ContainerEndpoint): Promise<void> {
  if ((await addressOf(engine, endpoint)) === undefined) return;
  await engine.getNetwork(endpoint.network).disconnect({ Container: endpoint.container, Force: false });
}

/** Puts it back under the same address, so that its connections live on, and under its names; idempotent. */
export async function attach(
  engine: DockerEngine,
  endpoint: ContainerEndpoint,
): Promise<'attached' | 'gone'> {
  const { network, container, address, aliases } = endpoint;
  const before = await addressOf(engine, endpoint);
  if (before === 'gone' || before === address) return before === 'gone' ? 'gone' : 'attached';
  const config = { IPAMConfig: { IPv4Address: address }, Aliases: aliases };
  try {
    await engine.getNetwork(network).connect({ Container: container, EndpointConfig: config });
  } catch (error) {
    const now = await addressOf(engine, endpoint);
    // Somebody else (the guard, the runner) did it at the same moment, or removed the container.
    if (now !== address && !answered(error, 404)) throw error;
  }
  return 'attached';
}

/** Its address there; undefined: it is off the network; `gone`: there is no such container or network any more. */
export async function addressOf(
  engine: DockerEngine,
  endpoint: ContainerEndpoint,
): Promise<string | undefined> {
  const found = await orGone(engine.getContainer(endpoint.container).inspect());
  if (found === undefined) return 'gone';
  if ((await orGone(engine.getNetwork(endpoint.network).inspect())) === undefined) return 'gone';
  const own = Object.values(found.NetworkSettings.Networks).find(
    ({ NetworkID }) => NetworkID === endpoint.network,
  );
  if (own === undefined) return undefined;
  // A container that does not run keeps its attachment and has no address until it is started.
  return own.IPAddress === '' ? (own.IPAMConfig?.IPv4Address ?? '') : own.IPAddress;
}
