import { formatDuration, formatMs } from './format.ts';
import type { Report } from './types.ts';

interface Row {
  name: string;
  value: string;
}

/** What ran, where and when: the same rows in Markdown and HTML. */
export function runCard(report: Report): { run: Row[]; environment: Row[] } {
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

export function utcWords(ms: number): string {
  const date = new Date(ms);
  return Number.isFinite(date.getTime()) ? date.toISOString() : '';
}

/** Wall clock of t = 0, where the run wrote it down. */
export function t0Ms(report: Report): number | undefined {
  const ms = Date.parse(report.run.t0At ?? '');
  return Number.isFinite(ms) ? ms : undefined;
}
