import { createServer, type Socket } from 'node:net';
import { systemClock, wallMinusMonotonicNs } from '../base/clock.ts';
import { createFrameReader, encodeFrame } from './frames.ts';
import { type Answer, type Ask, controlPort, type FromPod, type ToPod } from './messages.ts';
import { createTail, type Tail } from './tail.ts';

/** What a pod does, as its control sees it. */
export interface Program {
  /** Begins its work; told again by a runner that came back, it does nothing. */
  start(message: ToPod): Promise<void>;
  answer(ask: Ask): Promise<Answer>;
  /** What a runner that comes back has to hear again. */
  state(): FromPod[];
  /** Why its evidence is not complete; undefined: it is. */
  failure(): string | undefined;
  /** Resolves when nothing is written any more. */
  stop(): Promise<void>;
}

export type Say = (message: FromPod, body?: Uint8Array) => void;

const pumpEveryMs = 200;
/** A runner that is silent for so long is gone: nobody would read the evidence, and load must not go on unwatched. */
const silenceMs = 60_000;

/**
 * Hears the runner until it says goodbye, is gone, or the pod is told to end; then ends the process. `dir`: the folder
 * whose files are sent as they grow.
 */
export async function serveControl(
  create: (say: Say, wallNs: { atBoot: bigint }) => Program,
  { dir }: { dir: string },
): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(1));
  const atBoot = wallMinusMonotonicNs();
  const tail = createTail(dir);
  let runner: Socket | undefined;
  /** What the runner on this connection has, until the next look at the files. */
  let attached: { socket: Socket; have: Record<string, number> } | undefined;
  let heardNs = systemClock.nowNs();
  let stopping: Promise<void> | undefined;
  let stopped = false;
  const say: Say = (message, body) => void runner?.write(encodeFrame(message, body));
  const program = create(say, { atBoot });
  const fail = (error: unknown) => say(failureOf(error));
  const obey = async (message: ToPod, socket: Socket) => {
    switch (message.kind) {
      case 'attach':
        attached = { socket, have: message.have };
        for (const one of program.state()) say(one);
        return;
      case 'ask':
        // Not awaited: some wait for what other messages bring about.
        void answerTo(message.ask, { program, atBoot })
          .then((answer) => say({ kind: 'answer', id: message.id, answer }))
          .catch(fail);
        return;
      case 'stop':
        stopping ??= program.stop().then(() => {
          stopped = true;
        });
        return stopping;
      case 'bye':
        return process.exit(0);
      default:
        await program.start(message);
    }
  };
  const server = createServer((socket) => {
    runner?.destroy(); // the runner has come back; what is left of its last connection says nothing
    runner = socket;
    heardNs = systemClock.nowNs();
    let queue: Promise<void> = Promise.resolve();
    const read = createFrameReader((message) => {
      heardNs = systemClock.nowNs();
      // The only sender is squall's runner, of the image's own version.
      queue = queue.then(() => obey(message as ToPod, socket)).catch(fail);
    });
    socket.on('data', read).on('error', () => socket.destroy());
    socket.on('close', () => {
      if (runner === socket) runner = undefined;
    });
  });
  server.listen(controlPort, '127.0.0.1');
  await keepSending({
    tail,
    program,
    say,
    fail,
    current: (socket) => socket === runner,
    takeAttached() {
      const taken = attached;
      attached = undefined;
      return taken;
    },
    isWhole: () => stopped,
    heardNs: () => heardNs,
  });
}

interface Sending {
  tail: Tail;
  program: Program;
  say: Say;
  fail(error: unknown): void;
  /** Whether the runner is still at the other end of it. */
  current(socket: Socket): boolean;
  takeAttached(): { socket: Socket; have: Record<string, number> } | undefined;
  isWhole(): boolean;
  heardNs(): number;
}

/** Sends what the files have grown by, and ends the process when the runner is gone. */
async function keepSending(options: Sending): Promise<never> {
  const { tail, program, say, fail } = options;
  let sending: { socket: Socket; toldAll: boolean } | undefined;
  for (;;) {
    await systemClock.sleep(pumpEveryMs);
    if (systemClock.nowNs() - options.heardNs() > silenceMs * 1e6) process.exit(1);
    const attached = options.takeAttached();
    if (attached !== undefined) {
      tail.rewind(attached.have);
      sending = { socket: attached.socket, toldAll: false };
    }
    if (sending === undefined || !options.current(sending.socket)) continue;
    const { socket } = sending;
    const whole = options.isWhole(); // before the last look at the files
    await tail.pump((piece, bytes) => sendPiece(socket, piece, bytes)).catch(fail);
    const failure = program.failure();
    if (failure !== undefined) say({ kind: 'failed', message: failure });
    say({ kind: 'tick' });
    if (!whole || sending.toldAll) continue;
    sending.toldAll = true;
    say({ kind: 'done', files: await tail.sums() });
  }
}

async function answerTo(
  ask: Ask,
  { program, atBoot }: { program: Program; atBoot: bigint },
): Promise<Answer> {
  if (ask.what === 'clock') return { wallNs: String(atBoot + BigInt(systemClock.nowNs())) };
  return program.answer(ask);
}

function failureOf(error: unknown): FromPod {
  const code = error instanceof Error && 'code' in error ? { code: String(error.code) } : {};
  return { kind: 'failed', message: error instanceof Error ? error.message : String(error), ...code };
}

/** Resolves when there is room for more, or nobody takes it. */
async function sendPiece(
  socket: Socket,
  piece: { file: string; at: number },
  bytes: Uint8Array,
): Promise<void> {
  if (socket.destroyed || socket.write(encodeFrame({ kind: 'evidence', ...piece }, bytes))) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}
