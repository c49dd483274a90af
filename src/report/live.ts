import { type Clock, systemClock } from '../base/clock.ts';
import { cutToColumns, painter } from './ansi.ts';
import { formatCount, formatDuration, formatMs, oneLine } from './format.ts';

/** What the run knows at a moment; NaN and null are "not yet". */
export interface LiveState {
  /** "target starting", "warmup", "load", "settling", "judging", or a download's progress. */
  phase: string;
  offeredPerS?: number | null;
  acknowledgedPerS?: number | null;
  p95Ms?: number | null;
  /** Acknowledged and not at the sink yet: on its way, or lost. */
  missing?: number | null;
  /** Of these, those known to be lost by now. */
  lost?: number | null;
  activeFaults?: string[];
  leftS?: number | null;
}

export interface Live {
  update(state: LiveState): void;
  /** A line of its own, above the live one. */
  say(line: string): void;
  /** Removes the live line; nothing is written afterwards but by say. */
  end(): void;
}

export interface LiveStream {
  write(text: string): unknown;
  columns?: number;
}

export interface LiveOptions {
  tty: boolean;
  color: boolean;
  /** No live line at all, only what is said. */
  quiet?: boolean;
  /** Least distance of two lines: 10 s where the stream is no terminal, some 200 ms on one. */
  everyMs: number;
  clock?: Clock;
}

const clearLine = '\r\u001b[2K';

/**
 * On a terminal one line that is written over and over; elsewhere a plain line when `everyMs` is over
 * or the phase changes.
 */
export function createLive(stream: LiveStream, options: LiveOptions): Live {
  const clock = options.clock ?? systemClock;
  const paint = painter(options.color && options.tty);
  let shown = '';
  let phase = '';
  let lastNs = Number.NEGATIVE_INFINITY;
  let ended = false;
  return {
    update(state) {
      const now = clock.nowNs();
      // "starting: sink" and "starting: target" are one phase.
      const [next = ''] = state.phase.split(':');
      if (ended || options.quiet === true || (next === phase && now - lastNs < options.everyMs * 1e6)) return;
      lastNs = now;
      phase = next;
      const text = liveText(state);
      if (!options.tty) {
        stream.write(`${text}\n`);
        return;
      }
      // One column is left free: some terminals wrap when the last one is written.
      shown = cutToColumns(text, (stream.columns ?? 80) - 1);
      stream.write(`${clearLine}${paint('cyan', shown)}`);
    },
    say(line) {
      if (!options.tty || shown === '') {
        stream.write(`${line}\n`);
        return;
      }
      stream.write(`${clearLine}${line}\n${ended ? '' : paint('cyan', shown)}`);
    },
    end() {
      if (ended) return;
      ended = true;
      if (options.tty && shown !== '') stream.write(clearLine);
      shown = '';
    },
  };
}

/**
 * "load · 32 s left · fault kill · offered 10,000/s · acked 9,998/s · P95 4.1 ms · lost so far 0, 140 on the way or
 * lost": what a narrow terminal cuts stands last.
 */
export function liveText(state: LiveState): string {
  const parts = [oneLine(state.phase, 200)];
  // Settling ends as soon as the target is empty; only its horizon is known.
  const bound = state.phase === 'settling' ? 'at most ' : '';
  if (isNumber(state.leftS)) parts.push(`${bound}${formatDuration(Math.max(0, state.leftS))} left`);
  const faults = state.activeFaults ?? [];
  if (faults.length > 0) parts.push(`fault ${faults.map((name) => oneLine(name, 40)).join(', ')}`);
  if (isNumber(state.offeredPerS)) parts.push(`offered ${formatCount(state.offeredPerS)}/s`);
  if (isNumber(state.acknowledgedPerS)) parts.push(`acked ${formatCount(state.acknowledgedPerS)}/s`);
  if (isNumber(state.p95Ms)) parts.push(`P95 ${formatMs(state.p95Ms)}`);
  if (isNumber(state.missing)) parts.push(lossText(state.missing, state.lost ?? 0));
  return parts.join(' · ');
}

/** What is missing is lost for certain only once it can be nowhere else: until then both numbers are said. */
function lossText(missing: number, lost: number): string {
  const open = Math.max(0, missing - lost);
  const known = `lost so far ${formatCount(lost)}`;
  return open === 0 ? known : `${known}, ${formatCount(open)} on the way or lost`;
}

function isNumber(value: number | null | undefined): value is number {
  return value !== null && value !== undefined && !Number.isNaN(value);
}
