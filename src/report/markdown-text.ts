import { oneLine } from './format.ts';

/**
 * Text that Markdown takes as nothing but text: HTML, emphasis, links, tables, mentions, issue
 * numbers, formulas and bare addresses are written with character references.
 */
export function text(raw: string, charsMax = 300): string {
  return oneLine(raw, charsMax).replace(markup, reference);
}

/** A threshold as a code span; anything else as `text`. */
export function codeOrText(raw: string, charsMax = 300): string {
  return threshold.test(raw) ? `\`${raw}\`` : text(raw, charsMax);
}

/** p(95)<10ms, count==0, value>=0.5%: neither can it end the span nor the table's cell. */
const threshold = /^[a-z]{1,10}(?:\([\d.]{1,10}\))?(?:<=|>=|==|!=|<|>)-?[\d.]{1,20}[a-z%]{0,3}$/;

/** In turn: markup anywhere, `_` at a word's edge, #1, ://, www., and what begins a heading or a list. */
const markup =
  /[&<`*[|~\\@$]|\](?=[([:])|(?<![a-z0-9])_|_(?![a-z0-9])|#(?=\w)|:(?=\/\/)|(?<=www)\.|^>|^[-+=#](?=\s|$)|(?<=^\d{1,9})[.)](?=\s|$)/gi;

function reference(character: string): string {
  const named: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
  return named[character] ?? `&#${character.codePointAt(0)};`;
}

/** A table under its heading; nothing at all without a row. */
export function table(title: string, names: string[], rows: string[][], level = '##'): string[] {
  if (rows.length === 0) return [];
  return [
    `${level} ${title}`,
    '',
    `| ${names.join(' | ')} |`,
    `|${names.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
  ];
}
