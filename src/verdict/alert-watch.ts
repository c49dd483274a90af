import type { AlertRecord } from '../observe/alert-record.ts';

/** What became of an alert that a fault was to set off; seconds. */
export interface AlertWatch {
  fires: /** After the fault was in place. */
    | { kind: 'fired'; afterS: number }
    /** It was active before the fault: it detects nothing. */
    | { kind: 'before' }
    | { kind: 'pending'; afterS: number }
    | { kind: 'silent' };
  /** Only of one that fired: after the fault was over, 0 where it was gone before; undefined: it is still active. */
  resolvedAfterS?: number;
}

/**
 * Of alerts of one name those that became active between this fault and the next one: all of them must be gone before it
 * counts as resolved. Times are seconds from t = 0.
 */
export function watchAlert(
  alerts: readonly AlertRecord[],
  of: { alert: string; injectedS: number; recoveredS?: number; untilS?: number },
): AlertWatch {
  const { injectedS, recoveredS = Number.POSITIVE_INFINITY, untilS = Number.POSITIVE_INFINITY } = of;
  const named = alerts.filter(({ alert }) => alert === of.alert);
  const own = named.filter(({ activeS }) => activeS > injectedS && activeS < untilS);
  const fired = own.filter(({ firingS }) => firingS !== undefined);
  if (fired.length > 0) {
    const afterS = Math.min(...fired.map(({ firingS = 0 }) => firingS)) - injectedS;
    const endS = Math.max(...fired.map((one) => one.endS ?? Number.POSITIVE_INFINITY));
    const resolved = Number.isFinite(endS) ? { resolvedAfterS: Math.max(0, endS - recoveredS) } : {};
    return { fires: { kind: 'fired', afterS }, ...resolved };
  }
  const standing = named.some(
    ({ activeS, endS = Number.POSITIVE_INFINITY }) => activeS <= injectedS && endS > injectedS,
  );
  if (standing) return { fires: { kind: 'before' } };
  const [pending] = own;
  return pending === undefined
    ? { fires: { kind: 'silent' } }
    : { fires: { kind: 'pending', afterS: pending.activeS - injectedS } };
}
