import type { FaultContext, Undo } from './fault.ts';
import type { InjectionOptions, InjectionOutcome } from './injection-types.ts';
import { record } from './replay.ts';
import { isElsewhere, tryOn, undoForMs } from './undo-tries.ts';

const effectWithinMs = 5_000;
const absenceWithinMs = 10_000;
/** At the end of a hold: an API server that hangs must not keep the fault from being undone. */
const lastLookMs = 5_000;
/** A rollback has no time for more. */
const absenceWhenCutMs = 4_000;
const pollEveryMs = 20;
/** A fault that ends when the next one starts takes a moment to be shown gone. */
const freeWithinMs = 5_000;
/** What undoing may take: past the end of the hold plus this, the guard undoes it. */
export const undoMarginMs = 5_000;

/**
 * journal intent (durable) -> inject -> poll the effect -> hold -> undo -> poll its absence. Never rejects: what went
 * wrong is in the outcome. `revert` may be called again when the absence was not seen.
 */
export class Injection {
  readonly outcome: InjectionOutcome;
  private readonly options: InjectionOptions;
  private readonly context: FaultContext;
  private undo: Undo[] = [];
  private begun = false;
  private done = false;
  private claimed = false;
  /** When a rollback was first noticed. */
  private cutNs: number | undefined;

  constructor(options: InjectionOptions) {
    this.options = options;
    const member = options.member.name;
    const bare = { effect: 'not injected', end: '', seen: false, gone: false, waits: [], ended: [] };
    this.outcome = { member, ...bare };
    const { clock, runId, spec, sink, journal, injection } = options;
    this.context = {
      clock,
      runId,
      fault: spec.name,
      deadlineMs: this.deadlineMs(),
      ...(sink === undefined ? {} : { sink }),
      memory: new Map(),
      waits: this.outcome.waits,
      ended: this.outcome.ended,
      journal: (event, detail) => record(journal, { kind: 'note', fault: spec.name, event, detail }),
      amend: (undo) => {
        journal.append({ kind: 'amend', injection, undo });
        this.undo.push(...undo);
      },
    };
  }

  /** It was put in place, whether its effect has been seen yet or not. */
  get inPlace(): boolean {
    return this.done;
  }

  get active(): boolean {
    return this.begun && !this.outcome.gone;
  }

  /** From before its intent until it is shown gone, what it acts on is taken. */
  get holds(): boolean {
    return this.claimed && !this.outcome.gone;
  }

  async run(): Promise<InjectionOutcome> {
    try {
      const reason = await this.inject();
      if (reason !== undefined) this.outcome.effect = `not injected: ${reason}`;
    } catch (error) {
      this.outcome.effect = `${this.begun ? 'inject failed' : 'not injected'}: ${messageOf(error)}`;
    }
    this.claimed = this.begun;
    if (!this.begun) return this.outcome;
    await this.observe();
    await this.revert();
    return this.outcome;
  }

  /** Why it cannot be done, or undefined when it was. From the intent on it counts as done, answer or not. */
  private async inject(): Promise<string | undefined> {
    const { fault, spec, member, clock, journal, injection, cut, free } = this.options;
    if (!(await this.poll(async () => free(), freeWithinMs, cut)))
      return 'an earlier fault is still in place';
    const reason = await fault.precondition(member, spec.params);
    if (reason !== undefined) return reason;
    // Rejects when nobody would undo it: no fault without a guard.
    await this.options.guard?.ensure();
    this.undo = await fault.undo(member, spec.params, this.context);
    if (cut.aborted) return 'the run was rolled back before';
    this.context.deadlineMs = this.deadlineMs();
    journal.append({
      kind: 'intent',
      injection,
      fault: spec.name,
      faultKind: fault.kind,
      member: member.name,
      undo: this.undo,
      deadlineNs: clock.nowNs() + this.context.deadlineMs * 1e6,
    });
    this.begun = true;
    this.outcome.injectedNs = clock.nowNs();
    this.options.onInjected();
    await fault.inject(member, spec.params, this.context);
    // A kind that prepares first says itself when it struck.
    const struckNs = this.noted('injectedNs');
    if (struckNs !== undefined) this.outcome.injectedNs = struckNs;
    this.done = true;
    record(journal, { kind: 'applied', injection, by: 'runner' });
    this.outcome.effect = 'no effect was seen';
    return undefined;
  }

  /** A time that the kind of fault left for the engine, monotonic ns. */
  private noted(name: 'injectedNs' | 'endedNs' | 'endpointReadyNs'): number | undefined {
    const value = this.context.memory.get(name);
    return typeof value === 'number' ? value : undefined;
  }

  private deadlineMs(): number {
    const { fault, endNs, clock } = this.options;
    const within = (fault.effectWithinMs ?? effectWithinMs) + (fault.absenceWithinMs ?? absenceWithinMs);
    if (endNs === undefined) return within + undoMarginMs;
    return Math.max(0, (endNs - clock.nowNs()) / 1e6) + undoMarginMs;
  }

