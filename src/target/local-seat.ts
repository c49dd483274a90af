import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parse, parseDocument } from 'yaml';
import { SquallError } from '../base/errors.ts';
import type { CollectorSpec } from '../scenario/types.ts';
import type { CollectorBinary } from '../tools/collector-binary.ts';
import type { Readiness } from './member-process.ts';
import { freePorts } from './ports.ts';
import { readReceiverTls, type ServerCertificate } from './server-certificate.ts';
import { stockGateway } from './stock-gateway.ts';
import type { Member } from './target.ts';

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

const host = '127.0.0.1';

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

/** The text of the member's configuration, or the stock gateway. Throws SQ-TARGET-START when it cannot serve. */
export async function readConfig(
  member: Pick<CollectorSpec, 'config'>,
  tool: Pick<CollectorBinary, 'exporters'>,
): Promise<string> {
  const { config } = member;
  if (config === undefined) return stockGateway(tool.exporters);
  const fail = (what: string, found: string) =>
    new SquallError({
      code: 'SQ-TARGET-START',
      what: `the configuration of a member ${what}`,
      where: config,
      expected: 'a collector configuration with endpoint: "${env:SQUALL_OTLP_GRPC}" or SQUALL_OTLP_HTTP',
      found,
      next: `squall init --from ${config}`,
    });
  const text = await readFile(config, 'utf8').catch((error: Error) => {
    throw fail('cannot be read', error.message);
  });
  const { errors } = parseDocument(text);
  if (errors[0] !== undefined) throw fail('is not YAML', errors[0].message.split('\n')[0] ?? '');
  if (!uses(text, 'SQUALL_OTLP_GRPC') && !uses(text, 'SQUALL_OTLP_HTTP')) {
    throw fail('does not listen where squall sends', 'neither of the two');
  }
  return text;
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
  certificate?: ServerCertificate;
}): Record<string, string> {
  const { seat } = options;
  const inherited = Object.entries(options.env).filter(([, value]) => value !== undefined);
  return {
    ...(Object.fromEntries(inherited) as Record<string, string>),
    ...options.own,
    ...contractEnv({ ...options, listen: { ...seat.otlp, ...seat, metricsHost: host } }),
  };
}

/** The variables that squall gives every collector it starts, as its configuration finds them. */
export function contractEnv(options: {
  listen: { grpc: string; http: string; health: string; metricsHost: string; metricsPort: number };
  next: LinkAddresses;
  dataDir: string;
  certificate?: Pick<ServerCertificate, 'certFile' | 'keyFile'>;
}): Record<string, string> {
  const { listen, next, certificate } = options;
  return {
    SQUALL_OTLP_GRPC: listen.grpc,
    SQUALL_OTLP_HTTP: listen.http,
    SQUALL_NEXT_GRPC: next.grpc,
    // A collector's HTTP exporter takes a URL, its gRPC exporter HOST:PORT.
    SQUALL_NEXT_HTTP: `http://${next.http}`,
    SQUALL_METRICS_HOST: listen.metricsHost,
    SQUALL_METRICS_PORT: String(listen.metricsPort),
    SQUALL_HEALTH: listen.health,
    SQUALL_DATA: options.dataDir,
    ...(certificate === undefined
      ? {}
      : { SQUALL_TLS_CERT: certificate.certFile, SQUALL_TLS_KEY: certificate.keyFile }),
  };
}

/** What a configuration leaves out and a run will miss. */
export function lacksOf(configText: string): string[] {
  const lacks: string[] = [];
  if (!uses(configText, 'SQUALL_NEXT_GRPC') && !uses(configText, 'SQUALL_NEXT_HTTP')) {
    lacks.push('no exporter takes up SQUALL_NEXT_GRPC or SQUALL_NEXT_HTTP, so nothing may reach the sink');
  }
  if (!uses(configText, 'SQUALL_METRICS_PORT')) {
    lacks.push('no metrics reader takes up SQUALL_METRICS_PORT, so its queue cannot be seen');
  }
  return lacks;
}

/** Whether a value of the configuration takes up this variable; comments do not count. */
export function uses(configText: string, variable: string): boolean {
  return new RegExp(`\\$\\{(env:)?${variable}\\b`).test(JSON.stringify(parse(configText)));
}

/**
 * Where the load finds a replica. A receiver with a certificate is reached by https://; the load then trusts the
 * certificate squall made, or the user's own one, which has to be self-signed or to name its authority.
 */
export function listensOn(
  configText: string,
  addresses: LinkAddresses,
  tls: { caFile?: string; baseDir: string; serverName?: string },
): Member['otlp'] {
  const secured = readReceiverTls(configText);
  const address = (protocol: 'grpc' | 'http') =>
    secured[protocol] === undefined ? addresses[protocol] : `https://${addresses[protocol]}`;
  const file = secured.grpc ?? secured.http;
  const trusted = tls.caFile ?? (file === undefined ? undefined : resolve(tls.baseDir, file));
  return {
    headers: {},
    ...(uses(configText, 'SQUALL_OTLP_GRPC') ? { grpc: address('grpc') } : {}),
    ...(uses(configText, 'SQUALL_OTLP_HTTP') ? { http: address('http') } : {}),
    ...(trusted === undefined
      ? {}
      : { tls: { ...serverName(tls), caFile: trusted, insecureSkipVerify: false } }),
  };
}

function serverName(tls: { serverName?: string }): { serverName?: string } {
  return tls.serverName === undefined ? {} : { serverName: tls.serverName };
}

/** The health extension where the configuration has one on SQUALL_HEALTH, else the first OTLP port that it opens. */
export function readinessOf(configText: string, seat: Pick<ReplicaSeat, 'otlp' | 'health'>): Readiness {
  if (uses(configText, 'SQUALL_HEALTH')) return { kind: 'health', url: `http://${seat.health}/` };
  const address = uses(configText, 'SQUALL_OTLP_GRPC') ? seat.otlp.grpc : seat.otlp.http;
  const [name = '', port] = address.split(':');
  return { kind: 'port', host: name, port: Number(port) };
}
