import { isMaskable } from '../base/maskable.ts';
import { type Signal, signals } from '../base/signal.ts';
import { openRecordFile } from './sink-file.ts';

/**
 * Raw request bodies for a count that owes nothing to the ledger's code. Per request: 4 bytes little-endian length of
 * the body; 1 byte signal (0 traces, 1 metrics, 2 logs); 1 byte encoding (0 protobuf, 1 JSON); 1 byte accepted (1) or
 * only seen (0); 1 byte of zero; the body, decompressed, with stars in the place of secrets.
 */
export interface Capture {
  add(request: { signal: Signal; encoding: 'protobuf' | 'json'; accepted: boolean; body: Uint8Array }): void;
  close(): void;
}

/** `secrets`: values that must not reach the disk. */
export function createCapture(path: string, secrets: readonly string[] = []): Capture {
  const file = openRecordFile(path);
  const hidden = secrets.filter(isMaskable).map((secret) => Buffer.from(secret));
  return {
    add({ signal, encoding, accepted, body }) {
      const head = Buffer.alloc(8);
      head.writeUInt32LE(body.length, 0);
      head[4] = signals.indexOf(signal);
      head[5] = encoding === 'json' ? 1 : 0;
      head[6] = accepted ? 1 : 0;
      const record = Buffer.concat([head, body]);
      for (const secret of hidden) blank(record, secret);
      file.append(record);
    },
    close: file.close,
  };
}

/** As many bytes as before, so that protobuf's lengths stay right. */
function blank(record: Buffer, secret: Buffer): void {
  for (let at = record.indexOf(secret, 8); at >= 0; at = record.indexOf(secret, at + secret.length)) {
    record.fill('*', at, at + secret.length);
  }
}
