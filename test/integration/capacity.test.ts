import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makePlace, readReportJson, squall } from '../fixtures/squall.ts';

const scenario = `
apiVersion: squall/v1
name: small
target: {embedded: {}}
load: {spans: {signal: traces, executor: constant-arrival-rate, rate: 200, duration: 5s, batch: 10}}
slos: [{measure: "ack_duration{signal:traces}", thresholds: ["p(50)<60s"]}]
capacity: {vary: spans, rate: {min: 200, max: 400}, trial: 1s}
`;

test('a search says its plan, ends with its budget, goes on from its record, and is reported from it byte for byte', async () => {
  const place = makePlace();
  const [file, out] = [join(place.dir, 'small.yaml'), join(place.dir, 'search')];
  writeFileSync(file, scenario);
  const record = () =>
    readFileSync(join(out, 'evidence', 'capacity.jsonl'), 'utf8')
      .trim()
      .split('\n');

  const first = await squall(['capacity', file, '--out', out, '--set', 'capacity.budget=11s'], {
    env: place.env,
  });
  expect(first.stderr).toMatch(/plan {5}search 200 to 400\/s/);
  expect(first.stderr).toMatch(/some \d+ trials in/);
  const before = record();
  // The generator may be held up by other work: then the trial is invalid, and is one all the same.
  expect(before).toHaveLength(2);
  const report = readReportJson(out);
  expect([report.verdict, report.exitCode, first.code]).toEqual(['unknown', 2, 2]);
  expect(report.capacity?.kind).toBe('unknown');
  expect(report.capacity?.reason).toContain('the budget of 11 s is used up');
  expect(report.findings[0]?.code).toBe('CAPACITY-UNKNOWN');
  expect(first.stderr).toContain(report.capacity?.sentence ?? 'no sentence');

  // The command that it tells goes on with it; without the scenario another would be searched.
  expect(report.findings[0]?.next).toMatch(new RegExp(`^squall capacity ${file}.* --resume ${out}, with`));
  const bare = await squall(['capacity', '--resume', out], { env: place.env });
  expect([bare.code, bare.stderr]).toEqual([3, expect.stringContaining(`squall capacity ${file}`)]);

  // Room for one more trial, however long this machine took for the first.
  const spentS = Math.ceil(report.capacity?.spentS ?? 0);
  const args = ['capacity', file, '--resume', out, '--set', `capacity.budget=${spentS + 11}s`];
  const second = await squall(args, { env: place.env });
  expect(second.code).toBe(2);
  expect(record()[1]).toBe(before[1]);
  expect(readReportJson(out).capacity?.reason).toContain(`the budget of ${spentS + 11} s is used up`);
  expect(record()).toHaveLength(3);
  const page = readFileSync(join(out, 'report.html'), 'utf8');
  expect(page).toContain('id="capacity"');

  const other = join(place.dir, 'again');
  await squall(['report', out, '--out', other], { env: place.env });
  for (const name of ['report.json', 'report.html', 'report.md', 'junit.xml'])
    expect(readFileSync(join(other, name), 'utf8') === readFileSync(join(out, name), 'utf8'), name).toBe(
      true,
    );
});

test('what cannot be searched is said before anything is started', async () => {
  const place = makePlace();
  const file = join(place.dir, 'none.yaml');
  writeFileSync(file, scenario.replace(/^capacity.*$/m, ''));
  const without = await squall(['capacity', file, '--out', join(place.dir, 'x')], { env: place.env });
  expect([without.code, without.stderr]).toEqual([3, expect.stringContaining('small has no capacity block')]);
  const both = await squall(['capacity', file, '--quick', '--thorough'], { env: place.env });
  expect(both.code).toBe(3);
});
