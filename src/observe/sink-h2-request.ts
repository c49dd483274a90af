import type { HeaderList } from '../wire/hpack.ts';

const pseudo = [':method', ':scheme', ':path', ':authority'];
const connectionHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** RFC 9113 section 8: pseudo-headers first and those of a request, names in lower case, none of HTTP/1's connection. */
export function isRequest(headers: HeaderList): boolean {
  let regular = false;
  let found = 0;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (name.startsWith(':')) {
      const index = pseudo.indexOf(name);
      if (regular || index < 0 || (found & (1 << index)) !== 0) return false;
      found |= 1 << index;
    } else {
      regular = true;
      if (connectionHeaders.has(name) || name === '' || name !== name.toLowerCase()) return false;
      if (name === 'te' && headers[i + 1] !== 'trailers') return false;
    }
  }
  return (found & 0b111) === 0b111;
}
