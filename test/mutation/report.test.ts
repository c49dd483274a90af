import { afterEach, expect, test } from 'vitest';
import { type Mutation, makeMutant } from '../fixtures/mutant.ts';
import { loadReportSubject, reportLaws } from '../fixtures/report-laws.ts';

const page = '../reports/templates/report.hbs';

/** Mistakes that somebody could make in the report, by the law that must find each. */
const mutations: (Mutation & { law: string })[] = [
  {
    law: 'text stays text',
    name: 'a finding is printed raw',
    file: page,
    from: '{{sentence}}',
    to: '{{{sentence}}}',
  },
  {
    law: 'text stays text',
    name: 'Markdown takes < as it comes',
    file: 'report/markdown-text.ts',
    from: '.replace(markup, reference)',
    to: '',
  },
  {
    law: 'text stays text',
    name: 'XML takes < as it comes',
    file: 'report/xml.ts',
    from: "'<': '&lt;'",
    to: "'<': '<'",
  },
  {
    law: 'one verdict everywhere',
    name: 'unknown is told as pass',
    file: 'report/html-view.ts',
    from: 'word: verdict.toUpperCase()',
    to: "word: verdict === 'fail' ? 'FAIL' : 'PASS'",
  },
  {
    law: 'one verdict everywhere',
    name: 'unknown is no error for a CI',
    file: 'report/junit.ts',
    from: "= { unknownAs: 'error' }",
    to: "= { unknownAs: 'skipped' }",
  },
  {
    law: 'the worst first',
    name: 'what passed stands above what failed',
    file: 'report/slo-words.ts',
    from: 'rank[a.verdict] - rank[b.verdict]',
    to: 'rank[b.verdict] - rank[a.verdict]',
  },
  {
    law: 'bands stand where the faults were seen',
    name: 'bands stand where the faults were planned',
    file: 'report/panels.ts',
    from: 'fault.observed.injectedS ?? fault.intended.startS',
    to: 'fault.intended.startS - 2',
  },
  {
    law: 'everything has an address',
    name: 'a fault has none',
    file: page,
    from: '<div class="card" id="{{id}}">',
    to: '<div class="card">',
  },
  {
    law: 'everything has an address',
    name: 'two SLOs of one name share theirs',
    file: 'report/anchor.ts',
    from: '[kind, String(number), part]',
    to: '[kind, part]',
  },
  {
    law: 'everything has an address',
    name: 'an event has none',
    file: page,
    from: '<tr id="{{id}}"><td class="num"><a',
    to: '<tr><td class="num"><a',
  },
  {
    law: 'the first screen answers',
    name: 'the loss is of what was due',
    file: 'report/answers.ts',
    from: "sum('lost'), sum('acknowledged')",
    to: "sum('lost'), sum('missed')",
  },
  {
    law: 'the first screen answers',
    name: 'the target is not to blame for what it broke',
    file: 'report/sentences.ts',
    from: "party: 'target', why: `it broke",
    to: "party: 'set-up', why: `it broke",
  },
  {
    law: 'what is not known is no number',
    name: 'a loss that is not known is none',
    file: 'report/answers.ts',
    from: '!known || blind !== undefined',
    to: 'blind !== undefined',
  },
  {
    law: 'what is not known is no number',
    name: 'an infinite value becomes null',
    file: 'report/json.ts',
    from: 'return \'"Infinity"\';',
    to: "return 'null';",
  },
  {
    law: 'no number is rounded to the other side of its limit',
    name: 'values are rounded without a look at the limit',
    file: 'report/slo-words.ts',
    from: 'formatUnit(slo.actual, oneLine(slo.unit, 20), thresholdLimit(slo))',
    to: 'formatUnit(slo.actual, oneLine(slo.unit, 20))',
  },
  {
    law: 'peaks stay, and the time to detect',
    name: 'of each column the first point is kept',
    file: 'report/html-charts.ts',
    from: 'envelope(series.points, hoverPoints)',
    to: 'series.points.filter((_, i) => i % 12 === 0)',
  },
  {
    law: 'peaks stay, and the time to detect',
    name: 'detection counts from the plan',
    file: 'report/fault-words.ts',
    from: 'afterS: firingS - injectedS',
    to: 'afterS: firingS - 20',
  },
  {
    law: 'Markdown has its margins and its bound',
    name: 'spare and beyond are swapped',
    file: 'report/slo-words.ts',
    from: "beyond ? 'beyond' : 'to spare'",
    to: "beyond ? 'to spare' : 'beyond'",
  },
  {
    law: 'Markdown has its margins and its bound',
    name: 'characters are counted for bytes, and the cut is not made',
    file: 'report/markdown.ts',
    from: 'if (used > room)',
    to: 'if (used > 10 * room)',
  },
  {
    law: 'the page asks for nothing and runs one script',
    name: 'any script may run',
    file: page,
    from: "script-src '{{{scriptHash}}}'",
    to: "script-src 'unsafe-inline'",
  },
  {
    law: 'the index: newest first, against those before it',
    name: 'the oldest run stands first',
    file: 'report/index-page.ts',
    from: 'oldestFirst.slice(-runsMax).reverse()',
    to: 'oldestFirst.slice(-runsMax)',
  },
  {
    law: 'the index: newest first, against those before it',
    name: 'the newest counts among those before it',
    file: 'report/index-page.ts',
    from: 'const before = oldestFirst.slice(0, -1);',
    to: 'const before = oldestFirst;',
  },
];

let remove: () => void = () => undefined;
afterEach(() => remove());

async function findingsOf(change: Mutation | undefined, laws: readonly string[]): Promise<string[]> {
  const copy = makeMutant(change, { folders: ['base', 'report'], beside: ['reports/templates'] });
  remove = copy.remove;
  const subject = loadReportSubject(copy.src);
  return reportLaws.filter(({ id }) => laws.includes(id)).flatMap(({ check }) => check(subject));
}

test.each(mutations)('"$law" finds that $name', async ({ law, ...mutation }) => {
  expect(await findingsOf(mutation, [law])).not.toEqual([]);
});

test('a copy without a mistake keeps every law, and every law has a mistake that it finds', async () => {
  const ids = reportLaws.map(({ id }) => id);
  expect(await findingsOf(undefined, ids)).toEqual([]);
  expect([...new Set(mutations.map(({ law }) => law))].toSorted()).toEqual(ids.toSorted());
});
