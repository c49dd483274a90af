import type { FindingCode } from '../base/finding-codes.ts';
import type { VerdictWord } from '../base/signal.ts';
import type { FaultRecord } from '../observe/evidence.ts';
import type { LostInterval } from '../observe/ledger-types.ts';
import type { Finding, Report, SloResult } from '../report/types.ts';
import type { Facts } from './facts.ts';
import { howInterrupted } from './interrupted.ts';
import { lostByPlace, lostIntervals } from './lost-items.ts';
import { format, formatWithUnit } from './measured.ts';
import { coverageMin, whyBlind } from './promql-value.ts';
import { sumLedger } from './reconcile.ts';
import { alteredCanaries, lossyWithoutExpect } from './sink-evidence.ts';

export interface FindingContext {
  facts: Facts;
  slos: SloResult[];
  validity: Report['validity'];
  withoutEffect: FaultRecord[];
  recoveryIncomplete: boolean;
  interrupted: boolean;
}

/** One of the verdict's own, with a code that `explain` knows. */
export type VerdictFinding = Finding & { code: FindingCode };

const order: Finding['severity'][] = ['fail', 'unknown', 'warn', 'info'];

/** Everything that people should know, worst first; within one severity in the order below. */
export function listFindings(context: FindingContext, further: VerdictFinding[]): Finding[] {
  const all: Finding[] = [
    ...ofRecovery(context),
    ...ofLedger(context),
    ...ofSlos(context, 'fail'),
    ...ofRunEnd(context),
    ...ofValidity(context),
    ...ofFaults(context),
    ...ofSlos(context, 'unknown'),
    ...further,
    ...ofPrometheus(context),
    ...context.facts.record.notes,
  ];
  return all.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

function ofRecovery({ facts, recoveryIncomplete }: FindingContext): VerdictFinding[] {
  if (!recoveryIncomplete) return [];
  return [
    {
      code: 'RECOVERY-INCOMPLETE',
      severity: 'fail',
      sentence: 'A fault of this run may still be in place.',
      next: `squall recover --run ${facts.record.plan.runId}`,
    },
  ];
}

/** What ends a member takes its memory with it, whichever fault had filled that. */
const deadly = new Set(['container-kill', 'pod-kill', 'node-drain', 'rolling-restart']);

/** What keeps such items another time; where that is not known, what the count means. */
function afterLoss(facts: Facts, intervals: readonly LostInterval[]): string {
  const struck = facts.record.faults.some(({ kind, observed: { injectedNs } }) => {
    const mayHold = ({ dueFromS }: LostInterval) => dueFromS <= (injectedNs ?? 0) / 1e9;
    return deadly.has(kind) && injectedNs !== undefined && intervals.some(mayHold);
  });
  if (!struck) return 'squall explain measure items_lost';
  const queue =
    facts.record.targetKind === 'kubernetes'
      ? 'file_storage on a volume that outlives the pod'
      : 'sending_queue.storage: file_storage';
  return `give the exporter a persistent queue (${queue}) and no batch processor before it`;
}

function ofLedger({ facts }: FindingContext): VerdictFinding[] {
  const findings: VerdictFinding[] = [];
  const lost = sumLedger(facts, 'lost');
  const unknown = Object.values(facts.ledger.unknown ?? {});
  const blind = [...new Set([...alteredCanaries(facts, {}), ...lossyWithoutExpect(facts, {}), ...unknown])];
  if (lost > 0 && blind.length === 0 && facts.record.sink !== 'none') {
    const intervals = lostIntervals(facts);
    const places = lostByPlace(facts, intervals);
    const first = intervals[0];
    const of = format(sumLedger(facts, 'acknowledged'));
    findings.push({
      code: 'ITEMS-LOST',
      severity: 'fail',
      sentence: `${format(lost)} of ${of} acknowledged items ${lost === 1 ? 'was' : 'were'} lost (${places}).`,
      ...(first === undefined
        ? {}
        : {
            evidence: `${formatWithUnit(intervals.length, 'intervals')}; the first: ${first.load}, worker ${first.worker}, sequences ${first.from} to ${first.to}, due ${format(first.dueFromS)} to ${format(first.dueToS)} s`,
          }),
      next: afterLoss(facts, intervals),
    });
  }
  const pending = sumLedger(facts, 'pending');
  if (pending > 0)
    findings.push({
      code: 'ITEMS-PENDING',
      severity: 'unknown',
      sentence: `${format(pending)} acknowledged items had not arrived and the target was not shown empty.`,
      evidence: facts.record.settle.reason,
      next: 'squall run --set settle=120s',
    });
  if (blind.length > 0 && facts.record.sink !== 'none')
    findings.push({
      code: 'LEDGER-BLIND',
      severity: 'unknown',
      sentence: `The pipeline changes or drops items by design (${blind.join(', ')}), so a loss cannot be told.`,
      next: 'squall explain measure items_lost',
    });
  for (const oddity of facts.ledger.oddities)
    findings.push({
      code: 'LEDGER-ODDITY',
      severity: 'warn',
      sentence: oddity,
      next: 'squall explain measure items_rejected',
    });
  return findings;
}

/** One finding per SLO; a loss has its own, and what a run that does not count leaves unknown is said once. */
function ofSlos(context: FindingContext, verdict: Exclude<VerdictWord, 'pass'>): VerdictFinding[] {
  const { facts, slos, validity, withoutEffect } = context;
  const lossIsNamed = ofLedger(context).some(({ code }) => code === 'ITEMS-LOST');
  const wanted = slos.filter((slo) => slo.verdict === verdict);
  if (verdict === 'unknown' && wanted.length > 1 && (!validity.valid || withoutEffect.length > 0))
    return [
      {
        code: 'SLO-UNKNOWN',
        severity: 'unknown',
        sentence: `${wanted.length} of ${slos.length} SLOs are unknown because the run does not count.`,
        evidence: wanted.map(({ name, threshold }) => `${name} ${threshold}`).join(', '),
        next: facts.record.command,
      },
    ];
  return wanted
    .filter((slo) => !(lossIsNamed && slo.measure?.startsWith('items_lost') === true))
    .map((slo) => ({
      code: verdict === 'fail' ? 'SLO-FAILED' : 'SLO-UNKNOWN',
      severity: verdict,
      sentence:
        verdict === 'fail'
          ? `${slo.name} broke ${slo.threshold} in window ${slo.window}: ${slo.reason}.`
          : `${slo.name} (${slo.threshold}, window ${slo.window}) is not known: ${slo.reason}.`,
      window: slo.window,
      next:
        slo.measure === undefined
          ? facts.record.command
          : `squall explain measure ${slo.measure.replace(/\{.*/, '')}`,
    }));
}

function ofRunEnd({ facts, interrupted }: FindingContext): VerdictFinding[] {
  const { ended } = facts.record;
  if (ended.kind === 'failed')
    return [
      {
        code: 'RUN-FAILED',
        severity: 'fail',
        sentence: `The run ended before its time: ${ended.message}`,
        next: 'squall doctor',
      },
    ];
  if (ended.kind === 'stop-condition')
    return [
      {
        code: 'STOPPED',
        severity: 'fail',
        sentence: `The stop condition of ${ended.slo} ended the run.`,
        next: facts.record.command,
      },
    ];
  if (!interrupted && ended.kind !== 'interrupted') return [];
  return [
    {
      code: 'INTERRUPTED',
      severity: 'unknown',
      sentence: `The run was ${howInterrupted(facts.record)}; what it had not measured by then is unknown.`,
      next: facts.record.command,
    },
  ];
}

function ofValidity({ facts, validity, slos }: FindingContext): VerdictFinding[] {
  const findings: VerdictFinding[] = [];
  if (!validity.valid)
    findings.push({
      code: 'RUN-NOT-VALID',
      severity: 'unknown',
      sentence: `The run is not valid: ${validity.reasons.join('; ')}.`,
      next: 'squall explain code RUN-NOT-VALID',
    });
  if (validity.missedByTarget > 0)
    findings.push({
      code: 'TARGET-STALLED',
      severity: 'warn',
      sentence: `${format(validity.missedByTarget)} due items were never sent because the target left every request in flight unanswered.`,
      next: 'squall explain code TARGET-STALLED',
    });
  if (slos.length === 0)
    findings.push({
      code: 'NO-SLO',
      severity: 'unknown',
      sentence: 'The scenario has no SLO, so there is nothing to pass.',
      next: 'squall init',
    });
  if (facts.record.plan.entries.length === 0)
    findings.push({
      code: 'NO-LOAD',
      severity: 'unknown',
      sentence: 'The plan has no load.',
      next: 'squall plan',
    });
  return findings;
}

function ofFaults({ withoutEffect }: FindingContext): VerdictFinding[] {
  return withoutEffect.map((fault) => ({
    code: 'FAULT-WITHOUT-EFFECT',
    severity: 'unknown',
    sentence: `Fault ${fault.name} (${fault.kind}) was not proven: ${fault.effect}.`,
    window: `during:${fault.name}`,
    next: `squall explain fault ${fault.kind}`,
  }));
}

function ofPrometheus({ facts }: FindingContext): VerdictFinding[] {
  const { prometheus } = facts.record;
  if (!prometheus.available) return [];
  const findings: VerdictFinding[] = [];
  const blind = whyBlind(facts);
  if (blind !== undefined)
    findings.push({
      code: (prometheus.coverage ?? 0) < coverageMin ? 'SCRAPES-MISSING' : 'CLOCK-SKEW',
      severity: 'warn',
      sentence: `Prometheus cannot judge this run: ${blind}.`,
      next: 'squall doctor',
    });
  for (const answer of prometheus.answers)
    for (const annotation of answer.annotations)
      findings.push({
        code: 'QUERY-ANNOTATION',
        severity: 'warn',
        sentence: `Prometheus on ${answer.for}: ${annotation}`,
        evidence: answer.query,
        next: 'squall explain measure',
      });
  return findings;
}
