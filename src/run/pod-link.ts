import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { createFrameReader, encodeFrame } from '../pod/frames.ts';
import { type Answer, type Ask, type FromPod, format, type ToPod } from '../pod/messages.ts';
import type { Inbox } from './evidence-inbox.ts';

export interface PodLinkOptions {
  /** As people know the pod. */
  name: string;
  open(): Promise<Duplex>;
  /** Why the pod will never answer again, or undefined; may reject. */
  ended(): Promise<string | undefined>;
  /** Its work, told on every connection. */
  task: ToPod;
  inbox: Inbox;
  clock: Clock;
  /** Whatever the link does not handle itself. */
  onMessage?(message: FromPod, body: Uint8Array): void;
  onEvidence?(file: string, bytes: Uint8Array): void;
  onFailure?(reason: string): void;
}

const retryMs = 300;
/** An API server that restarts may be away so long; the pod waits longer for its runner. */
const lostMs = 45_000;
/** Far below what the pod takes for silence. */
const wordEveryMs = 5_000;

/** The runner's end of a pod's control: orders out, evidence in, over as many connections as it takes. */
export class PodLink {
  readonly #options: PodLinkOptions;
  readonly #ready = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<void>();
  readonly #asks = new Map<number, { ask: Ask; answer: PromiseWithResolvers<Answer> }>();
  #stream: Duplex | undefined;
  #nextAsk = 0;
  #failure: string | undefined;
  #upToNs = Number.NEGATIVE_INFINITY;
  #stopping = false;
  readonly #closed = new AbortController();

  constructor(options: PodLinkOptions) {
    this.#options = options;
    this.#ready.promise.catch(() => undefined); // awaited by who starts the pod
    this.#done.promise.catch(() => undefined); // awaited in finish(); until then failure() tells
    void this.#keepConnected();
    void this.#keepTalking();
  }

  /** Resolves when the program listens or is connected; rejects when it failed or cannot be reached. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Asked again after a broken connection. Rejects when the pod is lost. */
  ask(ask: Ask): Promise<Answer> {
    if (this.#closed.signal.aborted) return Promise.reject(new Error(this.#failure ?? 'the pod is closed'));
    const id = this.#nextAsk++;
    const answer = Promise.withResolvers<Answer>();
    this.#asks.set(id, { ask, answer });
    this.#send({ kind: 'ask', id, ask });
    return answer.promise;
  }

  /** Why the evidence is not complete; undefined: it is so far. */
  failure(): string | undefined {
    return this.#failure;
  }

  /** All evidence of before is here: monotonic ns. */
  upToNs(): number {
    return this.#upToNs;
  }

  /** Resolves when the program has ended and all of its evidence is here and proven whole. */
  get whole(): Promise<void> {
    return this.#done.promise;
  }

  /** Ends the program's work; resolves when all of its evidence is here and proven whole. */
  async finish(): Promise<void> {
    if (this.#stopping) return this.#done.promise;
    this.#stopping = true;
    this.#send({ kind: 'stop' });
    await this.#done.promise;
    this.#send({ kind: 'bye' });
    this.#closed.abort(); // its end is no loss
  }

  close(): void {
    this.#closed.abort();
    this.#stream?.end();
    this.#stream?.destroy();
    for (const { answer } of this.#asks.values()) answer.reject(new Error('the pod was closed'));
    this.#asks.clear();
  }

  #send(message: ToPod): void {
    this.#stream?.write(encodeFrame(message));
  }

  async #keepConnected(): Promise<void> {
    const { clock, open, ended } = this.#options;
    let seenNs = clock.nowNs();
    while (!this.#closed.signal.aborted) {
      try {
        await this.#talk(await open(), () => {
          seenNs = clock.nowNs();
        });
      } catch (error) {
        const end = await ended().catch(() => undefined); // the API server is away
        const late = clock.nowNs() - seenNs > lostMs * 1e6;
        const reason = error instanceof Error ? error.message : String(error);
        if (end !== undefined || late) return this.#lose(end ?? `it cannot be reached: ${reason}`);
      }
      await clock.sleep(retryMs, this.#closed.signal).catch(() => undefined); // closed: the loop ends
    }
  }

  /** One connection, until it ends. Rejects when it ended without a word. */
  async #talk(stream: Duplex, onWord: () => void): Promise<void> {
    let heard = false;
    const ended = Promise.withResolvers<void>();
    stream.on('close', ended.resolve).on('error', () => stream.destroy());
    const read = createFrameReader((message, body) => {
      heard = true;
      onWord();
      // Whoever answers at a pod's own port is the program of squall's image.
      this.#hear(message as FromPod, body);
    });
    stream.on('data', (bytes: Uint8Array) => {
      try {
        read(bytes);
      } catch (error) {
        this.#fail(error instanceof Error ? error.message : String(error));
        stream.destroy();
      }
    });
    this.#stream = stream;
    this.#send({ kind: 'attach', have: this.#options.inbox.have() });
    this.#send(this.#options.task);
    for (const [id, { ask }] of this.#asks) this.#send({ kind: 'ask', id, ask });
    if (this.#stopping) this.#send({ kind: 'stop' });
    await ended.promise;
    this.#stream = undefined;
    if (!heard) throw new Error('it does not answer');
  }

  async #keepTalking(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closed;
    while (!signal.aborted) {
      await clock.sleep(wordEveryMs, signal).catch(() => undefined); // closed: the loop ends
      if (!signal.aborted) await this.ask({ what: 'clock' }).catch(() => undefined); // lost: said by failure()
    }
  }

  #hear(message: FromPod, body: Uint8Array): void {
    const { inbox, onEvidence, onMessage, clock } = this.#options;
    switch (message.kind) {
      case 'ready':
        if (message.format === format) this.#ready.resolve();
        else this.#fail(`its image is of another version of squall (${message.format}, here ${format})`);
        return;
      case 'failed':
        this.#fail(message.message, message.code);
        return;
      case 'answer':
        this.#asks.get(message.id)?.answer.resolve(message.answer);
        this.#asks.delete(message.id);
        return;
      case 'evidence':
        inbox.take(message, body);
        onEvidence?.(message.file, body);
        return;
      case 'tick':
        this.#upToNs = clock.nowNs();
        return;
      case 'done':
        void inbox.difference(message.files).then((difference) => {
          if (difference === undefined) this.#done.resolve();
          else this.#fail(difference);
        });
        return;
      default:
        onMessage?.(message, body);
    }
  }

  #fail(reason: string, code?: string): void {
    this.#failure ??= reason;
    const error = Object.assign(
      new Error(`${this.#options.name}: ${reason}`),
      code === undefined ? {} : { code },
    );
    this.#ready.reject(error);
    this.#done.reject(error);
    this.#options.onFailure?.(reason);
  }

  #lose(reason: string): void {
    this.#fail(reason);
    this.close();
  }
}
