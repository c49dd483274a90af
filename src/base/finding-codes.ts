/** Every finding of a verdict by its stable code, and what it means; the counterpart of errors.ts for runs that ended. */
export const findingCodes = {
  'RECOVERY-INCOMPLETE': 'a fault of the run may still be in place',
  'ITEMS-LOST': 'items were acknowledged to the client and never reached the sink',
  'ITEMS-PENDING':
    'acknowledged items had not arrived when the run ended, and the target was not shown empty',
  'LEDGER-BLIND':
    'the pipeline alters, samples or drops items by design, so a loss cannot be told from the plan',
  'LEDGER-ODDITY': 'an answer or an arrival that no correct pipeline gives',
  'SLO-FAILED': 'a threshold was broken',
  'SLO-UNKNOWN': 'a threshold could not be judged: the evidence is missing or does not count',
  'RUN-FAILED': 'the run ended before its time by an error',
  STOPPED: 'a stop condition (abortOnFail) ended the run',
  INTERRUPTED: 'the run was interrupted or halted',
  'RUN-NOT-VALID': 'the generator did not do its part, so nothing but a loss found counts',
  'TARGET-STALLED': 'the in-flight bound was full when requests were due: the target did not answer in time',
  'NO-SLO': 'the scenario has nothing to pass',
  'NO-LOAD': 'the plan has no load',
  'FAULT-WITHOUT-EFFECT': 'a fault was not seen to act and to end, so the run says nothing about it',
  'SCRAPES-MISSING': 'too few scrapes of the target are in Prometheus for its numbers to count',
  'CLOCK-SKEW': 'the clocks of squall and Prometheus are too far apart for their windows to be the same',
  'QUERY-ANNOTATION': 'Prometheus had something to say about its own answer',
  'HEADLINE-DISAGREES': 'Prometheus and squall differ on P95, rate or loss by more than the stated error',
  'EMBEDDED-INSTEAD':
    "no real collector could be had, so the figures are those of a small one of squall's own",
  'NO-PROMETHEUS': 'no Prometheus could be had, so what asks it is unknown',
} as const satisfies Record<string, string>;

export type FindingCode = keyof typeof findingCodes;
