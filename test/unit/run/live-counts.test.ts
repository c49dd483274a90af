import { expect, test } from 'vitest';
import { watchLoss } from '../../../src/run/live-counts.ts';

test('what is missing is lost only once it has been away for longer than the target can hold it', () => {
  const look = watchLoss(5e9);
  const seen = [
    { atNs: 1e9, acknowledged: 100, delivered: 90 },
    { atNs: 5e9, acknowledged: 500, delivered: 470 },
    // Of the first 100, all may be among the 480.
    { atNs: 6e9, acknowledged: 500, delivered: 480 },
    // Of the first 500, 15 did not come within 5 s.
    { atNs: 10e9, acknowledged: 520, delivered: 485 },
    { atNs: 12e9, acknowledged: 520, delivered: 505 },
    { atNs: 60e9, acknowledged: 520, delivered: 505 },
    { atNs: 61e9, acknowledged: 520, delivered: 530 },
  ].map(look);
  expect(seen.map(({ missing, lost }) => [missing, lost])).toEqual([
    [10, 0],
    [30, 0],
    [20, 0],
    [35, 15],
    [15, 0],
    [15, 15],
    [0, 0],
  ]);
});
