import type { Clock } from '../base/clock.ts';
import { requestClass } from '../observe/evidence.ts';
import { firstSequence, type Pacer, streamOf } from '../plan/pace.ts';
import type { EntryPlan } from '../plan/types.ts';
import { Admission } from './admission.ts';
import { type BodySource, templatesMax } from './bodies.ts';
import type { Exporter, Outcome } from './exporter.ts';
import type { RequestRecord } from './records.ts';
import { createRetryPauses, type RetryPauses } from './retry.ts';
import type { Tally } from './tally.ts';

export interface FlowOptions {
  entry: EntryPlan;
  pacer: Pacer;
  /** Request k of the entry is this worker's when k mod workers = worker. */
  worker: number;
  workers: number;
  seed: number;
  /** This worker's share of maxInFlight. */
  bound: number;
  clock: Pick<Clock, 'nowNs'>;
  exporter: Exporter;
  bodies: BodySource;
  tally: Tally;
  record(record: RequestRecord): void;
}

interface Request {
  from: number;
  count: number;
  dueNs: number;
  timeNs: number;
  number: number; // of the whole entry, from 0
}

/** One load entry on one worker: what is due is started, queued or missed, and ends in exactly one class. */
export class Flow {
  readonly #options: FlowOptions;
  readonly #admission: Admission;
  readonly #closed: boolean;
  readonly #stream: number;
  readonly #queue: Request[] = [];
  readonly #pauses = new Set<() => void>();
  #t0Ns = 0;
  #next = 0; // this worker's own count of requests so far
  #stopped = false;
  #nextDueNs = Number.POSITIVE_INFINITY;

  constructor(options: FlowOptions) {
    this.#options = options;
    this.#admission = new Admission(options.bound);
    this.#closed = options.entry.pace.kind === 'closed';
    this.#stream = streamOf(options.entry, options.worker);
  }

  /** Encodes templates ahead: large ones take longer than requests are apart. */
  warmUp(): void {
    const { entry, bodies, pacer, worker, workers } = this.#options;
    const own = Math.max(0, Math.ceil((pacer.requests - worker) / workers));
    const prepare = (nth: number) => {
      const number = worker + nth * workers;
      bodies.prepare({ from: firstSequence(entry, number), count: pacer.count(number) });
    };
    if (own > 0) prepare(own - 1);
    for (let nth = 0; nth < Math.min(own, templatesMax - 1); nth++) prepare(nth);
  }

  go(t0Ns: number): void {
    this.#t0Ns = t0Ns;
    this.#nextDueNs = this.#dueOfNext();
  }

  /** From t = 0; Infinity: nothing further is due at a time of its own. */
  get nextDueNs(): number {
    return this.#closed ? Number.POSITIVE_INFINITY : this.#nextDueNs;
  }

  get finished(): boolean {
    return (
      this.#nextDueNs === Number.POSITIVE_INFINITY &&
      this.#admission.inFlight === 0 &&
      this.#queue.length === 0
    );
  }

