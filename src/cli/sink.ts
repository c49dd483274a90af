import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { SquallError } from '../base/errors.ts';
import { type Sink, startSink } from '../observe/sink.ts';
import { sinkConfig } from '../observe/sink-config.ts';
import { compilePlan } from '../plan/compile.ts';
import type { SinkSpec, TargetSpec } from '../scenario/types.ts';
import { type Console, defaultOtlp, type GlobalFlags } from './console.ts';
import { readScenario } from './read-scenario.ts';
import { withClusterSink } from './sink-cluster.ts';

const everyMs = 10_000;

/**
 * `squall sink [SCENARIO] --run-id ID`: the sink alone, until Ctrl-C; what arrives is counted against that run's plan.
 * `--print-config` prints what a collector needs to export to it (at the address that --target or the scenario gives),
 * and nothing is started. `--kubernetes -n NAMESPACE` puts it there as an ordinary pod. Ends with 2 if what it recorded
 * is not complete.
 */
export async function sinkCommand(console: Console, flags: GlobalFlags, args: string[]): Promise<number> {
  if (flags.printConfig === true) {
    console.print(sinkConfig(flags.grpc ?? (await advertisedBy(flags, args[0])) ?? defaultOtlp.grpc));
    return 0;
  }
  const { scenario, runId, seed } = await readScenario(flags, args[0]);
  const epochNs = String(BigInt(systemClock.wallMs()) * 1_000_000n);
  const plan = compilePlan(scenario, { runId, seed, epochNs, workers: 1 });
  // The run itself may be under way in the folder of its id.
  const dir = resolve(flags.out ?? `reports/${runId}-sink`, 'evidence');
  mkdirSync(dir, { recursive: true });
  const threads = threadsOf(flags.threads ?? '1');
  if (plan.entries.some(({ spec }) => spec.signal === 'metrics'))
    console.say('metric points are known by the times of their run: a sink alone counts them as foreign');
  const common = { plan, durable: flags.durable === true, threads };
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  if (flags.kubernetes === true) {
    const task = { ...common, capture: false, secrets: [] };
    return withClusterSink(flags, { task, evidenceDir: dir }, (sink) => follow(console, sink, stop.signal));
  }
  const sink = await startSink({
    ...common,
    ...listens(flags, scenario.target),
    arrivalsFile: join(dir, 'arrivals.bin'),
  });
  return follow(console, sink, stop.signal);
}

/** Until Ctrl-C, or until it can keep nothing any more; then stops it and says what came in all. Gives the exit code. */
async function follow(console: Console, sink: Sink, signal: AbortSignal): Promise<number> {
  sink.go(systemClock.nowNs());
  console.say(`OTLP/gRPC on ${sink.grpc}, OTLP/HTTP on ${sink.http}; Ctrl-C ends`);
  while (!signal.aborted && sink.failure() === undefined) {
    await systemClock.sleep(everyMs, signal).catch(() => undefined); // Ctrl-C ends the sleep
    if (!signal.aborted) console.say(JSON.stringify(sink.progress()));
  }
  const earlier = sink.failure();
  const atEnd = await sink.stop().then(
    () => sink.failure(),
    (error: Error) => error.message,
  );
  const failure = earlier ?? atEnd;
  if (failure !== undefined) console.say(`what it recorded is not complete: ${failure}`);
  console.say(JSON.stringify(sink.progress()));
  return failure === undefined ? 0 : 2;
}

/** The flags' addresses, or those of the target that they name, or OTLP's own. */
function listens(
  flags: GlobalFlags,
  { sink }: TargetSpec,
): { grpc: string; http: string } & Pick<SinkSpec, 'tls'> {
  const own = sink === 'none' ? undefined : sink;
  return {
    grpc: flags.grpc ?? fixed(own?.grpc) ?? defaultOtlp.grpc,
    http: flags.http ?? fixed(own?.http) ?? defaultOtlp.http,
    ...(own?.tls === undefined ? {} : { tls: own.tls }),
  };
}

/** The address, unless it is one where any port will do. */
function fixed(address: string | undefined): string | undefined {
  return address?.endsWith(':0') === true ? undefined : address;
}

const threadsMax = 64;

function threadsOf(text: string): number {
  const threads = Number(text);
  if (Number.isInteger(threads) && threads >= 1 && threads <= threadsMax) return threads;
  throw new SquallError({
    code: 'SQ-USAGE',
    what: 'the sink cannot have that many threads',
    where: '--threads',
    expected: `a whole number from 1 to ${threadsMax}`,
    found: JSON.stringify(text),
    next: 'squall sink --threads 2',
  });
}

/** Where the target of these flags has its sink; undefined without one, or where any port will do. */
async function advertisedBy(flags: GlobalFlags, path: string | undefined): Promise<string | undefined> {
  if (flags.target === undefined && path === undefined) return undefined;
  const { target } = (await readScenario(flags, path)).scenario;
  const { sink } = target;
  if (sink === 'none') return undefined;
  if (sink.cluster !== undefined && target.kind === 'kubernetes')
    return `${sink.cluster.service}.${target.namespaces[0]}.svc:4317`;
  const { advertise } = sink;
  return advertise === undefined ? fixed(sink.grpc) : fixed(sink.grpc)?.replace(/^.*(?=:)/, () => advertise);
}
