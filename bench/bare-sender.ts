import { readFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:http2';
import { request as httpsRequest, Agent as TlsAgent } from 'node:https';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import { firstBody, type LoadCase } from './load-case.ts';
import { cpuSecondsSince } from './machine.ts';

export interface BareStart extends LoadCase {
  address: string;
  requests: number;
  /** Requests at the start that are not measured: compilers and connections settle. */
  warmUp: number;
}

/**
 * The least that sends the same bytes in the same number of requests: one body, again and again, compressed anew each
 * time where the case wants it.
 */
async function send(start: BareStart): Promise<number> {
  const whole = start.protocol === 'grpc' ? firstBody(start) : firstBody(start).subarray(5);
  const level = constants.Z_BEST_SPEED;
  const body = () => (start.compression === 'gzip' ? gzipSync(whole, { level }) : whole);
  const sendOne = start.protocol === 'grpc' ? bareGrpc(start, body) : bareHttp(start, body);
  const sendMany = async (requests: number) => {
    let left = requests;
    const loop = async () => {
      while (left-- > 0) await sendOne();
    };
    await Promise.all(Array.from({ length: start.inFlight }, loop));
  };
  await sendMany(start.warmUp);
  const from = process.cpuUsage();
  await sendMany(start.requests);
  return cpuSecondsSince(from);
}

function bareGrpc(start: BareStart, body: () => Buffer): () => Promise<void> {
  const sessions = Array.from({ length: start.connections }, () =>
    start.tlsDir === undefined
      ? connect(`http://${start.address}`)
      : connect(`https://${start.address}`, { ca: caOf(start.tlsDir) }),
  );
  const headers = {
    ':method': 'POST',
    ':path': '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  let next = 0;
  return () =>
    new Promise((resolve, reject) => {
      const stream = sessions[next++ % sessions.length]?.request(headers);
      stream?.on('error', reject);
      stream?.on('end', resolve);
      stream?.resume();
      stream?.end(body());
    });
}

function bareHttp(start: BareStart, body: () => Buffer): () => Promise<void> {
  const pool = { keepAlive: true, maxSockets: start.inFlight };
  const { tlsDir } = start;
  const agent = tlsDir === undefined ? new Agent(pool) : new TlsAgent({ ...pool, ca: caOf(tlsDir) });
  const send = tlsDir === undefined ? httpRequest : httpsRequest;
  const options = {
    agent,
    method: 'POST',
    host: '127.0.0.1',
    port: Number(start.address.split(':')[1]),
    path: '/v1/traces',
  };
  return () =>
    new Promise((resolve, reject) => {
      const bytes = body();
      const headers = { 'content-type': 'application/x-protobuf', 'content-length': bytes.length };
      const request = send({ ...options, headers }, (response) => response.resume().on('end', resolve));
      request.on('error', reject);
      request.end(bytes);
    });
}

function caOf(tlsDir: string): Buffer {
  return readFileSync(join(tlsDir, 'ca.crt'));
}

process.once('message', async (start) => {
  process.send?.(await send(start as BareStart), () => process.exit());
});
