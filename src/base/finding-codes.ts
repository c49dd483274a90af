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
  'LOAD-IMBALANCED':
    'a member took over 10 % more or less than an even share of the acknowledged items, with no fault at work',
  'MACHINE-SHARED':
    'over 10 % of the machine that squall and the target ran on went to others while the load ran',
  'WITNESS-MISSING': "a backend's own query API lacks spans that were acknowledged",
  'WITNESS-WHOLE': "a backend's own query API has every span that was acknowledged",
  'WITNESS-UNKNOWN': "a backend's query API could not be asked which spans it has",
  'BACKENDS-COUPLED': "the outage of one backend held up, repeated or cost what goes to squall's sink",
  'BACKENDS-APART': "the outage of one backend left what goes to squall's sink untouched",
  'NO-SLO': 'the scenario has nothing to pass',
  'NO-LOAD': 'the plan has no load',
  'FAULT-WITHOUT-EFFECT': 'a fault was not seen to act and to end, so the run says nothing about it',
  'FAULT-ENDED-LATE': 'a fault could not be undone at its end and went on until it could',
  'SCRAPES-MISSING': 'too few scrapes of the target are in Prometheus for its numbers to count',
  'CLOCK-SKEW': 'the clocks of squall and Prometheus are too far apart for their windows to be the same',
  'QUERY-ANNOTATION': 'Prometheus had something to say about its own answer',
  'HEADLINE-DISAGREES': 'Prometheus and squall differ on P95, rate or loss by more than the stated error',
  'EMBEDDED-INSTEAD':
    "no real collector could be had, so the figures are those of a small one of squall's own",
  'CAPACITY-FOUND':
    'the highest rate at which every SLO holds lies between two rates, both confirmed by fresh trials',
  'CAPACITY-UNKNOWN':
    'the search for the highest rate ended without a confirmed answer; the bounds are all that is known',
  'NO-REGRESSION': 'a comparison found the candidate no worse than the baseline, beyond the margins',
  REGRESSION: 'a comparison found the candidate worse than the baseline, beyond chance and margin',
  'REGRESSION-UNKNOWN':
    'a comparison cannot tell: the noise is larger than what matters, or the runs are not alike',
  'OOM-KILLED': 'a container was ended by the kernel because it used more memory than its limit',
  'CLUSTER-GAP':
    'the API server was not reached for a while: what changed in the cluster then has the time at which it was seen',
  'CLUSTER-UNWATCHED': 'the account lacks rights to look on: pods, endpoints, events or autoscalers',
  'THROTTLING-UNKNOWN':
    'pods with a CPU limit may have been throttled: the kubelets, which count it, could not be asked',
  'NO-PROMETHEUS': 'no Prometheus could be had, so what asks it is unknown',
} as const satisfies Record<string, string>;

export type FindingCode = keyof typeof findingCodes;

/** What to look at and to do, where it is not the same for every run. */
export const findingAdvice: Partial<Record<FindingCode, readonly string[]>> = {
  'ITEMS-LOST': [
    'in a kill: what the batch processor and a queue in memory held was acknowledged already. Put the queue on disk ' +
      '(sending_queue.storage: file_storage) and no batch processor before it (scenarios/gateway-kill-durable.yaml)',
    'in an outage, with enqueueFailed above 0: the queue was full. Raise queue_size, or let it refuse instead of drop ' +
      '(no batch processor before it, or block_on_overflow); losses go on after the outage until the exporter retries',
    'with sendFailed above 0: a permanent answer, or the retry gave up (retry_on_failure.max_elapsed_time)',
    'with neither: a component drops without a counter, or the network behind the last exporter does',
  ],
  'RUN-NOT-VALID': [
    'late wake-ups or late requests: other work had the CPU. Use a quiet machine, or one with more cores',
    'a busy load thread or missed items: the rate is more than this machine can generate. Lower it, or raise batch',
  ],
  'TARGET-STALLED': [
    'the target left maxInFlight requests unanswered, as a client with a bounded buffer would see it; a larger ' +
      'maxInFlight keeps more of them waiting, and changes nothing about the stall',
  ],
  'WITNESS-MISSING': [
    'stored before an outage and missing after it: the backend kept it in memory, which went with its pod',
    'due in an outage or just after it: the queue to it was full (enqueueFailed), or the retry gave up; squall explain code ITEMS-LOST',
    'at other times: the backend dropped it after its answer. Its own counters say so, as jaeger_collector_spans_dropped_total does',
  ],
  'BACKENDS-COUPLED': [
    'each exporter has a queue of its own, and a request is answered when every queue took it: a full one refuses the whole ' +
      'request, which is then sent again and arrives twice at the others, and with block_on_overflow it lets the request wait',
    'give sending_queue.queue_size room for the longest outage that is to be ridden out (rate times length), on disk if memory ' +
      'is short: memory_limiter refuses for all exporters',
    'a batch processor before the exporters drops in place of refusing: the others are untouched, and the full one loses',
  ],
  'LOAD-IMBALANCED': [
    'the load sends to every member in turn. One that took less refused requests, which then went to another, or could ' +
      'not be reached for a while: its own log and its refused counter say which',
    'figures per member, capacity above all, are of the members together: the busiest one is nearer to its limit',
  ],
  'MACHINE-SHARED': [
    'end other work on this machine (builds, a desktop, a cluster that is not the target) and run again, or take a ' +
      'machine of its own; kept back by the host: take one whose cores are not shared',
  ],
  'FAULT-WITHOUT-EFFECT': [
    'squall explain fault KIND says what the fault needs; squall doctor what the machine lacks',
  ],
  'FAULT-ENDED-LATE': [
    'the API server or the daemon that undoes it did not answer. It was tried again every 2 s, by the run for a minute and ' +
      'by its guard for ten: windows end where it was seen to have ended, so during:FAULT is longer than planned',
  ],
  'HEADLINE-DISAGREES': [
    'the ledger is the authority on loss; counters miss what a killed process had not been scraped for, and count ' +
      "other senders' items too",
  ],
};
