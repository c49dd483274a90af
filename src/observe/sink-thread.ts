import { readFileSync } from 'node:fs';
import type { SecureServerOptions } from 'node:http2';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../base/clock.ts';
import { raisePriority } from '../base/priority.ts';
import type { SinkReply } from '../fault/fault.ts';
import type { TlsSpec } from '../scenario/types.ts';
import { createCapture } from './sink-capture.ts';
import { createReceive } from './sink-core.ts';
import { createDoor, type Door } from './sink-door.ts';
import { openRecordFile } from './sink-file.ts';
import { createGrpcServer } from './sink-grpc.ts';
import { createHttpServer } from './sink-http.ts';
import type { FromSink, SinkThreadStart, ToSink } from './sink-messages.ts';
import { createRecorder } from './sink-recorder.ts';
import { createReplyScript } from './sink-reply.ts';

const progressEveryMs = 500;

/** A worker thread of the sink: nothing that the runner does can hold it up. */
async function serve(start: SinkThreadStart): Promise<void> {
  raisePriority();
  const { thread, threads = 1 } = start;
  const script = createReplyScript(start.plan.seed, thread);
  const file = openRecordFile(start.arrivalsFile);
  const recorder = createRecorder({
    file,
    durable: start.durable,
    schedule: setImmediate, // after all sockets that were readable in this turn
    requests: { first: thread, step: threads },
  });
  const capture =
    start.captureFile === undefined ? undefined : createCapture(start.captureFile, start.secrets);
  const receive = createReceive({
    clock: systemClock,
    plan: start.plan,
    script,
    recorder,
    ...(capture === undefined ? {} : { capture }),
    onCanary: (canary) => post({ kind: 'canary', ...canary }),
    onFailure: (message) => post({ kind: 'failed', message }),
  });
  const tls = start.tls === undefined ? undefined : readTls(start.tls);
  const how = { shared: threads > 1, tls: tls !== undefined };
  const grpc = await createDoor(start.grpc, createGrpcServer(receive, tls), how);
  const http = await createDoor(start.http, createHttpServer(receive, tls), how);
  const doors = [grpc, http];
  post({ kind: 'listening', grpc: grpc.address, http: http.address });

  const progress = () => {
    const news = recorder.takeNews();
    post({ kind: 'progress', ...news }, [news.runs.buffer as ArrayBuffer]);
  };
  const timer = setInterval(progress, progressEveryMs);
  // Commands are done one after the other: a reply must not be set while an older one is still opening the doors.
  let queue: Promise<void> = Promise.resolve();
  parentPort?.on('message', (message: ToSink) => {
    queue = queue.then(() => obey(message)).catch(fail);
  });

  async function obey(message: ToSink): Promise<void> {
    switch (message.kind) {
      case 'go':
        return recorder.go(message.t0Ns);
      case 'reply':
        await setReply(doors, script, message.reply);
        return post({ kind: 'ack', id: message.id, struck: script.struck() });
      case 'struck':
        return post({ kind: 'ack', id: message.id, struck: script.struck() });
      case 'stop':
        clearInterval(timer);
        for (const door of doors) await door.shut();
        await recorder.close();
        progress();
        file.close();
        capture?.close();
        post({ kind: 'done' });
    }
  }
}

async function setReply(
  doors: readonly Door[],
  script: ReturnType<typeof createReplyScript>,
  reply: SinkReply | undefined,
): Promise<void> {
  const refuses = reply?.action === 'refuse' && reply.errorRate >= 1;
  script.set(reply);
  for (const door of doors) {
    if (refuses) script.addStruck(await door.shut());
    else await door.open();
  }
}

function readTls(tls: TlsSpec): SecureServerOptions {
  if (tls.certFile === undefined || tls.keyFile === undefined) {
    throw new Error('a sink with TLS needs certFile and keyFile');
  }
  return {
    cert: readFileSync(tls.certFile),
    key: readFileSync(tls.keyFile),
    ...(tls.caFile === undefined ? {} : { ca: readFileSync(tls.caFile), requestCert: true }),
  };
}

function post(message: FromSink, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

function fail(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? { code: String(error.code) } : {};
  post({ kind: 'failed', message: error instanceof Error ? error.message : String(error), ...code });
}

serve(workerData as SinkThreadStart).catch(fail);
