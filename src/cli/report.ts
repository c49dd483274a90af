import { relative, resolve } from 'node:path';
import { readRecord, writeReports } from '../record.ts';
import { stableJson } from '../report/json.ts';
import { isSearch } from '../run/capacity-record.ts';
import { judgeSearch } from '../run/capacity-report.ts';
import { judgeEvidence } from '../run/finish.ts';
import type { Console, GlobalFlags } from './console.ts';

/** `squall report [RUN]`: judges the evidence again and writes the same files; byte for byte unless squall changed. */
export async function reportCommand(console: Console, flags: GlobalFlags, args: string[]): Promise<number> {
  const dir = resolve(args[0] ?? 'reports/latest');
  const search = isSearch(dir) ? await judgeSearch(dir) : undefined;
  const report = search ?? (await judgeEvidence(dir, await readRecord(dir)));
  const out = flags.out === undefined ? dir : resolve(flags.out);
  await writeReports(out, report);
  if (flags.json === true) console.print(stableJson(report));
  console.say(`wrote ${relative(process.cwd(), out)}/report.{json,html,md} and junit.xml`);
  return 0;
}
