import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, waitFor } from '../base/clock.ts';
import { SquallError } from '../base/errors.ts';
import type { PipelineFacts } from '../plan/facts.ts';
import type { LocalMemberSpec } from '../scenario/types.ts';
import { type Hierarchy, planLimits } from './cgroup.ts';
import type { CollectorBinary } from './collector-binary.ts';
import { readPipelineFacts } from './collector-config.ts';
import { type HeldProcess, spawnHeld } from './held-process.ts';
import { type MemberProcess, type Readiness, startMemberProcess } from './member-process.ts';
import { freePorts } from './ports.ts';
import { explainStart } from './start-failure.ts';
import { stockGateway } from './stock-gateway.ts';
import type { Member, ReconfigurePower } from './target.ts';
import { mountVolume } from './volume.ts';

/** HOST:PORT of both protocols. */
export interface LinkAddresses {
  grpc: string;
  http: string;
}

/** A replica's name and addresses, kept over its restarts. */
export interface ReplicaSeat {
  name: string;
  group: string;
  otlp: LinkAddresses;
  health: string;
  metricsPort: number;
}

export interface ReplicaOptions {
  seat: ReplicaSeat;
  member: LocalMemberSpec;
  tool: CollectorBinary;
  /** Addresses of what it sends to. */
  next: LinkAddresses;
  /** Where others find it: its own addresses, or those of a proxy before them. */
  front: LinkAddresses;
  hierarchy: Hierarchy;
  runId: string;
  runDir: string;
  clock: Clock;
  env?: Readonly<Record<string, string | undefined>>;
  note(sentence: string, severity?: 'warn' | 'info'): void;
}

export interface Replica {
  seat: ReplicaSeat;
  member: Member;
  facts: PipelineFacts;
  stop(graceMs: number): Promise<void>;
}

const host = '127.0.0.1';
/** A collector serves within a second; a machine under load may take ten. */
const readyTimeoutMs = 30_000;

export async function takeSeat(group: string, index: number): Promise<ReplicaSeat> {
  const [grpc = 0, http = 0, health = 0, metricsPort = 0] = await freePorts(4);
  return {
    name: `${group}-${index}`,
    group,
    otlp: { grpc: `${host}:${grpc}`, http: `${host}:${http}` },
    health: `${host}:${health}`,
    metricsPort,
  };
}

/** Starts one collector and waits until it serves. Throws SQ-TARGET-START or SQ-PORT-IN-USE. */
export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const { seat, member, tool, clock } = options;
  const text = await readConfig(member, tool);
  const facts = readPipelineFacts(text);
  const workDir = join(options.runDir, 'work', seat.name);
  const dataDir = join(workDir, 'data');
  await mkdir(dataDir, { recursive: true });
  const volume = await startVolume({ ...options, dir: dataDir });
  const configFile = join(workDir, 'config.yaml');
  // A copy, so that a reconfiguration never touches the user's file; private, since it may hold credentials.
  await writeFile(configFile, text, { mode: 0o600 });
  const logFile = join(options.runDir, 'evidence', 'logs', `${seat.name}.log`);
  const running = await startMemberProcess({
    start: (number) =>
      spawnHeld({
        command: tool.path,
        args: ['--config', configFile],
        env: replicaEnv({
          seat,
          next: options.next,
          env: options.env ?? process.env,
          own: member.env,
          dataDir,
        }),
        logFile,
        cwd: member.config === undefined ? workDir : dirname(member.config),
        ...planLimits(options.hierarchy, `${options.runId}-${seat.name}-${number}`, member.resources ?? {}),
        runId: options.runId,
        name: seat.name,
        clock,
      }),
    readiness: readinessOf(text, seat),
    restart: member.restart,
    clock,
    onNote: (sentence) => options.note(`${seat.name}: ${sentence}`, 'warn'),
  });
  const stop = async (graceMs: number) => {
    await running.stop(graceMs);
    await volume?.release();
    await rm(workDir, { recursive: true, force: true });
  };
  try {
    await awaitServing(running, { name: seat.name, logFile, clock });
  } catch (error) {
    await stop(0);
    throw error;
  }
  const described: Member = {
    name: seat.name,
    group: seat.group,
    otlp: listensOn(text, options.front),
    ...(uses(text, 'SQUALL_METRICS_PORT')
      ? { metricsUrl: `http://${host}:${seat.metricsPort}/metrics` }
      : {}),
    version: tool.version,
    lossyComponents: facts.lossyComponents,
    process: running,
    reconfigure: reconfigurePower(configFile, running),
    storage: { dir: dataDir, bounded: volume !== undefined },
  };
  return { seat, member: described, facts, stop };
}

