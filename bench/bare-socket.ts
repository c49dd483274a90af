import { connect } from 'node:net';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { nowNs } from '../src/base/clock.ts';

export interface BareSocketStart {
  /** HOST:PORT of a receiver that counts bytes. */
  address: string;
  requests: number;
  everyMs: number;
  requestBytes: number;
  /** Watches clock and socket without ever sleeping. */
  awake: boolean;
}

/** Request i: when it was due, written and answered, ns of the clock of base/clock.ts. */
export interface BareSocketResult {
  dueNs: number[];
  sendNs: number[];
  finalNs: number[];
}

/**
 * Bytes there and bytes back over one TCP connection, paced by node's timers or awake: the floor of this machine, without
 * OTLP.
 */
async function send({
  address,
  requests,
  everyMs,
  requestBytes,
  awake,
}: BareSocketStart): Promise<BareSocketResult> {
  const result: BareSocketResult = { dueNs: [], sendNs: [], finalNs: [] };
  const body = Buffer.alloc(requestBytes);
  const [host, port] = address.split(':');
  const socket = connect({ host, port: Number(port), noDelay: true });
  socket.on('data', () => result.finalNs.push(nowNs()));
  const t0Ns = nowNs() + 100e6;
  for (let i = 0; i < requests; i++) {
    const dueNs = t0Ns + i * everyMs * 1e6;
    if (awake) while (nowNs() < dueNs) await turn();
    else await delay(Math.max(0, (dueNs - nowNs()) / 1e6));
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
