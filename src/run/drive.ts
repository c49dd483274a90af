import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SquallError } from '../base/errors.ts';
import { haltFile } from '../fault/heartbeat.ts';
import type { LoadCounts } from '../load/messages.ts';
import { readBacklog, sumBacklog } from '../observe/backlog.ts';
import type { RunRecord } from '../observe/evidence.ts';
import { watchOtherWork } from '../observe/other-work.ts';
import { watchProcesses } from '../observe/process.ts';
import type { Live } from '../report/live.ts';
import { withinMs } from '../target/docker-client.ts';
import type { Member } from '../target/target.ts';
import { evaluateStop, faultStartsMs } from '../verdict/stop-condition.ts';
import { openGameDay } from './game-day.ts';
import { countsSince, type Missing, watchLoss } from './live-counts.ts';
import { need, type Session } from './session.ts';
import { type SettleResult, settle, whyLongWait } from './settle.ts';

/** Between "all ready" and t = 0, so that every thread has heard of it; pods need longer. */
const threadsLeadMs = 300;
const lookEveryMs = 200;
const heldWithinMs = 2000;

/** Starts the clock and follows the load timeline to its end, a stop condition, or an interruption. */
export async function drive(session: Session, live: Live): Promise<RunRecord['ended']> {
  const { clock, plan } = session;
  const load = need(session, 'load');
  const engine = need(session, 'faults');
  const leadMs = load.remote?.leadMs ?? threadsLeadMs;
  const t0Ns = clock.nowNs() + leadMs * 1e6;
  session.t0Ns = t0Ns;
  session.t0WallMs = clock.wallMs() + leadMs;
  const processes = watchProcesses({
    members: need(session, 'target').members,
    clock,
    t0Ns,
    into: session.processes,
  });
  const otherWork = watchNeighbours(session, t0Ns);
  session.sink?.go(t0Ns);
  load.go(t0Ns);
  engine.go(t0Ns);
  const gameDay = openGameDay(session, t0Ns);
  let finished = false;
  const failed: { error?: unknown } = {};
  const end = Promise.all([load.done, engine.done]).then(
    () => {
      finished = true;
    },
    (error: unknown) => {
      failed.error = error;
      finished = true;
    },
  );
  try {
    const stopAt = stopWatch(session, t0Ns);
    let before = { atNs: clock.nowNs(), offered: 0, acknowledged: 0 };
    while (!finished) {
      // An abort with an error of the table as its reason is a defect that was caught elsewhere.
      if (session.signal.reason instanceof SquallError)
        return { kind: 'failed', message: session.signal.reason.message };
      if (session.signal.aborted || existsSync(join(session.dir, haltFile))) return { kind: 'interrupted' };
      const cut = gameDay?.look();
      if (cut !== undefined) return cut;
      const nowNs = clock.nowNs();
      const { counts } = load.progress();
      const stop = stopAt(nowNs, counts);
      if (stop !== undefined) return { kind: 'stop-condition', slo: stop };
      if (nowNs - before.atNs > 1e9) {
        const seconds = (nowNs - before.atNs) / 1e9;
        live.update({
          phase: gameDay?.phase() ?? phaseAt(session, nowNs - t0Ns),
          offeredPerS: (counts.offered - before.offered) / seconds,
          acknowledgedPerS: (counts.acknowledged - before.acknowledged) / seconds,
          p95Ms: counts.ackMsP95,
          ...missingAt(session, counts),
          activeFaults: engine.active(),
          leftS: gameDay === undefined ? Math.max(0, (t0Ns + plan.endNs - nowNs) / 1e9) : gameDay.leftS(),
        });
        before = { atNs: nowNs, offered: counts.offered, acknowledged: counts.acknowledged };
      }
      await Promise.race([end, clock.sleep(lookEveryMs)]);
    }
    if (failed.error !== undefined) throw failed.error;
    const cut = gameDay?.look();
    if (cut !== undefined) return cut;
    return { kind: gameDay === undefined ? 'complete' : 'drilled' };
  } finally {
    gameDay?.close();
    processes.stop();
    otherWork?.stop();
  }
}

