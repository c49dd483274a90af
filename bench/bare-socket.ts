import { connect } from 'node:net';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { nowNs } from '../src/base/clock.ts';

export interface BareSocketStart {
  /** HOST:PORT of a receiver that counts bytes. */
  address: string;
  requests: number;
  everyMs: number;
  requestBytes: number;
  answerBytes: number;
}

/** Request i: when it was due, written and answered, ns of the clock of base/clock.ts. */
export interface BareSocketResult {
  dueNs: number[];
  sendNs: number[];
  finalNs: number[];
}

/**
 * Bytes there and bytes back over one TCP connection, watching clock and socket without ever sleeping: the floor of this
 * machine, without OTLP.
 */
async function send({
  address,
  requests,
  everyMs,
  requestBytes,
  answerBytes,
}: BareSocketStart): Promise<BareSocketResult> {
  const result: BareSocketResult = { dueNs: [], sendNs: [], finalNs: [] };
  const body = Buffer.alloc(requestBytes);
  const [host, port] = address.split(':');
  const socket = connect({ host, port: Number(port), noDelay: true });
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    const finalNs = nowNs();
    for (bytes += chunk.length; bytes >= answerBytes; bytes -= answerBytes) result.finalNs.push(finalNs);
  });
  const t0Ns = nowNs() + 100e6;
  for (let i = 0; i < requests; i++) {
    const dueNs = t0Ns + i * everyMs * 1e6;
    while (nowNs() < dueNs) await turn();
    result.dueNs.push(dueNs);
    result.sendNs.push(nowNs());
    socket.write(body);
  }
  while (result.finalNs.length < requests) await delay(10);
  socket.destroy();
  return result;
}

process.once('message', async (start) => {
  process.send?.(await send(start as BareSocketStart), () => process.exit());
});
