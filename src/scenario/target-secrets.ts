import { readFileSync } from 'node:fs';
import { fileKeys } from './check-target.ts';
import type { OtlpSpec, Scenario } from './types.ts';

/** Contents of secret files, values of headers that carry credentials, user and password of URLs. */
export function secretsOf(target: Scenario['target']): string[] {
  const files = fileKeys(target).flatMap(({ file, secret }) => (secret ? [readSecret(file)] : []));
  const clients = otlpOf(target);
  const given = [...clients.map(({ headers }) => headers), target.prometheus?.headers ?? {}];
  const headers = given.flatMap(Object.entries);
  const credentials = headers.flatMap(([key, value]) =>
    /auth|token|key|secret|cookie|password/i.test(key)
      ? [value, value.replace(/^(Bearer|Basic)\s+/i, '')]
      : [],
  );
  const urls = [...clients.flatMap(({ grpc, http }) => [grpc, http]), target.prometheus?.url];
  return [...files, ...credentials, ...urls.flatMap(userInfo)];
}

function otlpOf(target: Scenario['target']): OtlpSpec[] {
  if (target.kind === 'external') return [target.otlp];
  if (target.kind !== 'kubernetes') return [];
  return Object.values(target.members).flatMap(({ otlp }) =>
    otlp === undefined || 'service' in otlp ? [] : [otlp],
  );
}

/** As written and as decoded. */
function userInfo(url: string | undefined): string[] {
  if (url === undefined || !URL.canParse(url)) return [];
  const { username, password } = new URL(url);
  return [username, password].flatMap((text) => [text, decode(text)]);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone %: what is written is all there is
  }
}

/** Without the line end; empty where it cannot be read, which the check of files has already said. */
function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
