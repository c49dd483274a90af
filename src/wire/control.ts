import { flag, frame, frameOf, H2Failure, h2Error, readSettings } from './http2.ts';

/** Frames about a connection itself, as RFC 9113 wants them of either side. All that read throw H2Failure. */

const nothing = Buffer.alloc(0);

export function settingsAckFrame(): Buffer {
  return frameOf({ type: frame.settings, flags: flag.ack, stream: 0, payload: nothing });
}

export function pongFrame(payload: Buffer): Buffer {
  return frameOf({ type: frame.ping, flags: flag.ack, stream: 0, payload });
}

/** The payload of RST_STREAM or WINDOW_UPDATE, `name`. */
export function readWord(payload: Buffer, name: string): number {
  expect(payload.length === 4, h2Error.frameSize, `${name} of other than 4 bytes`);
  return payload.readUInt32BE();
}

export function checkPing(stream: number, payload: Buffer): void {
  expectConnection(stream, 'PING');
  expect(payload.length === 8, h2Error.frameSize, 'PING of other than 8 bytes');
}

/** The last stream that the peer has processed or will, and why it goes. */
export function readGoAway(stream: number, payload: Buffer): { last: number; code: number } {
  expectConnection(stream, 'GOAWAY');
  expect(payload.length >= 8, h2Error.frameSize, 'GOAWAY of less than 8 bytes');
  return { last: payload.readUInt32BE() & 0x7fffffff, code: payload.readUInt32BE(4) };
}

/** [id, value] pairs; undefined for an acknowledgement. */
export function readPeerSettings(
  flags: number,
  stream: number,
  payload: Buffer,
): [number, number][] | undefined {
  expectConnection(stream, 'SETTINGS');
  if ((flags & flag.ack) === 0) return readSettings(payload);
  expect(payload.length === 0, h2Error.frameSize, 'SETTINGS acknowledged with a payload');
  return undefined;
}

function expectConnection(stream: number, name: string): void {
  expect(stream === 0, h2Error.protocol, `${name} on a stream`);
}

function expect(holds: boolean, code: number, message: string): void {
  if (!holds) throw new H2Failure(code, message);
}
