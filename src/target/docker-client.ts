import { connect } from 'node:net';
import { SquallError } from '../base/errors.ts';

type Runtime = Awaited<ReturnType<typeof import('testcontainers')['getContainerRuntimeClient']>>;
/** dockerode, as testcontainers found the daemon and set it up. */
export type DockerEngine = Runtime['container']['dockerode'];

export interface Docker {
  /** unix:///... or tcp://HOST:PORT: where a guard finds the daemon again. */
  daemon: string;
  engine: DockerEngine;
  images: Runtime['image'];
  /** Of the server. */
  version: string;
}

/** A daemon that does not answer within this time is taken for one that never will, ms. */
const answerMs = 10_000;

/**
 * The Docker daemon of this machine, found as testcontainers does: its own settings, DOCKER_HOST, the usual sockets.
 * The library is loaded here and nowhere else, since other commands need not pay for it (0.5 s). Throws
 * SQ-DOCKER-UNREACHABLE.
 */
export async function openDocker(): Promise<Docker> {
  try {
    const runtime = await loadRuntime();
    const engine = runtime.container.dockerode;
    const daemon = daemonOf(engine);
    const { DOCKER_HOST: named = '' } = process.env;
    // testcontainers goes on to the usual sockets: that would be a daemon that nobody named.
    if (named !== '' && named !== daemon) throw new Error(`it does not answer; ${daemon} does`);
    return {
      daemon,
      engine,
      images: runtime.image,
      version: String(runtime.info.containerRuntime.serverVersion),
    };
  } catch (cause) {
    throw new SquallError(
      {
        code: 'SQ-DOCKER-UNREACHABLE',
        what: 'no Docker daemon answers',
        where: process.env.DOCKER_HOST ?? '/var/run/docker.sock and the places testcontainers knows',
        expected: 'a daemon on this machine that this user may use',
        found: await whyNot(cause),
        next: 'docker info',
      },
      { cause },
    );
  }
}

/** What the socket itself says, such as EACCES; the library only says that nothing worked. */
async function whyNot(cause: unknown): Promise<string> {
  const { DOCKER_HOST: named = 'unix:///var/run/docker.sock' } = process.env;
  const path = /^unix:\/\/(.+)$/.exec(named)?.[1];
  if (path === undefined) return messageOf(cause);
  const socket = connect({ path });
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.on('error', (error) => resolve(error.message));
  socket.on('connect', () => resolve(messageOf(cause)));
  return promise.finally(() => socket.destroy());
}

/** The daemon at an address that was written down before. Rejects when it does not answer. */
export async function engineAt(daemon: string): Promise<DockerEngine> {
  process.env.DOCKER_HOST ??= daemon;
  const own = (await loadRuntime()).container.dockerode;
  if (daemonOf(own) === daemon) return own;
  // Another one than the environment names: a client of the same kind for its address.
  return Reflect.construct(own.constructor, [placeOf(daemon)]) as DockerEngine;
}

async function loadRuntime(): Promise<Runtime> {
  const { getContainerRuntimeClient } = await import('testcontainers');
  return withinMs(answerMs, getContainerRuntimeClient());
}

function daemonOf(engine: DockerEngine): string {
  const { socketPath, host, port } = engine.modem as { socketPath?: string; host?: string; port?: unknown };
  return socketPath === undefined ? `tcp://${host}:${port}` : `unix://${socketPath}`;
}

function placeOf(daemon: string): { socketPath: string } | { host: string; port: number } {
  if (daemon.startsWith('unix://')) return { socketPath: daemon.slice('unix://'.length) };
  const { hostname, port } = new URL(daemon.replace('tcp:', 'http:'));
  return { host: hostname, port: Number(port) };
}

/** Rejects when the work takes longer; the work itself goes on. */
export async function withinMs<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the daemon answered with one of these HTTP statuses: 404 gone, 304 and 409 as it was already. */
export function answered(error: unknown, ...statuses: number[]): boolean {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return false;
  return statuses.includes(Number(error.statusCode));
}

/** The result, or undefined when the object is gone. */
export async function orGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (answered(error, 404)) return undefined;
    throw error;
  }
}

export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^\(HTTP code \d+\) /, '').trim();
}
