import { type ErrorCode, SquallError } from '../base/errors.ts';
import type { Protocol, Signal } from '../base/signal.ts';
import { sendCanary } from '../load/canary.ts';
import type { Sink } from '../observe/sink.ts';
import { need, type Session } from './session.ts';
import { speaksTls } from './tls-probe.ts';

const tries = 3;
/**
 * Collectors that ran before the sink was there look for it again at ever longer intervals, gRPC's at most 2 minutes.
 */
const triesWhenAlreadyUp = 15;
/** A member that gives up closes its ports first; its end follows within moments. */
const endTimeoutMs = 2000;
/** Longer than any usual batch timeout plus one exporter retry. */
const arrivalTimeoutMs = 10_000;

interface Way {
  signal: Signal;
  protocol: Protocol;
}

/**
 * Sends one canary per signal and protocol of the plan through the target and waits for it at the sink: proof, before
 * any load, that the way is open and that ids and times survive it. Silence is an error that names the hop.
 */
export async function sendCanaries(session: Session): Promise<void> {
  const ways = new Map<string, Way>();
  for (const { spec } of session.plan.entries) {
    const { signal, protocol } = spec;
    ways.set(`${signal} ${protocol}`, { signal, protocol });
  }
  let number = 0;
  for (const way of ways.values()) {
    await sendOne(session, way, () => number++);
  }
}

async function sendOne(session: Session, way: Way, nextNumber: () => number): Promise<void> {
  let last = 'no answer';
  for (let attempt = 0; attempt < triesOf(session); attempt++) {
    session.signal.throwIfAborted();
    const sentNs = session.clock.nowNs();
    const numbers = Array.from({ length: canariesFor(session, way.signal) }, nextNumber);
    const send = session.load?.remote?.sendCanary ?? sendCanary;
    const outcomes = await Promise.all(numbers.map((number) => send(canaryOptions(session, way, number))));
    const refused = outcomes.find((outcome) => outcome.kind !== 'acknowledged');
    if (refused !== undefined) {
      last = refused.kind;
      if ('message' in refused && refused.message) last += `: ${refused.message}`;
      continue;
    }
    const { sink } = session;
    if (sink === undefined) return;
    const arrived = await firstArrived(sink, numbers);
    if (arrived !== undefined) {
      session.canaries.push({ ...way, sentNs, arrivedNs: arrived.arrivalNs, altered: arrived.altered });
      return;
    }
    last = 'acknowledged, not at the sink';
  }
  throw (await endedMember(session)) ?? (await silence(session, way, last));
}

function triesOf({ scenario }: Session): number {
  return scenario.target.kind === 'kubernetes' ? triesWhenAlreadyUp : tries;
}

/**
 * One, unless the scenario says that the pipeline keeps only a share r on purpose: then ceil(12 / r), of which none
 * arrives with a chance below (1 - r)^(12 / r) < e^-12.
 */
function canariesFor(session: Session, signal: Signal): number {
  const ratio = session.scenario.expect?.delivered[signal]?.ratio ?? 1;
  return ratio >= 1 ? 1 : Math.min(1000, Math.ceil(12 / Math.max(ratio, 0.001)));
}

function canaryOptions(session: Session, way: Way, number: number): Parameters<typeof sendCanary>[0] {
  const member = need(session, 'target').entry[0];
  if (member === undefined) throw new Error('the target has no member that takes load');
  const { runId, epochNs } = session.plan;
  return {
    runId,
    epochNs,
    endpoint: { member: member.name, otlp: member.otlp },
    ...way,
    number,
    timeoutMs: 5000,
  };
}

type Arrived = Awaited<ReturnType<Sink['awaitCanary']>>;

async function firstArrived(sink: Sink, numbers: number[]): Promise<Arrived> {
  const waits = numbers.map(async (number) => {
    const arrived = await sink.awaitCanary(number, arrivalTimeoutMs);
    if (arrived === undefined) throw new Error('silence');
    return arrived;
  });
  return Promise.any(waits).catch(() => undefined); // every one of them was silent
}

/** A member that is no more explains any silence, and better. */
async function endedMember(session: Session): Promise<SquallError | undefined> {
  const { members } = need(session, 'target');
  const reasons = await Promise.all(members.map(({ process }) => process?.whyEnded?.(endTimeoutMs)));
  return reasons.find((reason) => reason !== undefined);
}

async function silence(session: Session, way: Way, last: string): Promise<SquallError> {
  const member = need(session, 'target').entry[0];
  const address = way.protocol === 'grpc' ? member?.otlp.grpc : member?.otlp.http;
  if (last.startsWith('acknowledged')) {
    return new SquallError({
      code: 'SQ-SINK-UNREACHABLE',
      what: `the ${way.signal} canary over ${way.protocol} was acknowledged by ${member?.name} and did not reach the sink`,
      where: `hop ${member?.name} -> sink ${session.sink?.grpc} (gRPC), ${session.sink?.http} (HTTP)`,
      expected: `arrival within ${arrivalTimeoutMs / 1000} s, ${triesOf(session)} tries`,
      found: 'silence',
      next:
        session.site === undefined
          ? 'squall sink --print-config shows what the pipeline must export; the member’s log is in evidence/logs'
          : 'see the member’s log in evidence/logs; a firewall may keep containers from this machine (iptables -S INPUT)',
    });
  }
  const hidden = address !== undefined && !address.startsWith('https:') && (await speaksTls(address, 2000));
  return new SquallError({
    code: hidden ? 'SQ-TARGET-TLS' : codeOf(last),
    what: `the ${way.signal} canary over ${way.protocol} was not acknowledged`,
    where: `hop load -> ${member?.name} ${address ?? '(no address)'}`,
    expected: `an OK within 5 s, ${triesOf(session)} tries`,
    ...(hidden
      ? {
          found: `the port speaks TLS and was sent plaintext (${last})`,
          next: `write https://${address.replace('http://', '')} in target.otlp`,
        }
      : adviceOn(last)),
  });
}

function adviceOn(last: string): { found: string; next: string } {
  if (/wrong version number/i.test(last)) {
    const found = 'the port speaks plaintext and was sent TLS (wrong version number)';
    return { found, next: 'write the address without https:// in target.otlp' };
  }
  const next = 'squall doctor, then check the address, credentials and TLS settings of target.otlp';
  return { found: last.trim().replaceAll('\n', ' '), next };
}

function codeOf(last: string): ErrorCode {
  if (/UNAUTHENTICATED|PERMISSION_DENIED|\bHTTP 40[13]\b/.test(last)) return 'SQ-TARGET-AUTH';
  return /certificate|TLS|SSL|self.signed|wrong version number/i.test(last)
    ? 'SQ-TARGET-TLS'
    : 'SQ-TARGET-UNREACHABLE';
}
