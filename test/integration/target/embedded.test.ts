import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { afterEach, expect, test } from 'vitest';
import { systemClock, waitFor } from '../../../src/base/clock.ts';
import { startEmbedded } from '../../../src/target/embedded.ts';
import type { Member, Target } from '../../../src/target/target.ts';

const dirs: string[] = [];
const targets: Target[] = [];

afterEach(async () => {
  for (const target of targets.splice(0)) await target.down();
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

async function start(
  sink = { grpc: '127.0.0.1:9', http: '127.0.0.1:9' },
): Promise<{ member: Member; dir: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'squall-embedded-'));
  dirs.push(dir);
  const common = { runId: 'test-run', runDir: dir, clock: systemClock };
  const target = await startEmbedded({ ...common, spec: { kind: 'embedded', sink: 'none' }, sink });
  targets.push(target);
  const [member] = target.members;
  if (member === undefined) throw new Error('no member');
  return { member, dir };
}

async function counter(member: Member, name: string): Promise<number> {
  const text = await fetch(member.metricsUrl ?? '').then((answer) => answer.text());
  return Number(new RegExp(`^${name}\\{.*\\} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

async function reaches(member: Member, name: string, wanted: number): Promise<number> {
  await waitFor(systemClock, { timeoutMs: 30_000, everyMs: 20 }, async () =>
    (await counter(member, name)) >= wanted ? true : undefined,
  );
  return counter(member, name);
}

/** Requests nest three repeated fields (resource 1, scope 2, item 2), which is all that is needed here. */
const nested = protobuf.Root.fromJSON({
  nested: {
    Item: { fields: { name: { type: 'string', id: 5 } } },
    Scope: { fields: { items: { rule: 'repeated', type: 'Item', id: 2 } } },
    Resource: { fields: { scopes: { rule: 'repeated', type: 'Scope', id: 2 } } },
    Request: { fields: { resources: { rule: 'repeated', type: 'Resource', id: 1 } } },
  },
}).lookupType('Request');

function spans(count: number): Buffer {
  const items = Array.from({ length: count }, (_, i) => ({ name: `span ${i}` }));
  return Buffer.from(nested.encode(nested.create({ resources: [{ scopes: [{ items }] }] })).finish());
}

/** One unary call; gives the grpc-status. */
async function callGrpc(address: string, body: Buffer): Promise<string> {
  const session = connect(`http://${address}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const status = Promise.withResolvers<string>();
  const note = (headers: Record<string, unknown>) => {
    if (headers['grpc-status'] !== undefined) status.resolve(String(headers['grpc-status']));
  };
  stream.on('response', note).on('trailers', note).on('error', status.reject).resume();
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(body.length, 1);
  stream.end(Buffer.concat([frame, body]));
  const answer = await status.promise;
  session.close();
  return answer;
}

test('what is acknowledged over gRPC and JSON reaches the next hop, batched, none of it twice', async () => {
  const back = await start();
  const otlp = { grpc: back.member.otlp.grpc ?? '', http: back.member.otlp.http ?? '' };
  const front = await start(otlp);
  for (let i = 0; i < 20; i++) expect(await callGrpc(front.member.otlp.grpc ?? '', spans(100))).toBe('0');
  const json = { resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'a' }, { name: 'b' }] }] }] };
  for (let i = 0; i < 3; i++) {
    const response = await fetch(`http://${front.member.otlp.http}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(json),
    });
    expect(response.status).toBe(200);
  }
  expect(await counter(front.member, 'otelcol_receiver_accepted_spans')).toBe(2006);
  expect(await reaches(front.member, 'otelcol_exporter_sent_spans', 2006)).toBe(2006);
  expect(await counter(back.member, 'otelcol_receiver_accepted_spans')).toBe(2006);
});

test('an orderly end hands on what waits in the batch; SIGKILL loses it', async () => {
  const back = await start();
  const front = await start({ grpc: back.member.otlp.grpc ?? '', http: back.member.otlp.http ?? '' });
  const power = front.member.process;
  for (const [signal, arrived] of [
    ['SIGTERM', 10],
    ['SIGKILL', 10],
  ] as const) {
    const before = power?.starts().length ?? 0;
    expect(await callGrpc(front.member.otlp.grpc ?? '', spans(10))).toBe('0');
    power?.signal(signal);
    await waitFor(systemClock, { timeoutMs: 30_000, everyMs: 5 }, () => power?.starts()[before - 1]?.exit);
    expect(await reaches(back.member, 'otelcol_receiver_accepted_spans', arrived)).toBe(arrived);
    if (signal === 'SIGTERM') expect(await power?.ready(30_000)).toBeGreaterThan(0);
  }
  expect(readFileSync(join(front.dir, 'evidence/logs/embedded-0.log'), 'utf8')).toContain(
    'Shutdown complete',
  );
});

test('what is no export request is refused for good', async () => {
  const { member } = await start();
  expect(await callGrpc(member.otlp.grpc ?? '', Buffer.from('garbage'))).toBe('3');
  const response = await fetch(`http://${member.otlp.http}/v1/logs`, { method: 'POST', body: '{' });
  expect(response.status).toBe(400);
  expect(await counter(member, 'otelcol_receiver_accepted_spans')).toBe(0);
});
