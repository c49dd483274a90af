import { anchorOf } from './anchor.ts';
import { formatSeconds } from './format.ts';
import { jsonText } from './json.ts';
import { t0Ms, utcWords } from './run-card.ts';
import type { Report, SloResult } from './types.ts';

const rawCharsMax = 4000;

/** The query as it was asked, when, and what came back. */
export function queryView(slo: SloResult, number: number): Record<string, unknown> {
  const raw = slo.raw === undefined ? '' : jsonText(slo.raw);
  return {
    id: anchorOf('query', number, slo.name),
    name: `${slo.name} ${slo.threshold}`,
    window: slo.window,
    written: slo.promql ?? '',
    rewritten: slo.query !== undefined && slo.query !== slo.promql,
    query: slo.query ?? slo.promql ?? '',
    asked: slo.query === undefined ? 'never asked' : askedWords(slo),
    answer: slo.reason,
    notes: (slo.annotations ?? []).join('; '),
    raw: raw.length > rawCharsMax ? `${raw.slice(0, rawCharsMax)}… (the rest is in report.json)` : raw,
  };
}

function askedWords(slo: SloResult): string {
  return slo.askedAtS === undefined ? '' : `value at ${formatSeconds(slo.askedAtS)}`;
}

export function eventsView(report: Report): Record<string, string>[] {
  const t0 = t0Ms(report);
  return (report.events ?? []).map(({ atS, about, what }, i) => ({
    id: anchorOf('event', i + 1, about),
    at: formatSeconds(atS),
    utc: t0 === undefined ? '' : utcWords(t0 + Math.round(atS * 1000)).slice(11, 23),
    about,
    what,
  }));
}
