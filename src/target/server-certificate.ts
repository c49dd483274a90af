import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { SquallError } from '../base/errors.ts';
import { runCommand } from '../base/run-command.ts';

export interface ServerCertificate {
  certFile: string;
  keyFile: string;
  /** What a client has to trust; a file of its own, so that it stays when the certificate is replaced. */
  caFile: string;
}

/** Receivers of a configuration that have a certificate, by protocol; the value is the text of tls.cert_file. */
export function readReceiverTls(configText: string): { grpc?: string; http?: string } {
  const receivers = block(block(parse(configText)).receivers);
  const found: { grpc?: string; http?: string } = {};
  for (const [name, receiver] of Object.entries(receivers)) {
    if (name.split('/')[0] !== 'otlp') continue;
    const protocols = block(block(receiver).protocols);
    for (const protocol of ['grpc', 'http'] as const) {
      const file = block(block(protocols[protocol]).tls).cert_file;
      if (typeof file === 'string') found[protocol] = file;
    }
  }
  return found;
}

/** A self-signed certificate for loopback, valid for two days. Throws SQ-PRECONDITION without openssl. */
export async function makeServerCertificate(dir: string): Promise<ServerCertificate> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const made = {
    certFile: join(dir, 'cert.pem'),
    keyFile: join(dir, 'key.pem'),
    caFile: join(dir, 'ca.pem'),
  };
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  const key = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    made.keyFile,
  ];
  const answer = await runCommand({
    command: 'openssl',
    args: ['req', '-x509', '-days', '2', ...key, '-out', made.certFile, ...names],
    timeoutMs: 20_000,
  });
  if (answer.code !== 0) {
    throw new SquallError({
      code: 'SQ-PRECONDITION',
      what: 'SQUALL_TLS_CERT needs openssl to make a certificate',
      where: dir,
      found: answer.reason,
      next: 'install openssl, or name a certificate of your own in tls.cert_file',
    });
  }
  await copyFile(made.certFile, made.caFile);
  return made;
}

function block(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