  private async observe(): Promise<void> {
    const { fault, spec, member, journal, injection, endNs, clock, cut } = this.options;
    if (this.outcome.effect.startsWith('inject failed')) return;
    const see = async () => {
      // An API server that is away is asked again.
      await fault.pursue?.(member, spec.params, this.context).catch(() => undefined);
      const effect = await fault.effect(member, spec.params, this.context).catch(() => undefined);
      if (effect === undefined) return false;
      this.outcome.effect = effect;
      return true;
    };
    const within = fault.effectWithinMs ?? effectWithinMs;
    const leftMs = endNs === undefined ? within : Math.max(0, (endNs - clock.nowNs()) / 1e6);
    const givenUp = () => this.context.memory.get('givenUp') === true;
    const look = async () => (await see()) || givenUp();
    this.outcome.seen = (await this.poll(look, Math.min(within, leftMs), cut)) && !givenUp();
    if (this.outcome.seen)
      record(journal, { kind: 'observed', injection, by: 'runner', detail: this.outcome.effect });
    const holdMs = endNs === undefined ? 0 : (endNs - clock.nowNs()) / 1e6;
    if (holdMs > 0 && !cut.aborted && !givenUp()) {
      await clock.sleep(holdMs, cut).catch(() => {
        // Cut short by a rollback.
      });
      // Once more: the last count stands in the report, and an effect that came late is an effect.
      if (await Promise.race([see(), clock.sleep(lastLookMs).then(() => false)])) this.outcome.seen = true;
    }
    if (this.outcome.seen || cut.aborted) return;
    const why = await fault.noEffect?.(member, spec.params, this.context).catch(() => undefined);
    if (why !== undefined)
      this.outcome.effect = `${fault.pursue === undefined ? 'no effect was seen' : 'not complete'}: ${why}`;
  }

  /** Undoes and reads back, again as long as that fails: an API server may be away. Idempotent. */
  async revert(): Promise<void> {
    const { journal, injection, clock, cut } = this.options;
    if (!this.active) return;
    record(journal, { kind: 'reverting', injection, by: 'runner' });
    // A kill has nothing to undo.
    const forMs = this.undo.length > 0 ? undoForMs : 0;
    const onFailure = (reasons: readonly string[]) => this.tellLate(reasons);
    const failures = await tryOn({ clock, forMs, cut, onFailure }, () => this.undoAndLook());
    if (failures.length > 0) this.outcome.end = failures.join('; ');
    const { gone, end } = this.outcome;
    record(journal, { kind: 'verified', injection, by: 'runner', seen: gone, detail: end });
  }

  /** Gives what failed; not being gone in time is no failure. */
  private async undoAndLook(): Promise<string[]> {
    const { fault, spec, member, journal, injection, clock, cut, execute } = this.options;
    const failures: string[] = [];
    for (const undo of this.undo.toReversed()) {
      const failed = (error: unknown) => ({ done: false, reason: messageOf(error) });
      const { done, reason } = await execute(undo).catch(failed);
      if (!done) failures.push(reason);
    }
    await fault.recover(member, spec.params, this.context).catch((error) => failures.push(messageOf(error)));
    if (failures.length > 0) return failures;
    const endedNs = this.noted('endedNs');
    this.outcome.removedNs ??= endedNs ?? clock.nowNs();
    record(journal, { kind: 'reverted', injection, by: 'runner' });
    let unasked: string | undefined;
    const gone = async () => {
      unasked = undefined;
      const proof = await fault.absence(member, spec.params, this.context).catch((error: unknown) => {
        unasked = messageOf(error);
        return undefined;
      });
      if (proof !== undefined) this.outcome.end = proof;
      return proof !== undefined;
    };
    const within = fault.absenceWithinMs ?? absenceWithinMs;
    this.outcome.gone = await this.poll(gone, within, cut, absenceWhenCutMs);
    if (this.outcome.gone) this.outcome.goneNs = endedNs ?? clock.nowNs();
    const readyNs = this.noted('endpointReadyNs');
    if (readyNs !== undefined) this.outcome.endpointReadyNs = readyNs;
    // A member of this machine that cannot be asked is gone.
    return unasked !== undefined && this.undo.some(isElsewhere) ? [unasked] : [];
  }

  private tellLate(reasons: readonly string[]): void {
    const { spec, member, journal, injection, onLate } = this.options;
    const why = reasons.join('; ');
    if (this.outcome.tries === undefined)
      onLate?.(`${spec.name} on ${member.name} could not be undone yet, and is tried on: ${why}`);
    this.outcome.tries = { why, count: (this.outcome.tries?.count ?? 0) + 1 };
    record(journal, { kind: 'reverting', injection, by: 'runner', detail: why });
  }

  /** Until the probe says true; `cutMs` is what is left to it once a rollback has begun. */
  private async poll(
    probe: () => Promise<boolean>,
    withinMs: number,
    cut: AbortSignal,
    cutMs = 0,
  ): Promise<boolean> {
    const { clock } = this.options;
    let endNs = clock.nowNs() + withinMs * 1e6;
    for (;;) {
      if (await probe()) return true;
      if (cut.aborted) {
        this.cutNs ??= clock.nowNs();
        endNs = Math.min(endNs, this.cutNs + cutMs * 1e6);
      }
      if (clock.nowNs() >= endNs) return false;
      await clock.sleep(pollEveryMs);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
