import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:http2';
import { cpuSecondsSince } from './machine.ts';

export interface BareStart {
  protocol: 'grpc' | 'http/protobuf';
  address: string;
  sizeBytes: number;
  requests: number;
  /** Requests at the start that are not measured: compilers and connections settle. */
  warmUp: number;
  inFlight: number;
  connections: number;
}

/** The least that sends the same number of bytes in the same number of requests: one body, again and again. */
async function send(start: BareStart): Promise<number> {
  const body = Buffer.alloc(start.sizeBytes, 120);
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

function bareGrpc(start: BareStart, body: Buffer): () => Promise<void> {
  const sessions = Array.from({ length: start.connections }, () => connect(`http://${start.address}`));
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
      stream?.end(body);
    });
}

function bareHttp(start: BareStart, body: Buffer): () => Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: start.inFlight });
  const options = {
    agent,
    method: 'POST',
    host: '127.0.0.1',
    port: Number(start.address.split(':')[1]),
    path: '/v1/traces',
    headers: { 'content-type': 'application/x-protobuf', 'content-length': body.length },
  };
  return () =>
    new Promise((resolve, reject) => {
      const request = httpRequest(options, (response) => response.resume().on('end', resolve));
      request.on('error', reject);
      request.end(body);
    });
}

process.once('message', async (start) => {
  process.send?.(await send(start as BareStart), () => process.exit());
});