/** The bounded volume the scenario asks for; without one, disk-fill is not possible and the notes say so. */
async function startVolume(options: ReplicaOptions & { dir: string }): Promise<HeldProcess | undefined> {
  const sizeBytes = options.member.storageBytes;
  if (sizeBytes === undefined) return undefined;
  const volume = await mountVolume({ ...options, sizeBytes, name: options.seat.name });
  if (volume === undefined) {
    options.note(
      `${options.seat.name}: no volume of ${sizeBytes} bytes, as mounting is not allowed here`,
      'warn',
    );
  }
  return volume;
}

async function readConfig(member: LocalMemberSpec, tool: CollectorBinary): Promise<string> {
  if (member.config === undefined) return stockGateway(tool.exporters);
  return readFile(member.config, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new SquallError({
      code: 'SQ-TARGET-START',
      what: 'the configuration of a member cannot be read',
      where: member.config ?? '',
      expected: 'a collector configuration',
      found: error.message,
      next: `ls -l ${member.config}`,
    });
  });
}

/** The contract's variables, on top of what the runner has and what the scenario gives. */
export function replicaEnv(options: {
  seat: ReplicaSeat;
  next: LinkAddresses;
  /** Inherited. */
  env: Readonly<Record<string, string | undefined>>;
  /** The member's own, from the scenario. */
  own: Readonly<Record<string, string>>;
  dataDir: string;
}): Record<string, string> {
  const { seat, next } = options;
  const inherited = Object.entries(options.env).filter(([, value]) => value !== undefined);
  return {
    ...(Object.fromEntries(inherited) as Record<string, string>),
    ...options.own,
    SQUALL_OTLP_GRPC: seat.otlp.grpc,
    SQUALL_OTLP_HTTP: seat.otlp.http,
    SQUALL_NEXT_GRPC: next.grpc,
    // A collector's HTTP exporter takes a URL, its gRPC exporter HOST:PORT.
    SQUALL_NEXT_HTTP: `http://${next.http}`,
    SQUALL_METRICS_HOST: host,
    SQUALL_METRICS_PORT: String(seat.metricsPort),
    SQUALL_HEALTH: seat.health,
    SQUALL_DATA: options.dataDir,
  };
}

function uses(configText: string, variable: string): boolean {
  return new RegExp(`\\$\\{(env:)?${variable}\\b`).test(configText);
}

function listensOn(configText: string, addresses: LinkAddresses): Member['otlp'] {
  return {
    headers: {},
    ...(uses(configText, 'SQUALL_OTLP_GRPC') ? { grpc: addresses.grpc } : {}),
    ...(uses(configText, 'SQUALL_OTLP_HTTP') ? { http: addresses.http } : {}),
  };
}

/** The health extension where the configuration has one on SQUALL_HEALTH, else the first OTLP port that it opens. */
function readinessOf(configText: string, seat: ReplicaSeat): Readiness {
  if (uses(configText, 'SQUALL_HEALTH')) return { kind: 'health', url: `http://${seat.health}/` };
  const address = uses(configText, 'SQUALL_OTLP_GRPC') ? seat.otlp.grpc : seat.otlp.http;
  return { kind: 'port', host, port: Number(address.split(':')[1]) };
}

function reconfigurePower(configFile: string, process: MemberProcess): ReconfigurePower {
  return {
    configFile,
    apply: async (configText) => {
      // By rename: a collector that starts at this moment reads the old text or the new one, never half of it.
      await writeFile(`${configFile}.new`, configText, { mode: 0o600 });
      await rename(`${configFile}.new`, configFile);
      process.signal('SIGHUP');
    },
  };
}

/** Ready, or dead at the first try: a restart would only hide why. */
export async function awaitServing(
  process: MemberProcess,
  options: { name: string; logFile: string; clock: Clock },
): Promise<void> {
  const outcome = await Promise.race([
    process.ready(readyTimeoutMs).then((atNs) => (atNs === undefined ? 'not ready' : 'ready')),
    waitFor(options.clock, { timeoutMs: readyTimeoutMs, everyMs: 20 }, () =>
      process.starts()[0]?.exit === undefined ? undefined : 'ended',
    ),
  ]);
  if (outcome === 'ready') return;
  const exit = process.starts()[0]?.exit;
  const found = exit === undefined ? `not ready after ${readyTimeoutMs / 1000} s` : exitWords(exit);
  throw await explainStart({ ...options, found });
}

function exitWords(exit: { code: number | null; signal: string | null }): string {
  return exit.signal === null ? `it ended with code ${exit.code}` : `it was ended by ${exit.signal}`;
}
