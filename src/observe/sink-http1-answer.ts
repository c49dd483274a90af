import { STATUS_CODES } from 'node:http';
import type { Clock } from '../base/clock.ts';

/** An answer; one that is given again and again is the same object, and so is encoded once a second. */
export interface Http1Answer {
  status: number;
  headers: readonly (readonly [string, string])[];
  content: Uint8Array;
}

/** What the answer says of its connection: nothing, as HTTP/1.1 stays open by itself. */
export type Afterwards = 'open' | 'close' | 'keep-alive';

/** Writes answers, with the date that RFC 9110 wants in each. */
export function createAnswerEncoder(
  clock: Clock,
): (answer: Http1Answer, how: { afterwards: Afterwards; headOnly: boolean }) => Buffer {
  let second = 0;
  let date = '';
  let encoded = new WeakMap<Http1Answer, Buffer>();
  return (answer, { afterwards, headOnly }) => {
    const now = Math.floor(clock.wallMs() / 1000);
    if (now !== second) {
      second = now;
      date = new Date(now * 1000).toUTCString();
      encoded = new WeakMap();
    }
    const usual = afterwards === 'open' && !headOnly;
    const known = usual ? encoded.get(answer) : undefined;
    if (known !== undefined) return known;
    const bytes = encode(answer, { date, afterwards, headOnly });
    if (usual) encoded.set(answer, bytes);
    return bytes;
  };
}

function encode(
  { status, headers, content }: Http1Answer,
  { date, afterwards, headOnly }: { date: string; afterwards: Afterwards; headOnly: boolean },
): Buffer {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `date: ${date}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(afterwards === 'open' ? [] : [`connection: ${afterwards}`]),
    ...(status === 204 || status === 304 ? [] : [`content-length: ${content.length}`]),
  ];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return headOnly || content.length === 0 ? head : Buffer.concat([head, content]);
}
