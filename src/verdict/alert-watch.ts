import type { AlertRecord } from '../observe/alert-record.ts';

/** What became of an alert that a fault was to set off; seconds. */
export interface AlertWatch {
  fires: /** After the fault was in place. */
    | { kind: 'fired'; afterS: number }
    /** It was active when the fault came: it detects nothing. */
    | { kind: 'before' }
    | { kind: 'pending'; afterS: number }
    | { kind: 'silent' };
  /** Only of one that fired: after the fault was over, 0 where it was gone before; undefined: its end was not seen. */
  resolvedAfterS?: number;
  /** Only of one whose end was not seen: the last evaluation with it, after the fault was over. */
  activeAfterS?: number;
}

/**
 * Of alerts of one name those that became active between this fault and the next one: all of them must be gone before it
 * counts as resolved. One that was active when the fault came, by its labels, detects nothing whatever it does later.
 * Times are seconds from t = 0.
 */
export function watchAlert(
  alerts: readonly AlertRecord[],
  of: {
    alert: string;
    injectedS: number;
    recoveredS?: number;
    untilS?: number;
    /** Labels of those that Prometheus said were active just before the fault. */
    active?: readonly string[];
  },
): AlertWatch {
  const { injectedS, recoveredS, untilS = Number.POSITIVE_INFINITY } = of;
  const named = alerts.filter(({ alert }) => alert === of.alert);
  const standing = named.filter(
    ({ activeS, endS = Number.POSITIVE_INFINITY }) => activeS <= injectedS && endS > injectedS,
  );
  const known = new Set([...standing.map(({ labels }) => labels), ...(of.active ?? [])]);
  const own = named.filter(
    ({ activeS, labels }) => activeS > injectedS && activeS < untilS && !known.has(labels),
  );
  const fired = own.filter(({ firingS }) => firingS !== undefined);
  if (fired.length > 0) {
    const afterS = Math.min(...fired.map(({ firingS = 0 }) => firingS)) - injectedS;
    return {
      fires: { kind: 'fired', afterS },
      ...(recoveredS === undefined ? {} : endOf(fired, recoveredS)),
    };
  }
  if (known.size > 0) return { fires: { kind: 'before' } };
  const [pending] = own;
  return pending === undefined
    ? { fires: { kind: 'silent' } }
    : { fires: { kind: 'pending', afterS: pending.activeS - injectedS } };
}

function endOf(
  fired: readonly AlertRecord[],
  recoveredS: number,
): Pick<AlertWatch, 'resolvedAfterS' | 'activeAfterS'> {
  const open = fired.filter(({ endS }) => endS === undefined);
  if (open.length > 0) {
    const lastS = Math.max(...open.map((one) => one.lastS ?? Number.NEGATIVE_INFINITY));
    return Number.isFinite(lastS) ? { activeAfterS: lastS - recoveredS } : {};
  }
  return { resolvedAfterS: Math.max(0, ...fired.map(({ endS = 0 }) => endS - recoveredS)) };
}
