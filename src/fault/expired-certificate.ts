import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../base/clock.ts';

const run = promisify(execFile);

/** Undefined when the openssl binary is not there: Node can verify certificates and not make them. */
export async function opensslVersion(): Promise<string | undefined> {
  try {
    return (await run('openssl', ['version'])).stdout.trim();
  } catch {
    return undefined;
  }
}

/**
 * A certificate with the subject, extensions and key of `certFile`, valid until `notAfter` (in the past). Signed by
 * the authority if one is given, else by its own key: whoever trusts a self-signed original then sees only that it
 * is out of date. PEM. `scratchDir` is made here and left to the caller to remove.
 */
export async function makeExpired(options: {
  certFile: string;
  keyFile: string;
  authority?: { certFile: string; keyFile: string };
  notAfter: Date;
  scratchDir: string;
}): Promise<string> {
  const { certFile, keyFile, authority, scratchDir } = options;
  mkdirSync(scratchDir, { recursive: true, mode: 0o700 });
  const at = (name: string) => join(scratchDir, name);
  writeFileSync(at('index.txt'), '');
  writeFileSync(at('serial'), `${systemClock.wallMs().toString(16).padStart(16, '0')}\n`);
  writeFileSync(at('ca.cnf'), authorityConfig(scratchDir));
  const request = [
    '-in',
    certFile,
    '-signkey',
    keyFile,
    '-copy_extensions',
    'copy',
    '-out',
    at('request.pem'),
  ];
  await run('openssl', ['x509', '-x509toreq', ...request]);
  const signer =
    authority === undefined
      ? ['-selfsign', '-keyfile', keyFile]
      : ['-cert', authority.certFile, '-keyfile', authority.keyFile];
  const notBefore = new Date(options.notAfter.getTime() - 24 * 3600_000);
  const dates = ['-startdate', asn1Time(notBefore), '-enddate', asn1Time(options.notAfter)];
  const files = ['-config', at('ca.cnf'), '-in', at('request.pem'), '-out', at('expired.pem')];
  await run('openssl', ['ca', '-batch', '-notext', '-preserveDN', ...files, ...signer, ...dates]);
  return readFileSync(at('expired.pem'), 'utf8');
}

function authorityConfig(dir: string): string {
  return `[ca]
default_ca = squall
[squall]
database = ${dir}/index.txt
serial = ${dir}/serial
new_certs_dir = ${dir}
default_md = sha256
unique_subject = no
copy_extensions = copyall
policy = any
[any]
countryName = optional
stateOrProvinceName = optional
localityName = optional
organizationName = optional
organizationalUnitName = optional
commonName = optional
emailAddress = optional
`;
}

/** YYYYMMDDHHMMSSZ */
function asn1Time(date: Date): string {
  return `${date.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`;
}
