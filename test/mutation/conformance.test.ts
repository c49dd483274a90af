import { expect, test } from 'vitest';
import { judgeRow } from '../fixtures/conformance/judge.ts';
import { observeRows, type StartLoad } from '../fixtures/conformance/observe.ts';
import { type Row, rows } from '../fixtures/conformance/table.ts';
import { makeMutant, moduleLoader } from '../fixtures/mutant.ts';

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
    'wire/frame-reader.ts',
    'const padded = (flags & flag.padded) !== 0;',
    'const padded = flags > 1000;',
  ],
  [
    'an interim answer is the answer',
    'early-hints',
    'load/http1-answer.ts',
    'if (answer.head.status >= 200)',
    'if (answer.head.status >= 100)',
  ],
  [
    "the peer's wider window is passed over",
    'mb=1 server=tight',
    sender,
    'stream.window = widened(stream.window, bytes);',
    '',
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

/** What the rows find against this source; also that it cannot be sent with at all. */
async function findings(src: URL, chosen: readonly Row[]): Promise<string[]> {
  const { startLoad } = moduleLoader(src)<{ startLoad: StartLoad }>('load/engine.ts');
  return observeRows(startLoad, chosen, 2000).then(
    (seen) => chosen.flatMap((row) => judgeRow(row, seen.get(row))),
    (error: unknown) => [String(error)],
  );
}

const rowsOf = (part: string) => rows.filter((row) => row.name.includes(part));

test.concurrent.each(mutations)(
  'the table finds that %s',
  async (name, part, file, from, to) => {
    expect(rowsOf(part)).not.toEqual([]);
    const mutant = makeMutant({ name, file, from, to }, { threads: true });
    expect(await findings(mutant.src, rowsOf(part)).finally(mutant.remove)).not.toEqual([]);
  },
  60_000,
);

test('a copy without a mistake can be loaded and sends', async () => {
  const copy = makeMutant(undefined);
  const found = await findings(copy.src, rowsOf('| OK | acknowledged | 1 | OK | signal')).finally(
    copy.remove,
  );
  expect(found).toEqual([]);
}, 60_000);
