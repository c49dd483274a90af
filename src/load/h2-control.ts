import {
  flag,
  frame,
  frameOf,
  H2Failure,
  h2Error,
  readSettings,
  setting,
  settingsFrame,
} from '../wire/http2.ts';

const nothing = Buffer.alloc(0);

/** No pushes; answers of up to `windowBytes` without being allowed more. */
export function ownSettingsFrame(windowBytes: number): Buffer {
  return settingsFrame([
    [setting.enablePush, 0],
    [setting.initialWindowSize, windowBytes],
  ]);
}

export function settingsAckFrame(): Buffer {
  return frameOf({ type: frame.settings, flags: flag.ack, stream: 0, payload: nothing });
}

export function pingFrame(): Buffer {
  return frameOf({ type: frame.ping, flags: 0, stream: 0, payload: Buffer.alloc(8) });
}

export function pongFrame(payload: Buffer): Buffer {
  return frameOf({ type: frame.ping, flags: flag.ack, stream: 0, payload });
}

/** A frame's payload as 32-bit word, of RST_STREAM and WINDOW_UPDATE. */
export function readWord(payload: Buffer): number {
  expectLength(payload.length === 4);
  return payload.readUInt32BE();
}

/** The last stream that the peer has processed or will, and why it goes. */
export function readGoAway(stream: number, payload: Buffer): { last: number; code: number } {
  expectConnection(stream);
  expectLength(payload.length >= 8);
  return { last: payload.readUInt32BE() & 0x7fffffff, code: payload.readUInt32BE(4) };
}

export function checkPing(stream: number, payload: Buffer): void {
  expectConnection(stream);
  expectLength(payload.length === 8);
}

/** Undefined for an acknowledgement. */
export function readPeerSettings(
  flags: number,
  stream: number,
  payload: Buffer,
): ReturnType<typeof readSettings> | undefined {
  const ack = (flags & flag.ack) !== 0;
  expectConnection(stream);
  if (!ack) return readSettings(payload);
  expectLength(payload.length === 0);
  return undefined;
}

function expectLength(right: boolean): void {
  if (!right) throw new H2Failure(h2Error.frameSize, 'a frame of a wrong length');
}

function expectConnection(stream: number): void {
  if (stream !== 0) throw new H2Failure(h2Error.protocol, 'a frame of the connection on a stream');
}
