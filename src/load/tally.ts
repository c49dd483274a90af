import { addAckMs, emptyAckBuckets } from '../base/ack-bounds.ts';
import { nowNs } from '../base/clock.ts';
import { requestClass } from '../observe/evidence.ts';
import { lateTickNs } from './admission.ts';
import type { GeneratorHealth, LoadCounts } from './messages.ts';
import type { RequestRecord } from './records.ts';

/** Running sums of one worker. */
export class Tally {
  readonly #counts: LoadCounts = {
    due: 0,
    missed: 0,
    offered: 0,
    acknowledged: 0,
    rejected: 0,
    refused: 0,
    unknown: 0,
    ackMsP95: Number.NaN,
  };
  #latenciesMs: number[] = [];
  readonly #ackMsBuckets = emptyAckBuckets();
  #lateTicks = 0;
  #ticks = 0;
  #cpuFrom = process.threadCpuUsage();
  #wallFromNs = nowNs();

  due(items: number): void {
    this.#counts.due += items;
  }

  offered(items: number): void {
    this.#counts.offered += items;
  }

  /** A wake-up with something due; `lateNs` after the earliest of it. */
  tick(lateNs: number): void {
    this.#ticks++;
    if (lateNs > lateTickNs) this.#lateTicks++;
  }

  /** The clock of the CPU ratio starts at t = 0. */
  startCpu(): void {
    this.#cpuFrom = process.threadCpuUsage();
    this.#wallFromNs = nowNs();
  }

  ended(record: RequestRecord): void {
    const counts = this.#counts;
    switch (record.class) {
      case requestClass.acknowledged: {
        const rejected = Math.min(record.rejected, record.count);
        counts.acknowledged += record.count - rejected;
        counts.rejected += rejected;
        this.#took((record.finalNs - record.dueNs) / 1e6);
        return;
      }
      case requestClass.refused:
        counts.refused += record.count;
        break;
      case requestClass.unknown:
        counts.unknown += record.count;
        break;
      default:
        counts.missed += record.count;
    }
    this.#took(Number.POSITIVE_INFINITY);
  }

  #took(latencyMs: number): void {
    this.#latenciesMs.push(latencyMs);
    addAckMs(this.#ackMsBuckets, latencyMs);
  }

  counts(): LoadCounts {
    return { ...this.#counts, ackMsBuckets: [...this.#ackMsBuckets] };
  }

  /** Latencies from due since the last call, ms; +Infinity for what was not acknowledged. */
  takeLatenciesMs(): Float64Array {
    const taken = Float64Array.from(this.#latenciesMs);
    this.#latenciesMs = [];
    return taken;
  }

  health(): GeneratorHealth {
    const used = process.threadCpuUsage(this.#cpuFrom);
    const wallUs = (nowNs() - this.#wallFromNs) / 1000;
    return {
      lateTicks: this.#lateTicks,
      ticks: this.#ticks,
      cpuRatio: wallUs > 0 ? (used.user + used.system) / wallUs : 0,
    };
  }
}
