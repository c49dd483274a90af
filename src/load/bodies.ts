import type { RunKeys } from '../otlp/item-id.ts';
import { createTemplate, type Template } from '../otlp/template.ts';
import type { EntryPlan, Plan } from '../plan/types.ts';

/** A request's bytes, on loan: `giveBack` only after the server has answered them with a success. */
export interface Body {
  bytes: Buffer;
  giveBack(): void;
}

/** Makes the bodies of one entry on one worker: a pure function of plan, stream and sequence. */
export class Bodies {
  readonly #entry: EntryPlan;
  readonly #options: Parameters<typeof createTemplate>[0];
  readonly #epochNs: bigint;
  readonly #kept = new Map<number, { template: Template; idle: Buffer[] }>();

  constructor(plan: Plan, entry: EntryPlan, worker: { stream: number; keys: RunKeys }) {
    const { spec } = entry;
    this.#entry = entry;
    this.#epochNs = BigInt(plan.epochNs);
    this.#options = {
      signal: spec.signal,
      protocol: spec.protocol,
      batch: spec.batch,
      stream: worker.stream,
      keys: worker.keys,
      shape: { runId: plan.runId, ...spec.shape, resource: spec.resource },
    };
  }

  /** The body whose first item is sequence `from`; item times are the plan's epoch plus `timeNs`. */
  make(request: { from: number; count: number; timeNs: number }): Body {
    const kept = this.#templateFor(request.count);
    const bytes = kept.idle.pop() ?? kept.template.copy();
    kept.template.patch(bytes, request.from, this.#epochNs + BigInt(request.timeNs));
    return { bytes, giveBack: () => void kept.idle.push(bytes) };
  }

  #templateFor(count: number): { template: Template; idle: Buffer[] } {
    const found = this.#kept.get(count);
    if (found !== undefined) return found;
    const made = { template: createTemplate(this.#options, count), idle: [] };
    this.#kept.set(count, made);
    return made;
  }

  get batch(): number {
    return this.#entry.spec.batch;
  }
}
