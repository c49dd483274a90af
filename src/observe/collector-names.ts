import type { Signal } from '../base/signal.ts';

/**
 * The collector's own series by quantity. Their names moved with versions and settings: `_total` and unit suffixes
 * came (0.119) and went (0.152), 0.130.0 wrote `__spans__total`, the `otelcol_` prefix can be set away. So names are
 * probed on the live server and never guessed.
 */
export const quantities = ['accepted', 'refused', 'sent', 'sendFailed', 'enqueueFailed'] as const;
export type Quantity = (typeof quantities)[number];

const stems: Record<Quantity, string> = {
  accepted: 'receiver_accepted',
  refused: 'receiver_refused',
  sent: 'exporter_sent',
  sendFailed: 'exporter_send_failed',
  enqueueFailed: 'exporter_enqueue_failed',
};
const itemWords: Record<Signal, string> = {
  traces: 'spans',
  metrics: 'metric_points',
  logs: 'log_records',
};
const gauges = { queueSize: 'exporter_queue_size', queueCapacity: 'exporter_queue_capacity' } as const;
export type Gauge = keyof typeof gauges;

const unit = '(?:_seconds|_bytes|_batches|__[a-z_]+_)?';

/** Matches every name that may be one of the collector's, for one look at the server's list of names. */
export const collectorNamePattern = '(?:otelcol_)?(?:receiver|exporter|processor|process)_.+';

/** Names under which this quantity of this signal stands on the server; none: the collector does not have it. */
export function namesOfCounter(
  names: readonly string[],
  wanted: { quantity: Quantity; signal: Signal },
): string[] {
  return matching(names, `${stems[wanted.quantity]}_${itemWords[wanted.signal]}`);
}

export function namesOfGauge(names: readonly string[], gauge: Gauge): string[] {
  return matching(names, gauges[gauge]);
}

function matching(names: readonly string[], base: string): string[] {
  const form = new RegExp(`^(?:otelcol_)?${base}${unit}(?:_total)?$`);
  return names.filter((name) => form.test(name)).sort();
}

/** A selector for one or several names. */
export function selectorOf(names: readonly string[], labels = ''): string {
  const [only] = names;
  if (names.length === 1 && only !== undefined)
    return `{__name__="${only}"${labels === '' ? '' : `,${labels}`}}`;
  return `{__name__=~"${names.join('|')}"${labels === '' ? '' : `,${labels}`}}`;
}
