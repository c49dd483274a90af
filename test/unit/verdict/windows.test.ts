import { describe, expect, test } from 'vitest';
import { requestTable } from '../../../src/verdict/request-table.ts';
import { activeS, contains, findWindow, findWindows } from '../../../src/verdict/windows.ts';
import { entryPlan, killRecord, requestColumns, runRecord, steadyRows } from '../../fixtures/run-evidence.ts';

function windowsOf(record: ReturnType<typeof runRecord>, rows = steadyRows(10).requests) {
  const table = requestTable(record.plan, [requestColumns(rows)]);
  return { table, windows: findWindows(record, table) };
}

/** [from, to] in seconds by name. */
function boundsOf(record: ReturnType<typeof runRecord>, rows = steadyRows(10).requests) {
  const { windows } = windowsOf(record, rows);
  return Object.fromEntries(windows.map(({ name, fromNs, toNs }) => [name, [fromNs / 1e9, toNs / 1e9]]));
}

test('the run, its entries and their named stages; the warmup is outside', () => {
  const ramp = entryPlan('ramp', {
    startNs: 2e9,
    endNs: 8e9,
    stages: [
      { name: 'rise', fromNs: 0, toNs: 3e9 },
      { name: '1', fromNs: 3e9, toNs: 6e9 },
    ],
  });
  const bounds = boundsOf(runRecord({ entries: [entryPlan('spans'), ramp], warmupMs: 3000 }));
  expect(bounds).toMatchObject({
    run: [3, 10],
    spans: [3, 10],
    ramp: [3, 8],
    'ramp/rise': [3, 5],
    'ramp/1': [5, 8],
  });
});

test('counts reach into the warmup only where the window begins with the run', () => {
  const { windows } = windowsOf(runRecord({ warmupMs: 3000, faults: [killRecord(5000, 6000)] }));
  const from = (name: string) => findWindow(windows, name)?.ledgerFromNs;
  expect([from('run'), from('before:kill'), from('during:kill')]).toEqual([-1, -1, 5e9]);
});

test('a due time on a bound belongs to the window before it, and t = 0 to the run', () => {
  const { windows } = windowsOf(runRecord({ faults: [killRecord(5000, 6000)] }));
  const holding = (dueNs: number) => windows.filter((one) => contains(one, dueNs)).map(({ name }) => name);
  expect(holding(0)).toEqual(['run', 'spans', 'before:kill']);
  expect(holding(5e9)).toEqual(['run', 'spans', 'before:kill']);
  expect(holding(5e9 + 1)).toEqual(['run', 'spans', 'during:kill']);
  expect(holding(6e9)).toEqual(['run', 'spans', 'during:kill']);
  expect(holding(10e9)).toEqual(['run', 'spans', 'after:kill']);
});

describe('windows of a fault', () => {
  test('that was never injected do not exist', () => {
    const fault = { ...killRecord(5000), observed: {} };
    expect(boundsOf(runRecord({ faults: [fault] }))).not.toHaveProperty('before:kill');
  });

  test('a kill ends with the first item accepted of what was sent after it', () => {
    const rows = steadyRows(10).requests.map((row) =>
      row.dueMs > 5000 && row.dueMs <= 6000 ? { ...row, kind: 'refused' as const } : row,
    );
    expect(boundsOf(runRecord({ faults: [killRecord(5000)] }), rows)).toMatchObject({
      'before:kill': [-1e-9, 5],
      'during:kill': [5, 6.012],
      'after:kill': [6.012, 10],
    });
  });

  test('that nobody saw recover: during goes on to the end, after is not bounded', () => {
    const outage = { ...killRecord(5000), intended: { startNs: 5e9, endNs: 6e9 } };
    const bounds = boundsOf(runRecord({ faults: [outage] }));
    expect(bounds['during:kill']).toEqual([5, 10]);
    expect(bounds).not.toHaveProperty('after:kill');
  });

  test('that recovered after the load: after is empty', () => {
    expect(boundsOf(runRecord({ faults: [killRecord(9000, 11_000)] }))['after:kill']).toEqual([10, 10]);
  });
});

test('of a run that was cut short, the window ends with the last due', () => {
  const ended = { kind: 'interrupted' } as const;
  expect(boundsOf(runRecord({ ended }), steadyRows(4).requests).run).toEqual([-1e-9, 4]);
});

test('a closed entry ends with its last request', () => {
  const closed = entryPlan('spans', {
    pace: { kind: 'closed', items: 4000, batch: 10, maxDurationNs: 60e9 },
    endNs: 60e9,
  });
  expect(boundsOf(runRecord({ entries: [closed] }), steadyRows(4).requests)).toMatchObject({
    run: [-1e-9, 4],
    spans: [-1e-9, 4],
  });
});

test('active time is the union of the entries, inside the window', () => {
  const window = { name: 'w', fromNs: 1e9, toNs: 10e9, ledgerFromNs: 1e9 };
  const entry = (startS: number, endS: number) =>
    entryPlan('e', { startNs: startS * 1e9, endNs: endS * 1e9 });
  const of = (...entries: ReturnType<typeof entry>[]) =>
    activeS(
      window,
      entries,
      entries.map(({ endNs }) => endNs),
    );
  expect(of(entry(0, 4))).toBe(3);
  expect(of(entry(0, 4), entry(3, 6))).toBe(5);
  expect(of(entry(2, 4), entry(8, 20))).toBe(4);
  expect(of()).toBe(0);
});
