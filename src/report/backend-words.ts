import type { BackendOutage, WitnessReport } from './backend-types.ts';
import { formatCount, formatMs, formatSeconds } from './format.ts';
import type { Report } from './types.ts';

/** A table of plain texts, for every format alike. */
export interface WordTable {
  title: string;
  names: string[];
  rows: string[][];
}

/** Of the backends beside the sink; those without a row are left out. */
export function backendTables(report: Report): WordTable[] {
  const backends = report.backends ?? [];
  const tables: WordTable[] = [
    {
      title: 'Second witnesses: what other backends say that they have',
      names: ['backend', 'asked', 'acknowledged spans', 'found', 'missing', 'due', 'fault', 'found beyond'],
      rows: backends.flatMap(({ name, witness }) =>
        witness === undefined ? [] : [[name, ...witnessRow(witness)]],
      ),
    },
    {
      title: "Outages of other backends, on the sink's way",
      names: [
        'backend',
        'fault',
        'coupled',
        'items due',
        'refused',
        'no answer',
        'not sent',
        'lost',
        'twice',
        'requests repeated',
        'requests held',
        'ack P95 before, during',
        'why',
      ],
      rows: backends.flatMap(({ name, outages }) => outages.map((outage) => [name, ...outageRow(outage)])),
    },
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

function witnessRow(witness: WitnessReport): string[] {
  const { api, reason, acknowledged, found, missing, recovered, missingIntervals: gaps } = witness;
  const from = Math.min(...gaps.map(({ dueFromS }) => dueFromS));
  const to = Math.max(...gaps.map(({ dueToS }) => dueToS));
  const faults = [...new Set(gaps.map(({ fault }) => fault ?? 'outside every fault'))];
  return [
    reason === undefined ? api : `${api}: ${reason}`,
    ...[acknowledged, found, missing].map((count) => formatCount(count)),
    gaps.length === 0 ? '' : `${formatSeconds(from)} to ${formatSeconds(to)}`,
    faults.join(', '),
    formatCount(recovered),
  ];
}

function outageRow(outage: BackendOutage): string[] {
  const { refused, unknown, missed, lost, duplicated, retried, held, ackP95Ms } = outage;
  return [
    outage.fault,
    outage.coupled === null ? 'not known' : outage.coupled ? 'yes' : 'no',
    ...[outage.due, refused, unknown, missed, lost, duplicated, retried, held].map((count) =>
      formatCount(count),
    ),
    `${formatMs(ackP95Ms.before)}, ${formatMs(ackP95Ms.during)}`,
    outage.reason,
  ];
}
