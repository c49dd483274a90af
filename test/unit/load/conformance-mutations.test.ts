import { expect, test } from 'vitest';
import { judgeRow } from '../../fixtures/conformance/judge.ts';
import { observeRows, type StartLoad } from '../../fixtures/conformance/observe.ts';
import { rows } from '../../fixtures/conformance/table.ts';
import { makeMutant } from '../../fixtures/mutant.ts';

const grpc = 'load/grpc-exporter.ts';
const session = 'load/h2-session.ts';
const sender = 'load/h2-sender.ts';
const http = 'load/http-exporter.ts';

/** Mistakes of the transports, and the rows of the table that must find them (by a part of their names). */
const mutations: [name: string, rows: string, file: string, from: string, to: string][] = [
  [
    'REFUSED_STREAM leaves it open',
    'reset=7, INV',
    grpc,
    "return neverTaken('REFUSED_STREAM')",
    "return noAnswer('')",
  ],
  [
    'a broken connection is a definite no',
    'grpc | cut, final',
    grpc,
    'noAnswer(how.error.message)',
    "neverTaken('')",
  ],
  [
    'an answer of headers alone is none',
    'headers=1',
    grpc,
    "fieldOf(tail, 'grpc-status') === undefined ? head : tail",
    'tail',
  ],
  [
    'a missing status is a success',
    'no-status',
    grpc,
    "return noAnswer('an answer without a grpc-status')",
    'return successOutcome(0, { rejected: 0, message: "" })',
  ],
  [
    'RetryInfo is not read',
    'retry=50, OK',
    grpc,
    "readRetryDelayMs(fieldOf(fields, 'grpc-status-details-bin'))",
    'undefined',
  ],
  [
    "GOAWAY's last stream is passed over",
    'goaway-below, INV',
    session,
    'if (one.id > this.#lastTaken)',
    'if (one.id > 2 ** 40)',
  ],
  ['pings are not answered', 'frames=ping', session, 'else this.#sender.write(pongFrame(payload));', ''],
  [
    'settings are not acknowledged',
    'frames=settings',
    session,
    'this.#sender.write(settingsAckFrame());',
    '',
  ],
  [
    'padding is taken for content',
    'frames=padded',
    session,
    'const data = withoutPadding(payload, flags);',
    'const data = payload;',
  ],
  [
    'an interim answer is the answer',
    'early-hints',
    'load/http1-answer.ts',
    'if (head.status >= 200)',
    'if (head.status >= 100)',
  ],
  [
    "the peer's window is passed over",
    'mb=1 server=tight',
    sender,
    'length > stream.window || length > this.#window',
    'length > 1e9',
  ],
  [
    'Retry-After is not read',
    'after=0, OK',
    http,
    "readRetryAfterMs(headers.get('retry-after'), systemClock.wallMs())",
    'undefined',
  ],
  [
    'an HTTP answer stays compressed',
    'http/protobuf | partial=3 gzip=1',
    http,
    "readEncodedBody(body, headers.get('content-encoding'))",
    'body',
  ],
  [
    'JSON answers are read as protobuf',
    'http/json | partial=3 ',
    http,
    "const json = type.includes('json');",
    'const json = false;',
  ],
  [
    'a connection that was cut is a definite no',
    'http/protobuf | cut, final',
    http,
    'const definite = !reached || isTlsRefusal(error);',
    'const definite = true;',
  ],
  [
    'the body goes out uncompressed',
    'grpc | OK | acknowledged | 1 | OK | gzip',
    grpc,
    'gzip ? gzipBody(body) : body',
    'body',
  ],
];

test.concurrent.each(mutations)(
  'the table finds that %s',
  async (name, part, file, from, to) => {
    const chosen = rows.filter((row) => row.name.includes(part));
    expect(chosen).not.toEqual([]);
    const mutant = makeMutant({ name, file, from, to });
    try {
      const { startLoad } = (await import(/* @vite-ignore */ new URL('load/engine.ts', mutant.src).href)) as {
        startLoad: StartLoad;
      };
      const found = await observeRows(startLoad, chosen, 2000).then(
        (seen) => chosen.flatMap((row) => judgeRow(row, seen.get(row))),
        (error: unknown) => [String(error)],
      );
      expect(found).not.toEqual([]);
    } finally {
      mutant.remove();
    }
  },
  60_000,
);
