/**
 * What a collector still holds, from its own metrics page: the sum of its exporters' queue sizes and requests in
 * flight; undefined when it does not answer within `timeoutMs`. Both gauges are 0 on an idle collector; a pipeline
 * without a sending queue has no queue gauge and holds nothing in one.
 */
export async function readBacklog(metricsUrl: string, timeoutMs: number): Promise<number | undefined> {
  try {
    const response = await fetch(metricsUrl, { signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) return undefined;
    return sumBacklog(await response.text());
  } catch {
    return undefined; // dead or starved: the caller treats no answer as not empty
  }
}

/** Pure part of readBacklog: Prometheus text exposition in, held units out; undefined when it is no collector's page. */
export function sumBacklog(text: string): number | undefined {
  let held = 0;
  let collector = false;
  for (const line of text.split('\n')) {
    if (!line.startsWith('otelcol_')) continue;
    collector = true;
    if (!/^otelcol_exporter_(queue_size|in_flight_requests)(?:__batches_|__requests_)?[{ ]/.test(line))
      continue;
    held += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return collector && Number.isFinite(held) ? held : undefined;
}
