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
  const accepted = counted(text, 'receiver_accepted').reduce((sum, { value }) => sum + value, 0);
  const byExporter = new Map<string, number>();
  for (const { labels, value } of counted(text, 'exporter_sent')) {
    const exporter = /exporter="([^"]*)"/.exec(labels)?.[1] ?? '';
    byExporter.set(exporter, (byExporter.get(exporter) ?? 0) + value);
  }
  return { accepted, sent: byExporter.size === 0 ? 0 : Math.min(...byExporter.values()) };
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
