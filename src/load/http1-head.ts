import { type Fields, type Framing, Http1Error, keepsAlive, readFields, readLength } from '../wire/http1.ts';

export interface AnswerHead {
  status: number;
  headers: Fields;
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
  const headers = readFields(lines);
  const status = Number(matched[2]);
  const framing = framingOf(status, headers);
  const seconds = /timeout=(\d+)/.exec(headers.get('keep-alive') ?? '')?.[1];
  return {
    status,
    headers,
    framing,
    keepAlive: framing.kind !== 'close' && keepsAlive(matched[1] ?? '', headers),
    idleMsMax: seconds === undefined ? Number.POSITIVE_INFINITY : Number(seconds) * 1000 - 1000,
  };
}

function framingOf(status: number, headers: Fields): Framing {
  if (status < 200 || status === 204 || status === 304) return { kind: 'length', bytes: 0 };
  const coding = headers.get('transfer-encoding');
  if (coding !== undefined) return { kind: /(^|,)\s*chunked$/i.test(coding) ? 'chunked' : 'close' };
  const length = headers.get('content-length');
  return length === undefined ? { kind: 'close' } : { kind: 'length', bytes: readLength(length) };
}
