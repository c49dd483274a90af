import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Hierarchy, planLimits } from '../base/cgroup.ts';
import type { Clock } from '../base/clock.ts';
import { settled } from '../base/settled.ts';
import type { PipelineFacts } from '../plan/facts.ts';
import type { LocalMemberSpec } from '../scenario/types.ts';
import type { CollectorBinary } from '../tools/collector-binary.ts';
import { readPipelineFacts } from './collector-config.ts';
import { type HeldProcess, spawnHeld } from './held-process.ts';
import { localLimitPower } from './local-limits.ts';
import {
  type LinkAddresses,
  lacksOf,
  listensOn,
  type ReplicaSeat,
  readConfig,
  readinessOf,
  replicaEnv,
  uses,
} from './local-seat.ts';
import { type MemberProcess, startMemberProcess } from './member-process.ts';
import { makeServerCertificate } from './server-certificate.ts';
import { awaitServing } from './start-failure.ts';
import type { Member, ReconfigurePower } from './target.ts';
import { mountVolume } from './volume.ts';
import { removeWorkFolder, workFolder } from './work-folder.ts';

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

/** Starts one collector and waits until it serves. Throws SQ-TARGET-START or SQ-PORT-IN-USE. */
export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const { seat, member, tool, clock } = options;
  const text = await readConfig(member, tool);
  const facts = readPipelineFacts(text);
  for (const sentence of lacksOf(text)) options.note(`${seat.name}: ${sentence}`, 'warn');
  const place = await prepare(options, text);
  const { workDir, configFile, logFile, volume } = place;
  const running = await startMemberProcess({
    start: (number) =>
      spawnHeld({
        command: tool.path,
        args: ['--config', configFile],
        env: place.env,
        logFile,
        cwd: member.config === undefined ? workDir : dirname(member.config),
        ...planLimits(options.hierarchy, groupOf(options, number), member.resources ?? {}),
        runId: options.runId,
        name: seat.name,
        clock,
      }),
    readiness: readinessOf(text, seat),
    restart: member.restart,
    clock,
    onNote: (sentence) => options.note(`${seat.name}: ${sentence}`, 'warn'),
  }).catch(async (error: unknown) => {
    await settled(volume?.release());
    throw error;
  });
  const stop = async (graceMs: number) => {
    await running.stop(graceMs);
    await volume?.release();
    await removeWorkFolder(options.runDir, seat.name);
  };
  const serving = await awaitServing(running, { name: seat.name, logFile, clock, stop });
  const described: Member = {
    name: seat.name,
    group: seat.group,
    otlp: listensOn(text, options.front, { ...place, baseDir: dirname(member.config ?? configFile) }),
    ...(uses(text, 'SQUALL_METRICS_PORT')
      ? { metricsUrl: `http://127.0.0.1:${seat.metricsPort}/metrics` }
      : {}),
    version: tool.version,
    lossyComponents: facts.lossyComponents,
    process: { ...running, ...serving },
    reconfigure: reconfigurePower(configFile, running),
    storage: { dir: place.dataDir, bounded: volume !== undefined },
    ...limitsPower(options, running),
  };
  return { seat, member: described, facts, stop };
}

/** Name of the control groups of one start. */
function groupOf({ runId, seat }: ReplicaOptions, number: number): string {
  return `${runId}-${seat.name}-${number}`;
}

function limitsPower(options: ReplicaOptions, running: MemberProcess): Pick<Member, 'limits'> {
  const { hierarchy, member } = options;
  const limits = localLimitPower(hierarchy, member.resources ?? {}, () =>
    groupOf(options, running.starts().length),
  );
  return limits === undefined ? {} : { limits };
}

interface Place {
  workDir: string;
  dataDir: string;
  configFile: string;
  logFile: string;
  volume: HeldProcess | undefined;
  env: Record<string, string>;
  caFile?: string;
}

/** Folders, configuration, volume, certificate and environment of one replica. */
async function prepare(options: ReplicaOptions, configText: string): Promise<Place> {
  const { seat, member } = options;
  const workDir = workFolder(options.runDir, seat.name);
  const dataDir = join(workDir, 'data');
  const configFile = join(workDir, 'config.yaml');
  await mkdir(dataDir, { recursive: true });
  // A copy, so that a reconfiguration never touches the user's file; private, since it may hold credentials.
  await writeFile(configFile, configText, { mode: 0o600 });
  const certificate = uses(configText, 'SQUALL_TLS_CERT')
    ? await makeServerCertificate(join(workDir, 'tls'))
    : undefined;
  const env = replicaEnv({
    seat,
    next: options.next,
    env: options.env ?? process.env,
    own: member.env,
    dataDir,
    ...(certificate === undefined ? {} : { certificate }),
  });
  return {
    workDir,
    dataDir,
    configFile,
    logFile: join(options.runDir, 'evidence', 'logs', `${seat.name}.log`),
    volume: await startVolume({ ...options, dir: dataDir }),
    env,
    ...(certificate === undefined ? {} : { caFile: certificate.caFile }),
  };
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

export function reconfigurePower(
  configFile: string,
  process: Pick<MemberProcess, 'signal'>,
): ReconfigurePower {
  return {
    configFile,
    apply: async (configText) => {
      // By rename: a collector that starts at this moment reads the old text or the new one, never half of it.
      await writeFile(`${configFile}.new`, configText, { mode: (await stat(configFile)).mode });
      await rename(`${configFile}.new`, configFile);
      await process.signal('SIGHUP');
    },
  };
}
