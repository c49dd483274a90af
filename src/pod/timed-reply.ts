import type { Clock } from '../base/clock.ts';
import type { SinkReply, SinkScript } from '../fault/fault.ts';

/**
 * The script of a sink as one whose replies end by themselves at their time: a runner whose API server is away cannot say
 * so. A reply that is asked for again, by its time, is the one that is there or was.
 */
export function createTimedReply(
  script: () => Pick<SinkScript, 'set'>,
  clock: Pick<Clock, 'nowNs' | 'sleep'>,
): SinkScript['set'] {
  let last: { endNs: number; cut: AbortController; endedNs?: number } | undefined;
  const endAtItsTime = async (one: NonNullable<typeof last>) => {
    const cut = await clock.sleep((one.endNs - clock.nowNs()) / 1e6, one.cut.signal).then(
      () => false,
      () => true,
    );
    if (cut) return;
    await script().set(undefined);
    one.endedNs = clock.nowNs();
  };
  return async (reply: SinkReply | undefined, endNs = Number.POSITIVE_INFINITY) => {
    const isAskedAgain = reply !== undefined && last?.endNs === endNs && Number.isFinite(endNs);
    if (isAskedAgain) return undefined;
    last?.cut.abort();
    if (reply === undefined) {
      await script().set(undefined);
      return last?.endedNs;
    }
    const nowNs = clock.nowNs();
    last = { endNs, cut: new AbortController() };
    if (nowNs >= endNs) {
      last.endedNs = nowNs; // word of it came too late
      await script().set(undefined);
      return undefined;
    }
    await script().set(reply);
    if (endNs < Number.POSITIVE_INFINITY) void endAtItsTime(last);
    return undefined;
  };
}
