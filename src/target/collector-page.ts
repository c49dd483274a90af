/** What a collector counted of the items that went through it. */
export interface PageItems {
  accepted: number;
  /** By the exporter that handed on the fewest. */
  sent: number;
}

/**
 * Items accepted and handed on so far, from a collector's own metrics page (Prometheus text), all signals together;
 * undefined when it is no collector's page. Names as in observe/collector-names.ts. Of several exporters the one that
 * is furthest behind counts. Pure.
 */
export function itemsOnPage(text: string): PageItems | undefined {
  if (!/^(?:otelcol_)?process_/m.test(text) && !/^otelcol_/m.test(text)) return undefined;
  const { accepted, sent } = countsOnPage(text);
  return { accepted, sent: sent.size === 0 ? 0 : Math.min(...sent.values()) };
}

/** Items taken in, and handed on by each exporter; `any`: it has counted something. Pure. */
export function countsOnPage(text: string): { accepted: number; sent: Map<string, number>; any: boolean } {
  const taken = counted(text, 'receiver_accepted');
  const handed = counted(text, 'exporter_sent');
  const sent = new Map<string, number>();
  for (const { labels, value } of handed) {
    const exporter = /(?:^|,)exporter="([^"]*)"/.exec(labels)?.[1] ?? '';
    sent.set(exporter, (sent.get(exporter) ?? 0) + value);
  }
  return {
    accepted: taken.reduce((sum, { value }) => sum + value, 0),
    sent,
    any: taken.length + handed.length > 0,
  };
}

/** Items handed on by one exporter, and what waits in its queue, in the queue's own unit. Pure. */
export function exporterOnPage(text: string, exporter: string): { sent: number; waiting: number } {
  const own = ({ labels }: { labels: string }) => labels.includes(`exporter="${exporter}"`);
  const queue = /^(?:otelcol_)?exporter_queue_size(?:__[a-z]+_)?\{(.*)\} (\S+)/gm;
  const queues = [...text.matchAll(queue)].map(([, labels = '', value]) => ({
    labels,
    value: Number(value),
  }));
  const sum = (values: { labels: string; value: number }[]) =>
    values.filter(own).reduce((total, { value }) => total + value, 0);
  return { sent: sum(counted(text, 'exporter_sent')), waiting: sum(queues) };
}

function counted(text: string, stem: string): { labels: string; value: number }[] {
  const items = '(?:spans|metric_points|log_records)';
  const line = new RegExp(
    `^(?:otelcol_)?${stem}_${items}(?:__[a-z_]+_)?(?:_total)?(?:\\{(.*)\\})? (\\S+)`,
    'gm',
  );
  return [...text.matchAll(line)].map(([, labels = '', value]) => ({ labels, value: Number(value) }));
}
