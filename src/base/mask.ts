import { type Document, isPair, isScalar, parseAllDocuments, visit } from 'yaml';
import { isMaskable } from './maskable.ts';

/** What stands where a secret stood. */
export const masked = '***';

/**
 * The text without secrets: the given values (as they are, URL-encoded and in base64), the user info
 * of every URL, and what follows authorization-like words. Used on everything that is written or
 * printed.
 */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  let out = text;
  for (const form of secretForms(secrets)) out = out.replaceAll(form, masked);
  return out
    .replace(/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#@"'<>]+@/gi, `$1${masked}@`)
    .replace(/\b(Bearer)\s+[A-Za-z0-9._~+/=-]+/g, `$1 ${masked}`)
    .replace(headerPair, (pair: string, name: string, value: string) =>
      isReference(value) ? pair : `${name}${masked}`,
    );
}

/** An authorization-like name, its separator, and a value of one word or of scheme and word. */
const headerPair =
  /\b((?:(?:proxy-)?authorization|x-api-key|api-key|set-cookie|cookie)["']?\s*[:=]\s*["']?)(?!\*\*\*)((?:\$\{[^}\s]*\}|[^\s"',;}])+(?:\s+(?:\$\{[^}\s]*\}|[^\s"',;}])+)?)/gi;

/** Every string in a value, keys included; numbers and structure stay. */
export function maskDeep<T>(value: T, secrets: readonly string[]): T {
  return maskValue(value, secrets) as T;
}

/**
 * A collector's configuration, or any YAML, with the values of secret keys and of all headers masked;
 * `${env:NAME}` references stay. Layout and comments are kept. A text that is not YAML is masked line
 * by line.
 */
export function maskConfig(yamlText: string, secrets: readonly string[] = []): string {
  const byLine = () => maskSecrets(maskLines(yamlText), secrets);
  let documents: ReturnType<typeof parseAllDocuments>;
  try {
    documents = parseAllDocuments(yamlText, { keepSourceTokens: true });
  } catch {
    // A YAML that the parser gives up on is still shown, masked more coarsely.
    return byLine();
  }
  if (!Array.isArray(documents) || documents.some((document) => document.errors.length > 0)) return byLine();
  const cuts = secretScalars(documents)
    .filter(({ value }) => !isReference(value))
    .map(({ range }) => range);
  let out = yamlText;
  for (const [from, to] of cuts.sort((a, b) => b[0] - a[0])) {
    const end = out.slice(from, to).trimEnd().length + from;
    const block = /^[|>]/.test(out.slice(from, to)) ? '\n' : '';
    out = `${out.slice(0, from)}"${masked}"${block}${out.slice(Math.max(end, from))}`;
  }
  return maskSecrets(maskComments(out), secrets);
}

/**
 * What a collector's configuration holds at secret places: values, and the names of variables that give them. A text
 * that is not YAML gives none.
 */
export function secretsOfConfig(yamlText: string): { values: string[]; variables: string[] } {
  const documents = parseAllDocuments(yamlText, { logLevel: 'silent' });
  const texts = Array.isArray(documents) ? secretScalars(documents).map(({ value }) => value) : [];
  return {
    values: texts
      .filter((text) => !isReference(text))
      .map((text) => text.replace(/^(?:Bearer|Basic)\s+/i, '')),
    variables: texts.flatMap((text) =>
      [...text.matchAll(/\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)/g)].map((found) => found[1] ?? ''),
    ),
  };
}

function secretScalars(documents: readonly Document[]): { value: string; range: [number, number] }[] {
  const found: { value: string; range: [number, number] }[] = [];
  for (const document of documents) {
    visit(document, {
      Scalar(place, node, path) {
        if (place === 'key' || !node.range || typeof node.value !== 'string' || !isSecretPlace(path)) return;
        if (node.value !== '') found.push({ value: node.value, range: [node.range[0], node.range[1]] });
      },
    });
  }
  return found;
}

function secretForms(secrets: readonly string[]): string[] {
  const forms = new Set<string>();
  for (const raw of secrets) {
    for (const secret of [raw, raw.trim(), ...raw.split(/\r?\n/)].filter(isMaskable)) {
      forms.add(secret);
      forms.add(encodeURIComponent(secret));
      forms.add(JSON.stringify(secret).slice(1, -1));
      forms.add(Buffer.from(secret).toString('base64').replace(/=+$/, ''));
    }
  }
  return [...forms].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
}

function maskValue(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return maskSecrets(value, secrets);
  if (Array.isArray(value)) return value.map((element: unknown) => maskValue(element, secrets));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, child]): [string, unknown] => [
    maskSecrets(key, secrets),
    isSecretKey(key) && typeof child === 'string' && !isReference(child) ? masked : maskValue(child, secrets),
  ]);
  return Object.fromEntries(entries);
}

const secretWords = [
  'authorization|cookie|token|bearer|password|passwd|passphrase|pwd|secret|credentials?|sas|dsn|inline',
  '(?:api|account|private|license|access)[-_]?key|access[-_]?key[-_]?id|key[-_]?pem|connection[-_]?string',
].join('|');
const secretWord = new RegExp(`(?:^|[-_.\\s])(?:${secretWords})$`, 'i');
const camelWord = /[a-z](?:Authorization|Token|Password|Secret|ApiKey|AccessKey|PrivateKey|Credential)s?$/;

export function isSecretKey(key: string): boolean {
  return secretWord.test(key) || camelWord.test(key) || /^apikey$/i.test(key);
}

/** Headers of every exporter carry keys under names of the vendor's choice; these alone are harmless. */
const plainHeader = /^(?:content-type|content-encoding|accept|user-agent|action|key|from_context)$/i;

function isSecretPlace(path: readonly unknown[]): boolean {
  const keys = path.flatMap((node) => (isPair(node) && isScalar(node.key) ? [String(node.key.value)] : []));
  const own = keys.at(-1);
  if (own === undefined) return false;
  if (isSecretKey(own)) return true;
  return keys.slice(0, -1).some((key) => /(?:^|_)headers$/i.test(key)) && !plainHeader.test(own);
}

/**
 * Nothing but references and a scheme word: `Bearer ${env:TOKEN}`. A default value after `:-` may be a
 * secret.
 */
function isReference(value: string): boolean {
  return /^(?:(?:Bearer|Basic)\s+)?(?:\$\{(?:env:|file:)?[A-Za-z0-9_./-]+\})+$/.test(value.trim());
}

function maskComments(text: string): string {
  return text.replace(/(^|\s)#.*$/gm, (comment) => maskLines(comment));
}

function maskLines(text: string): string {
  return text.replace(
    /^(\s*(?:#\s*)*(?:-\s*)?["']?)([\w.-]+)(["']?\s*:\s*)(\S.*)$/gm,
    (line: string, before: string, key: string, colon: string, value: string) =>
      isSecretKey(key) && !isReference(value) ? `${before}${key}${colon}${masked}` : line,
  );
}
