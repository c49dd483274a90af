import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import type { Member } from '../target/target.ts';

export interface CertificateFiles {
  certFile: string;
  keyFile: string;
}

/**
 * The server certificates that a collector's receivers use, from its configuration; relative paths and ${env:NAME}
 * as its process has them. Empty when it uses none, or its files are not there.
 */
export function certificatesOf(member: Member): CertificateFiles[] {
  const pid = member.process?.current()?.host?.pid;
  if (member.reconfigure === undefined || pid === undefined) return [];
  const config: unknown = parse(readFileSync(member.reconfigure.configFile, 'utf8'));
  const receivers = field(config, 'receivers');
  const env = environmentOf(pid);
  const folder = readlinkSync(`/proc/${pid}/cwd`);
  const { onHost = (path: string) => path } = member.reconfigure;
  const place = (path: string) =>
    onHost(
      resolve(
        folder,
        path.replaceAll(/\$\{(?:env:)?(\w+)\}/g, (_, name) => env[name] ?? ''),
      ),
    );
  const found = new Map<string, CertificateFiles>();
  for (const tls of tlsBlocks(receivers)) {
    const files = { certFile: place(tls.cert_file), keyFile: place(tls.key_file) };
    if (existsSync(files.certFile) && existsSync(files.keyFile)) found.set(files.certFile, files);
  }
  return [...found.values()];
}

/** Every block with a cert_file and a key_file, at any depth. */
function tlsBlocks(value: unknown): { cert_file: string; key_file: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const cert_file = field(value, 'cert_file');
  const key_file = field(value, 'key_file');
  const own = typeof cert_file === 'string' && typeof key_file === 'string' ? [{ cert_file, key_file }] : [];
  return [...own, ...Object.values(value).flatMap(tlsBlocks)];
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function environmentOf(pid: number): Record<string, string> {
  const pairs = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}
