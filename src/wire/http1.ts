/** Heads of HTTP/1.1 (RFC 9112) as text: what both sides read alike. Cutting bytes into messages is http1-reader.ts. */

/** The peer broke the protocol; its connection is of no further use. */
export class Http1Error extends Error {
  /** What a server answers before it closes. */
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

/** How the end of a body is known. */
export type Framing = { kind: 'length'; bytes: number } | { kind: 'chunked' } | { kind: 'close' };

/** By name in lower case; several of one name are joined by a comma. */
export type Fields = ReadonlyMap<string, string>;

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** The lines between start line and empty line. Throws Http1Error: also of a value that is folded over lines. */
export function readFields(lines: readonly string[]): Fields {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    const value = trimmed(line.slice(colon + 1));
    // A lone CR or LF is the end of a line to some and not to others: the same bytes would be two different messages.
    if (!token.test(name) || /[\0\r\n]/.test(value)) throw new Http1Error('a malformed header');
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return fields;
}

/** A content-length; said twice, it must be the same. Throws Http1Error. */
export function readLength(value: string): number {
  const [first = '', ...others] = listOf(value);
  if (!/^\d{1,15}$/.test(first) || others.some((other) => other !== first))
    throw new Http1Error('a malformed content-length');
  return Number(first);
}

/** Whether the connection may carry another message after one of HTTP/1.`minor`. */
export function keepsAlive(minor: string, fields: Fields): boolean {
  const options = listOf(fields.get('connection')?.toLowerCase() ?? '');
  return minor === '0' ? options.includes('keep-alive') : !options.includes('close');
}

function listOf(value: string): string[] {
  return value.split(',').map(trimmed);
}

/** Without blanks and tabs around it, which are all that RFC 9110 has there: other recipients do not see past others. */
function trimmed(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

const isBlank = (code: number) => code === 0x20 || code === 0x09;
