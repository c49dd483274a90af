import type { RunKeys } from '../otlp/item-id.ts';
import { createTemplate, type Template, type TemplateOptions, templateKey } from '../otlp/template.ts';
import type { EntryPlan, Plan } from '../plan/types.ts';

/** A request's bytes, on loan: `giveBack` only after the server has answered them with a success. */
export interface Body {
  bytes: Buffer;
  giveBack(): void;
}

export interface BodySource {
  /** Encodes the template of such a request, so that it is there when the request is due. */
  prepare(request: { from: number; count: number }): void;
  /** The body whose first item is sequence `from`; the time of spans and records is the plan's epoch plus `timeNs`. */
  make(request: { from: number; count: number; timeNs: number }): Body;
}

/** Metrics whose batch and series count share no factor need many templates: beyond this they are made anew. */
export const templatesMax = 256;

interface Kept {
  template: Template;
  idle: Buffer[];
}

/** Makes the bodies of one entry on one worker: a pure function of plan, stream and sequence. */
export function createBodies(
  plan: Plan,
  entry: EntryPlan,
  owner: { stream: number; keys: RunKeys },
): BodySource {
  const { spec } = entry;
  const epochNs = BigInt(plan.epochNs);
  const options: TemplateOptions = {
    signal: spec.signal,
    protocol: spec.protocol,
    batch: spec.batch,
    ...owner,
    shape: { runId: plan.runId, ...spec.shape, resource: spec.resource },
    baseNs: epochNs + BigInt(entry.startNs),
    roundNs: entry.roundNs,
  };
  const kept = new Map<number, Kept>();
  const keptFor = (range: { from: number; count: number }): Kept => {
    const key = templateKey(options, range);
    const found = kept.get(key);
    if (found !== undefined) return found;
    if (kept.size >= templatesMax) kept.clear();
    const made: Kept = { template: createTemplate(options, range), idle: [] };
    kept.set(key, made);
    return made;
  };
  return {
    prepare: (request) => void keptFor(request),
    make(request) {
      const { template, idle } = keptFor(request);
      const bytes = idle.pop() ?? template.copy();
      template.patch(bytes, request.from, epochNs + BigInt(request.timeNs));
      return { bytes, giveBack: () => void idle.push(bytes) };
    },
  };
}
