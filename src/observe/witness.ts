import type { Clock } from '../base/clock.ts';
import { runKeys } from '../otlp/item-id.ts';
import type { EntryPlan, Plan } from '../plan/types.ts';
import { createSequenceSet, type SequenceSet } from './delivered.ts';
import { type OfferedTrace, spansIn, tracesOf, tracesPath } from './jaeger.ts';
import { wasOffered } from './ledger-stream.ts';
import type { Columns } from './ledger-types.ts';

/** What it has lies in evidence/witness-BACKEND.bin, as arrivals without a time. */
export interface WitnessRecord {
  backend: string;
  api: string;
  /** Why it is not known what it has; then there is no file. */
  reason?: string;
}

export interface WitnessAnswer {
  /** Records of arrivalFields, one after the other: each span that was found counts once, its time is not known. */
  arrivals: Float64Array;
  /** Why it is not known which spans are there. */
  reason?: string;
}

/** Traces per question: a URL of 20 kB, an answer of 2 MB. */
const tracesPerQuestion = 500;
/** A question more than this would take minutes of both machines. */
const spansMax = 2_000_000;
const againEveryMs = 1000;
/** What was answered lies in queues of the backend's own for a moment: so many looks in a row that find no more. */
const quietLooks = 3;
const looksMax = 60;

interface Offered {
  entry: EntryPlan;
  stream: number;
  from: number;
  count: number;
}

/**
 * Asks the query API of a backend for every trace of the run that was offered, until it has all of their spans or no
 * more come. Never rejects.
 */
export async function askWitness(options: {
  plan: Plan;
  requests: readonly Columns[];
  ask(path: string): Promise<unknown>;
  clock: Clock;
  signal: AbortSignal;
}): Promise<WitnessAnswer> {
  const { plan, clock, signal } = options;
  const offered = offeredSpans(plan, options.requests);
  const none = (reason: string) => ({ arrivals: new Float64Array(), reason });
  const spans = offered.reduce((sum, { count }) => sum + count, 0);
  if (spans === 0) return none('no span was offered');
  if (spans > spansMax)
    return none(`${spans} spans were offered, more than the ${spansMax} that are asked for`);
  const keys = runKeys(plan.runId);
  let open = offered.flatMap(({ entry, ...one }) => tracesOf(keys, { ...one, batch: entry.spec.batch }));
  const found = new Map<number, SequenceSet>();
  let quiet = 0;
  let failure: string | undefined;
  for (let look = 0; look < looksMax && open.length > 0 && quiet < quietLooks; look++) {
    if (signal.aborted) return none('the run was interrupted');
    if (look > 0) await clock.sleep(againEveryMs, signal).catch(() => undefined); // aborted: seen at the next turn
    try {
      const before = open;
      open = await askOnce({ ...options, keys, open, found });
      quiet = failure === undefined && spansOf(open) === spansOf(before) ? quiet + 1 : 0;
      failure = undefined;
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
      quiet = 0;
    }
  }
  return failure === undefined ? { arrivals: arrivalsOf(offered, found) } : none(failure);
}

/** The traces that are not all there yet, each with the spans that it lacks. */
async function askOnce(options: {
  keys: ReturnType<typeof runKeys>;
  open: readonly OfferedTrace[];
  found: Map<number, SequenceSet>;
  ask(path: string): Promise<unknown>;
}): Promise<OfferedTrace[]> {
  const { keys, found } = options;
  const open: OfferedTrace[] = [];
  for (let at = 0; at < options.open.length; at += tracesPerQuestion) {
    const group = options.open.slice(at, at + tracesPerQuestion);
    const lacking = new Map(group.map((trace) => [trace.id, trace.spans]));
    for (const { stream, sequence, traceId } of spansIn(keys, await options.ask(tracesPath(group)))) {
      const known = found.get(stream) ?? createSequenceSet();
      found.set(stream, known);
      const isNew = known.countIn(sequence, 1) === 0;
      known.add(sequence, 1);
      if (isNew) lacking.set(traceId, (lacking.get(traceId) ?? 0) - 1);
    }
    for (const trace of group) {
      const spans = lacking.get(trace.id) ?? 0;
      if (spans > 0) open.push({ ...trace, spans });
    }
  }
  return open;
}

function spansOf(traces: readonly OfferedTrace[]): number {
  return traces.reduce((sum, { spans }) => sum + spans, 0);
}

/** What requests of spans offered, answered or not. */
function offeredSpans(plan: Plan, requests: readonly Columns[]): Offered[] {
  const entries = new Map(
    plan.entries
      .filter(({ spec }) => spec.signal === 'traces')
      .flatMap((entry) => entry.streams.map((stream) => [stream, entry] as const)),
  );
  return requests.flatMap((table) => {
    const [streams, froms, counts, classes] = ['stream', 'from', 'count', 'class'].map((name) =>
      table.column(name),
    );
    return Array.from({ length: table.count }, (_, row): Offered[] => {
      const stream = streams?.[row] ?? 0;
      const entry = entries.get(stream);
      if (entry === undefined || !wasOffered(classes?.[row] ?? 0)) return [];
      return [{ entry, stream, from: froms?.[row] ?? 0, count: counts?.[row] ?? 0 }];
    }).flat();
  });
}

function arrivalsOf(offered: readonly Offered[], found: ReadonlyMap<number, SequenceSet>): Float64Array {
  const cells: number[] = [];
  for (const { stream, from, count } of offered) {
    const put = (at: number, end: number) => {
      if (end > at) cells.push(stream, at, end - at, Number.NaN, 1, 0);
    };
    let at = from;
    const there = found.get(stream) ?? createSequenceSet();
    there.gaps(from, count, (gap, length) => {
      put(at, gap);
      at = gap + length;
    });
    put(at, from + count);
  }
  return Float64Array.from(cells);
}
