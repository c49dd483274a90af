import { errorCode, type FrameHead, frame, frameFlag, frameType, Http2Error, settingId } from './h2-frame.ts';

const nothing = Buffer.alloc(0);

/** No pushes; answers of up to `windowBytes` without being allowed more. */
export function settingsFrame(windowBytes: number): Buffer {
  const payload = Buffer.alloc(12);
  payload.writeUInt16BE(settingId.enablePush, 0);
  payload.writeUInt16BE(settingId.initialWindowSize, 6);
  payload.writeUInt32BE(windowBytes, 8);
  return frame({ type: frameType.settings, flags: 0, stream: 0 }, payload);
}

export function settingsAckFrame(): Buffer {
  return frame({ type: frameType.settings, flags: frameFlag.ack, stream: 0 }, nothing);
}

export function pingFrame(): Buffer {
  return frame({ type: frameType.ping, flags: 0, stream: 0 }, Buffer.alloc(8));
}

export function pongFrame(payload: Buffer): Buffer {
  return frame({ type: frameType.ping, flags: frameFlag.ack, stream: 0 }, payload);
}

/** Of a client: no stream of the peer's was taken. */
export function goAwayFrame(code: number): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(code, 4);
  return frame({ type: frameType.goaway, flags: 0, stream: 0 }, payload);
}

export function resetFrame(stream: number, code: number): Buffer {
  return frame({ type: frameType.rstStream, flags: 0, stream }, word(code));
}

/** Stream 0 is the connection. */
export function windowUpdateFrame(stream: number, bytes: number): Buffer {
  return frame({ type: frameType.windowUpdate, flags: 0, stream }, word(bytes));
}

/** A frame's payload as 32-bit word, of RST_STREAM and WINDOW_UPDATE. */
export function readWord(payload: Buffer): number {
  expectLength(payload.length === 4);
  return payload.readUInt32BE();
}

/** The last stream that the peer has processed or will, and why it goes. */
export function readGoAway({ stream }: FrameHead, payload: Buffer): { last: number; code: number } {
  expectConnection(stream);
  expectLength(payload.length >= 8);
  return { last: payload.readUInt32BE() & 0x7fffffff, code: payload.readUInt32BE(4) };
}

export function checkPing({ stream }: FrameHead, payload: Buffer): void {
  expectConnection(stream);
  expectLength(payload.length === 8);
}

/** Undefined for an acknowledgement. */
export function readSettings(
  { stream, flags }: FrameHead,
  payload: Buffer,
): { id: number; value: number }[] | undefined {
  const ack = (flags & frameFlag.ack) !== 0;
  expectConnection(stream);
  expectLength(payload.length % 6 === 0 && !(ack && payload.length > 0));
  if (ack) return undefined;
  const settings: { id: number; value: number }[] = [];
  for (let at = 0; at < payload.length; at += 6)
    settings.push({ id: payload.readUInt16BE(at), value: payload.readUInt32BE(at + 2) });
  return settings;
}

function expectLength(right: boolean): void {
  if (!right) throw new Http2Error(errorCode.frameSize, 'a frame of a wrong length');
}

function expectConnection(stream: number): void {
  if (stream !== 0) throw new Http2Error(errorCode.protocol, 'a frame of the connection on a stream');
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
