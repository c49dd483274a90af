import type { OtlpSpec } from '../scenario/types.ts';

/** One process, container or pod of the system under test. */
export interface Member {
  /** collector-0 */
  name: string;
  /** The scenario's member name. */
  group: string;
  /** Where it listens for OTLP; undefined when nothing sends to it directly. */
  otlp: OtlpSpec;
  metricsUrl?: string;
  version: string;
  /** Components of its pipelines that sample, filter, aggregate or deduplicate on purpose. */
  lossyComponents?: string[];
  /** Powers: a fault kind asks for those it needs; an absent one is not supported on this target. */
  process?: ProcessPower;
  reconfigure?: ReconfigurePower;
  storage?: StoragePower;
  link?: LinkPower;
}

/** A member that is a process (of this machine). */
export interface ProcessPower {
  /** The running process; undefined between an exit and the restart. `startTicks` tells a reused pid apart. */
  current(): { pid: number; startTicks: number } | undefined;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when the health endpoint answers 200, with the monotonic ns; undefined after timeoutMs. */
  ready(timeoutMs: number): Promise<number | undefined>;
  starts(): readonly ProcessStart[];
  /** Stops the restart policy from starting it again (pod-failure), or lets it. */
  setRestart(policy: 'always' | 'never'): void;
}

export interface ProcessStart {
  pid: number;
  startedNs: number;
  exit?: { atNs: number; code: number | null; signal: NodeJS.Signals | null };
}

export interface ReconfigurePower {
  configFile: string;
  /** Writes the text and makes the member take it up (SIGHUP). */
  apply(configText: string): Promise<void>;
}

export interface StoragePower {
  dir: string;
  /** Whether the folder is a volume of its own, so that filling it fills nothing else. */
  bounded: boolean;
}

/** Links of this member that pass through squall's proxy. */
export interface LinkPower {
  /** Peers it has a link to or from: load, sink, or a member's name. */
  peers(): string[];
  set(peer: string, effect: LinkEffect | undefined): Promise<void>;
  /** Bytes held back, dropped or delayed and connections cut by the present effect: proof that it bites. */
  proof(peer: string): Promise<{ affectedBytes: number; affectedConnections: number }>;
}

export type LinkEffect =
  | { kind: 'partition'; direction: 'to' | 'from' | 'both' }
  | { kind: 'delay'; latencyMs: number; jitterMs: number; direction: 'to' | 'from' | 'both' }
  | { kind: 'bandwidth'; bytesPerS: number; direction: 'to' | 'from' | 'both' }
  | { kind: 'reset' };

/** A running target. */
export interface Target {
  kind: string;
  /** What the report must say about it, such as the embedded banner. */
  banner?: string;
  members: Member[];
  /** Members that the load connects to. */
  entry: Member[];
  /** Longest residence of an item and the settle horizon, from the members' configurations. */
  reach: { ns: number; parts: string[] };
  settleNs: number;
  /** Longer than items can wait where no queue metric shows them (batch timeouts), ns. */
  quietNs?: number;
  /** Settings that this machine could not honour, such as CPU limits without cgroups. */
  notes: { code: string; sentence: string; severity: 'fail' | 'warn' | 'info'; next: string }[];
  down(): Promise<void>;
}
