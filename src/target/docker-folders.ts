import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { DockerMemberSpec } from '../scenario/types.ts';
import type { HeldProcess } from './held-process.ts';
import { contractEnv, type LinkAddresses, uses } from './local-seat.ts';
import { makeServerCertificate } from './server-certificate.ts';
import { mountVolume } from './volume.ts';
import { workFolder } from './work-folder.ts';

/** The ports a collector has by custom; in a container nobody else has them. */
export const ports = { grpc: 4317, http: 4318, metrics: 8888, health: 13_133 } as const;

/** In the container: the configuration and certificate, the folder of the user's configuration file, SQUALL_DATA. */
export const inside = {
  settings: '/etc/squall',
  files: '/etc/squall-files',
  data: '/var/lib/squall',
} as const;

interface FolderOptions {
  site: { runId: string };
  replica: { name: string };
  spec: DockerMemberSpec;
  runDir: string;
  clock: Clock;
  note(sentence: string, severity?: 'warn' | 'info'): void;
}

interface EnvOptions {
  spec: Pick<DockerMemberSpec, 'env'>;
  next: LinkAddresses;
  env: Readonly<Record<string, string | undefined>>;
}

export interface DockerPlace {
  settingsDir: string;
  dataDir: string;
  configFile: string;
  volume: HeldProcess | undefined;
  caFile?: string;
}

/**
 * The folders that the container sees. Their parent is closed to other users of this machine, so that they themselves
 * can be open to whichever user the image runs as.
 */
export async function prepareFolders(options: FolderOptions, configText: string): Promise<DockerPlace> {
  const { replica, site, clock } = options;
  const workDir = workFolder(options.runDir, replica.name);
  const place = { settingsDir: join(workDir, 'settings'), dataDir: join(workDir, 'data') };
  await mkdir(workDir, { recursive: true });
  await chmod(workDir, 0o700);
  for (const dir of [place.settingsDir, place.dataDir]) await mkdir(dir, { recursive: true });
  const configFile = join(place.settingsDir, 'config.yaml');
  await writeOpen(configFile, configText);
  const size = options.spec.storageBytes;
  const volume =
    size === undefined
      ? undefined
      : await mountVolume({
          dir: place.dataDir,
          sizeBytes: size,
          runId: site.runId,
          name: replica.name,
          clock,
        });
  if (size !== undefined && volume === undefined)
    options.note(`${replica.name}: no volume of ${size} bytes, as mounting is not allowed here`, 'warn');
  await chmod(place.settingsDir, 0o755);
  await chmod(place.dataDir, 0o777);
  const tls = uses(configText, 'SQUALL_TLS_CERT')
    ? await makeServerCertificate(join(place.settingsDir, 'tls'))
    : undefined;
  if (tls === undefined) return { ...place, configFile, volume };
  await chmod(dirname(tls.certFile), 0o755);
  for (const file of [tls.certFile, tls.keyFile]) await chmod(file, 0o644);
  return { ...place, configFile, volume, caFile: tls.caFile };
}

async function writeOpen(file: string, text: string): Promise<void> {
  await writeFile(file, text);
  await chmod(file, 0o644);
}

/** The contract's variables, the member's own, and those of the runner's that the configuration takes up. */
export function memberEnv(
  options: EnvOptions,
  place: Pick<DockerPlace, 'caFile'> & { text: string },
): Record<string, string> {
  const named = [...place.text.matchAll(/\$\{(?:env:)?([A-Za-z_]\w*)/g)].map(([, name = '']) => name);
  const taken = named.flatMap((name): [string, string][] => {
    const value = options.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  const everywhere = '0.0.0.0';
  const tls = { certFile: `${inside.settings}/tls/cert.pem`, keyFile: `${inside.settings}/tls/key.pem` };
  return {
    ...Object.fromEntries(taken),
    ...options.spec.env,
    ...contractEnv({
      listen: {
        ...addressesAt(everywhere),
        health: `${everywhere}:${ports.health}`,
        metricsHost: everywhere,
        metricsPort: ports.metrics,
      },
      next: options.next,
      dataDir: inside.data,
      ...(place.caFile === undefined ? {} : { certificate: tls }),
    }),
  };
}

/** The path on this machine of a file that a configuration names by its path in the container. */
export function hostPath(path: string, of: { settings: string; config: string | undefined }): string {
  if (path.startsWith(`${inside.settings}/`)) return join(of.settings, path.slice(inside.settings.length));
  if (of.config === undefined || !path.startsWith(`${inside.files}/`)) return path;
  return join(dirname(of.config), path.slice(inside.files.length));
}

export function addressesAt(host: string): LinkAddresses {
  return { grpc: `${host}:${ports.grpc}`, http: `${host}:${ports.http}` };
}