  /** Handles everything due by now. Returns how late the earliest of it was, ns; undefined when nothing was due. */
  drain(): number | undefined {
    const nowNs = this.#nowNs();
    if (this.#nextDueNs > nowNs) return undefined;
    if (this.#closed) {
      this.#fill(nowNs);
      return undefined;
    }
    const lateNs = nowNs - this.#nextDueNs;
    while (this.#nextDueNs <= nowNs) this.#admit(this.#takeNext(this.#nextDueNs));
    return lateNs;
  }

  /** As stop(), but what was due until now is sent and tried again as usual. */
  end(): void {
    this.drain();
    this.#nextDueNs = Number.POSITIVE_INFINITY;
  }

  /** Nothing further is due; retries that wait are given up; attempts in flight end. */
  stop(): void {
    this.#stopped = true;
    this.#nextDueNs = Number.POSITIVE_INFINITY;
    for (const request of this.#queue.splice(0)) this.#miss(request, requestClass.missedByGenerator);
    for (const wake of [...this.#pauses]) wake();
  }

  #nowNs(): number {
    return this.#options.clock.nowNs() - this.#t0Ns;
  }

  #dueOfNext(): number {
    const { entry, pacer, worker, workers } = this.#options;
    const number = worker + this.#next * workers;
    if (this.#stopped || number >= pacer.requests) return Number.POSITIVE_INFINITY;
    return entry.startNs + pacer.dueNs(number);
  }

  #takeNext(dueNs: number): Request {
    const { entry, pacer, worker, workers, tally } = this.#options;
    const number = worker + this.#next * workers;
    const from = firstSequence(entry, number);
    const count = pacer.count(number);
    tally.due(count);
    this.#next++;
    this.#nextDueNs = this.#dueOfNext();
    // A closed entry's due times depend on the answers; its items' times do not, so that its bytes can be repeated.
    const timeNs = this.#closed ? entry.startNs + number : dueNs;
    return { from, count, dueNs, timeNs, number };
  }

  #admit(request: Request): void {
    switch (this.#admission.admit(request.dueNs, this.#nowNs())) {
      case 'start':
        void this.#run(request);
        return;
      case 'queue':
        this.#queue.push(request);
        return;
      case 'missed-by-target':
        this.#miss(request, requestClass.missedByTarget);
        return;
      case 'missed-by-generator':
        this.#miss(request, requestClass.missedByGenerator);
    }
  }

  /** Closed: a request is due when a slot is free; what is left when the time is over was held up by the target. */
  #fill(nowNs: number): void {
    const { pace, startNs } = this.#options.entry;
    const endNs = startNs + (pace.kind === 'closed' ? pace.maxDurationNs : 0);
    while (this.#nextDueNs !== Number.POSITIVE_INFINITY && nowNs >= endNs) {
      this.#miss(this.#takeNext(endNs), requestClass.missedByTarget);
    }
    while (this.#nextDueNs !== Number.POSITIVE_INFINITY && this.#admission.free) {
      const request = this.#takeNext(nowNs);
      this.#admission.take(nowNs, nowNs);
      void this.#run(request);
    }
  }

  #slotFreed(): void {
    const nowNs = this.#nowNs();
    this.#admission.release(nowNs);
    if (this.#closed) {
      this.drain();
      return;
    }
    while (this.#admission.free) {
      const request = this.#queue.shift();
      if (request === undefined) return;
      if (this.#admission.admitQueued(request.dueNs, nowNs) === 'start') void this.#run(request);
      else this.#miss(request, requestClass.missedByGenerator);
    }
  }

  #miss(request: Request, missed: 3 | 4): void {
    const never = { sendNs: Number.NaN, finalNs: Number.NaN, attempts: 0, status: -1, peer: -1 };
    this.#end(request, { ...never, class: missed, rejected: 0 });
  }

  /** All attempts of one request. Any success wins; else any attempt without a definite answer; else refused. */
  async #run(request: Request): Promise<void> {
    const { entry, bodies, exporter, clock, tally } = this.#options;
    tally.offered(request.count);
    const body = bodies.make(request);
    let pauses: RetryPauses | undefined;
    let sendNs = this.#nowNs();
    let attempts = 0;
    let indefinite = false;
    let status = -1;
    let peer = -1;
    for (;;) {
      attempts++;
      const outcome: Outcome = await exporter.send(body.bytes, clock.nowNs() + entry.spec.timeoutMs * 1e6);
      const finalNs = outcome.readNs === undefined ? this.#nowNs() : outcome.readNs - this.#t0Ns;
      if (attempts === 1 && outcome.leftNs !== undefined) sendNs = outcome.leftNs - this.#t0Ns;
      if (outcome.status >= 0) status = outcome.status;
      if (outcome.peer !== undefined) peer = outcome.peer;
      const attempted = { sendNs, finalNs, attempts, status, peer };
      if (outcome.kind === 'acknowledged' || outcome.kind === 'rejected') {
        // An earlier attempt's bytes may still be queued on a connection that hangs.
        if (attempts === 1) body.giveBack();
        const rejected = outcome.kind === 'rejected' ? outcome.items : 0;
        this.#end(request, { ...attempted, class: requestClass.acknowledged, rejected });
        break;
      }
      indefinite ||= outcome.kind === 'unknown';
      pauses ??= this.#pausesOf(request);
      const pauseMs = this.#stopped ? undefined : pauses.next(outcome, (finalNs - sendNs) / 1e6);
      if (pauseMs === undefined || !(await this.#pause(pauseMs))) {
        const ended = indefinite ? requestClass.unknown : requestClass.refused;
        this.#end(request, { ...attempted, class: ended, rejected: 0 });
        break;
      }
    }
    this.#slotFreed();
  }

  #pausesOf(request: Request): RetryPauses {
    const { entry, seed } = this.#options;
    return createRetryPauses(entry.spec.retry, { seed, name: `${entry.spec.name}/${request.number}` });
  }

  /** False when stopped meanwhile. */
  async #pause(ms: number): Promise<boolean> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#pauses.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#pauses.add(wake);
    });
    return !this.#stopped;
  }

  #end(request: Request, how: Omit<RequestRecord, 'stream' | 'from' | 'count' | 'dueNs'>): void {
    const { from, count, dueNs } = request;
    const record = { stream: this.#stream, from, count, dueNs, ...how };
    this.#options.tally.ended(record);
    this.#options.record(record);
  }
}
