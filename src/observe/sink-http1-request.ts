import { type Fields, type Framing, Http1Error, keepsAlive, readFields, readLength } from '../wire/http1.ts';

export interface RequestHead {
  method: string;
  /** Without scheme, host and query. */
  path: string;
  headers: Fields;
  framing: Framing;
  /** Minor version of HTTP/1. */
  minor: '0' | '1';
  keepAlive: boolean;
  /** The client waits for word before it sends the body. */
  expectsContinue: boolean;
}

/**
 * A request line and headers, the empty line left off. Throws Http1Error with the status that RFC 9112 has for it. What
 * two recipients could read in two ways (lengths that differ, a length beside chunks, folded lines) is none.
 */
export function parseRequest(text: string): RequestHead {
  const [requestLine = '', ...lines] = text.split('\r\n');
  const matched = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP\/(\d)\.(\d)$/.exec(
    requestLine,
  );
  if (matched === null) throw new Http1Error('not a request of HTTP/1');
  const [, method = '', target = '', major, lastDigit] = matched;
  if (major !== '1') throw new Http1Error('HTTP/1.1 is spoken here', 505);
  const minor = lastDigit === '0' ? '0' : '1';
  const headers = readFields(lines);
  if (!/^[^\s,/?#@]*$/.test(headers.get('host') ?? (minor === '0' ? '' : ','))) {
    throw new Http1Error('not exactly one host');
  }
  const framing = framingOf(headers, minor);
  const expect = headers.get('expect')?.toLowerCase();
  if (expect !== undefined && expect !== '100-continue') throw new Http1Error('an unknown expectation', 417);
  return {
    method,
    path: target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/, ''),
    headers,
    framing,
    minor,
    keepAlive: keepsAlive(minor, headers),
    expectsContinue: expect !== undefined && minor === '1',
  };
}

function framingOf(headers: Fields, minor: '0' | '1'): Framing {
  const length = headers.get('content-length');
  const coding = headers.get('transfer-encoding')?.toLowerCase();
  if (coding === undefined) return { kind: 'length', bytes: length === undefined ? 0 : readLength(length) };
  if (length !== undefined) throw new Http1Error('a length and chunks');
  if (minor === '0') throw new Http1Error('chunks in HTTP/1.0');
  if (coding === 'chunked') return { kind: 'chunked' };
  throw new Http1Error('a transfer coding other than chunked', 501);
}
