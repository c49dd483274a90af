/** The steps of a game day, in order; `squall gameday` follows them. */
export type DrillStep =
  /** Nothing further is injected until people say so. */
  | { kind: 'suspend'; question: string; deadlineMs: number; runbook?: string }
  /** Begins when every fault before it is over; the next step comes as soon as it is in place. */
  | { kind: 'fault'; fault: string }
  /** About the fault of the step before it; waits until it is decided. */
  | { kind: 'expect'; fault: string; alert: string; firesWithinMs: number; resolvesWithinMs?: number };
