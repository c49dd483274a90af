import { signals, type VerdictWord } from '../base/signal.ts';
import { verdictReason } from './sentences.ts';
import type { Report } from './types.ts';

/** The headline figures of one run, as the index keeps them; null is a value without evidence. */
export interface IndexEntry {
  /** Folder of the run, relative to the index. */
  folder: string;
  id: string;
  scenario: string;
  startedAt: string;
  target: string;
  verdict: VerdictWord;
  exitCode: number;
  sentence: string;
  /** Of the signal whose P95 is the worst. */
  p95Ms: number | 'Infinity' | null;
  p99Ms: number | 'Infinity' | null;
  /** Over all signals, items/s. */
  acknowledgedPerS: number | null;
  lost: number | null;
}

export function indexEntry(report: Report, folder: string): IndexEntry {
  const { run, verdict, exitCode } = report;
  const worst = signals
    .flatMap((signal) => report.latency[signal]?.ack ?? [])
    .sort((a, b) => height(b.p95Ms) - height(a.p95Ms))[0];
  return {
    folder,
    id: run.id,
    scenario: run.scenario,
    startedAt: run.startedAt,
    target: run.target,
    verdict,
    exitCode,
    sentence: verdictReason(report),
    p95Ms: worst?.p95Ms ?? null,
    p99Ms: worst?.p99Ms ?? null,
    acknowledgedPerS: sumOf(signals.map((signal) => report.rate[signal]?.acknowledgedPerS)),
    lost: sumOf(signals.map((signal) => report.ledger[signal]?.lost)),
  };
}

function height(ms: number | 'Infinity' | null): number {
  return ms === null ? Number.NEGATIVE_INFINITY : Number(ms);
}

/** Of the signals that are there; null where one of them is not known or there is none. */
function sumOf(values: (number | null | undefined)[]): number | null {
  const there = values.filter((value) => value !== undefined);
  if (there.length === 0) return null;
  return there.reduce<number | null>(
    (sum, value) => (sum === null || value === null || !Number.isFinite(value) ? null : sum + value),
    0,
  );
}
