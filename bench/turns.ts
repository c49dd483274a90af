/**
 * Measures all rows in turn, round after round, for as long as `seconds` last and each at least once: what disturbs the
 * machine for a while then disturbs all rows alike. Gives what each row measured, round by round.
 */
export async function takeTurns<Row, Found>(
  rows: readonly Row[],
  seconds: number,
  measure: (row: Row) => Promise<Found>,
): Promise<{ row: Row; found: Found[] }[]> {
  const taken = rows.map((row) => ({ row, found: [] as Found[] }));
  const fromMs = performance.now();
  let roundMs = 0;
  while (performance.now() - fromMs + roundMs < seconds * 1000) {
    const roundFromMs = performance.now();
    for (const { row, found } of taken) found.push(await measure(row));
    roundMs = performance.now() - roundFromMs;
  }
  return taken;
}
