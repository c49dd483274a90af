import { anchorOf } from './anchor.ts';
import { formatDuration, formatMs, formatSeconds } from './format.ts';
import { jsonText } from './json.ts';
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

interface Row {
  name: string;
  value: string;
}

export function cardView(report: Report): { run: Row[]; environment: Row[] } {
  const { run } = report;
  const row = (name: string, value: string | number): Row => ({ name, value: String(value) });
  const t0 = t0Ms(report);
  return {
    run: [
      row('run', run.id),
      row('scenario', run.scenario),
      row('seed', run.seed),
      row('started', run.startedAt),
      ...(t0 === undefined ? [] : [row('t = 0', utcWords(t0))]),
      row('duration', formatDuration(run.durationS)),
      row('target', run.target),
      ...run.members.map((m) =>
        row(m.name, `${m.version}, started ${m.starts === 1 ? 'once' : `${m.starts} times`}`),
      ),
    ],
    environment: [
      ...Object.entries(run.machine).map(([name, value]) => row(name, value)),
      ...Object.entries(run.versions).map(([name, version]) => row(`${name} version`, version)),
      row('send lag P50 / P99 / max', lagWords(report)),
    ],
  };
}

function lagWords({ validity }: Report): string {
  const { p50, p99, max } = validity.sendLagMs;
  return [p50, p99, max].map((ms) => formatMs(ms)).join(' / ');
}

function utcWords(ms: number): string {
  const date = new Date(ms);
  return Number.isFinite(date.getTime()) ? date.toISOString() : '';
}

/** Wall clock of t = 0, where the run wrote it down. */
export function t0Ms(report: Report): number | undefined {
  const ms = Date.parse(report.run.t0At ?? '');
  return Number.isFinite(ms) ? ms : undefined;
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
