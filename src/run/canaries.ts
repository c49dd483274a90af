import { SquallError } from '../base/errors.ts';
import type { Protocol, Signal } from '../base/signal.ts';
import { sendCanary } from '../load/canary.ts';
import type { Sink } from '../observe/sink.ts';
import { need, type Session } from './session.ts';

const tries = 3;
/** Longer than any usual batch timeout plus one exporter retry. */
const arrivalTimeoutMs = 10_000;

/**
 * Sends one canary per signal and protocol of the plan through the target and waits for it at the sink: proof, before
 * any load, that the way is open and that ids and times survive it. Silence is an error that names the hop.
 */
export async function sendCanaries(session: Session): Promise<void> {
  const ways = new Map<string, { signal: Signal; protocol: Protocol }>();
  for (const { spec } of session.plan.entries) {
    const { signal, protocol } = spec;
    ways.set(`${signal} ${protocol}`, { signal, protocol });
  }
  let number = 0;
  for (const way of ways.values()) {
    await sendOne(session, way, () => number++);
  }
}

async function sendOne(
  session: Session,
  way: { signal: Signal; protocol: Protocol },
  nextNumber: () => number,
): Promise<void> {
  const { entry } = need(session, 'target');
  const member = entry[0];
  if (member === undefined) throw new Error('the target has no member that takes load');
  let last = 'no answer';
  for (let attempt = 0; attempt < tries; attempt++) {
    session.signal.throwIfAborted();
    const number = nextNumber();
    const sentNs = session.clock.nowNs();
    const outcome = await sendCanary({
      runId: session.plan.runId,
      epochNs: session.plan.epochNs,
      endpoint: { member: member.name, otlp: member.otlp },
      ...way,
      number,
      timeoutMs: 5000,
    });
    if (outcome.kind !== 'acknowledged') {
      last = outcome.kind;
      if ('message' in outcome && outcome.message) last += `: ${outcome.message}`;
      continue;
    }
    if (session.sink === undefined) return;
    const arrived = await awaitAtSink(session.sink, number);
    if (arrived !== undefined) {
      session.canaries.push({ ...way, sentNs, arrivedNs: arrived.arrivalNs, altered: arrived.altered });
      return;
    }
    last = 'acknowledged, not at the sink';
  }
  throw silence(session, way, last);
}

function awaitAtSink(sink: Sink, number: number) {
  return sink.awaitCanary(number, arrivalTimeoutMs);
}

function silence(session: Session, way: { signal: Signal; protocol: Protocol }, last: string): SquallError {
  const member = need(session, 'target').entry[0];
  const address = way.protocol === 'grpc' ? member?.otlp.grpc : member?.otlp.http;
  if (last.startsWith('acknowledged')) {
    return new SquallError({
      code: 'SQ-SINK-UNREACHABLE',
      what: `the ${way.signal} canary over ${way.protocol} was acknowledged by ${member?.name} and did not reach the sink`,
      where: `hop ${member?.name} -> sink ${session.sink?.grpc} (gRPC), ${session.sink?.http} (HTTP)`,
      expected: `arrival within ${arrivalTimeoutMs / 1000} s, ${tries} tries`,
      found: 'silence',
      next: 'squall sink --print-config shows what the pipeline must export; the member’s log is in evidence/logs',
    });
  }
  const code = /UNAUTHENTICATED|PERMISSION_DENIED|\b40[13]\b/.test(last)
    ? 'SQ-TARGET-AUTH'
    : /certificate|TLS|SSL|self.signed|wrong version number/i.test(last)
      ? 'SQ-TARGET-TLS'
      : 'SQ-TARGET-UNREACHABLE';
  return new SquallError({
    code,
    what: `the ${way.signal} canary over ${way.protocol} was not acknowledged`,
    where: `hop load -> ${member?.name} ${address ?? '(no address)'}`,
    expected: `an OK within 5 s, ${tries} tries`,
    found: last,
    next: 'squall doctor, then check the address, credentials and TLS settings of target.otlp',
  });
}