/** Only where all of the target is known to be squall's own children. */
function watchNeighbours(session: Session, t0Ns: number): { stop(): void } | undefined {
  const { clock, otherWork: into } = session;
  const { kind, members } = need(session, 'target');
  if (kind !== 'local' && kind !== 'embedded') return undefined;
  const pids = () => members.flatMap(({ process: own }) => own?.current()?.host?.pid ?? []);
  return watchOtherWork({ roots: () => [process.pid, ...pids()], clock, t0Ns, into });
}

/** Judges the stop conditions on what happened since the warmup ended. */
function stopWatch(
  session: Session,
  t0Ns: number,
): (nowNs: number, counts: LoadCounts) => string | undefined {
  const { plan } = session;
  const signals = [...new Set(plan.entries.map((entry) => entry.spec.signal))];
  const engine = need(session, 'faults');
  let base: LoadCounts | undefined;
  return (nowNs, counts) => {
    const elapsedMs = (nowNs - t0Ns - plan.warmupNs) / 1e6;
    if (elapsedMs < 0) return undefined;
    base ??= counts;
    return evaluateStop(plan.slos, {
      elapsedMs,
      counts: countsSince(base, counts),
      signals,
      faultStartsMs: faultStartsMs(plan, engine.records()),
    });
  };
}

function phaseAt(session: Session, elapsedNs: number): string {
  if (elapsedNs < session.plan.warmupNs) return 'warmup';
  return elapsedNs < session.plan.endNs ? 'load' : 'waiting for faults to end';
}

/** After the load: faults away, then wait until the target is shown empty or the horizon is over. */
export async function settleDown(session: Session, live: Live): Promise<SettleResult> {
  const target = need(session, 'target');
  const load = need(session, 'load');
  load.stop();
  // At once: what a fault holds back, such as requests to a member that stands still, would be waited for until it times out.
  const ended = load.done.catch(() => undefined); // a worker that died is in the record already
  await Promise.all([ended, need(session, 'faults').rollback()]);
  const mostNs = session.scenario.settleMs === undefined ? target.settleNs : session.scenario.settleMs * 1e6;
  const horizonNs = session.sink === undefined ? 0 : mostNs;
  const longWait = whyLongWait(target.members, horizonNs);
  if (longWait !== undefined) session.say(longWait);
  return settle({
    clock: session.clock,
    t0Ns: need(session, 't0Ns'),
    horizonNs,
    quietNs: target.quietNs ?? 2e9,
    everyMs: 500,
    signal: session.signal,
    look: () =>
      Promise.all(
        target.members.map(async (member) => ({ member: member.name, held: await heldBy(member) })),
      ),
    lastArrivalNs: () => session.sink?.progress().lastArrivalNs ?? Number.NEGATIVE_INFINITY,
    onLook: (leftS) => {
      live.update({ phase: 'settling', ...missingAt(session, load.progress().counts), leftS });
    },
  });
}

/** Nothing without a sink, and where the pipeline leaves items out on purpose. */
function missingAt(session: Session, counts: LoadCounts): Partial<Missing> {
  const { sink, clock, scenario } = session;
  if (sink === undefined || scenario.expect !== undefined) return {};
  session.lossWatch ??= watchLoss(need(session, 'target').reach.ns);
  const delivered = Object.values(sink.progress().delivered).reduce((sum, count) => sum + count, 0);
  return session.lossWatch({ atNs: clock.nowNs(), acknowledged: counts.acknowledged, delivered });
}

async function heldBy(member: Member): Promise<number | undefined> {
  const { process } = member;
  // Dead for good: what it held is lost or on its disk, and nothing more comes of it.
  if (process !== undefined && process.current() === undefined && process.restarts?.() === 'never') return 0;
  if (member.readMetrics !== undefined) {
    // No answer is not empty.
    const text = await withinMs(heldWithinMs, member.readMetrics()).catch(() => undefined);
    return text === undefined ? undefined : sumBacklog(text);
  }
  return member.metricsUrl === undefined ? undefined : readBacklog(member.metricsUrl, 1000);
}
