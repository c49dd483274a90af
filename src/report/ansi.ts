/** Colour for terminals: SGR codes, nothing else. */
export type Paint = (style: 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', text: string) => string;

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

/** `color` false gives the text unchanged; symbols and words carry the meaning alone. */
export function painter(color: boolean): Paint {
  if (!color) return (_style, text) => text;
  return (style, text) => `\u001b[${codes[style][0]}m${text}\u001b[${codes[style][1]}m`;
}

/** Columns that a terminal needs for the text; CJK and emoji take two. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const point of text) columns += wide.test(point) ? 2 : 1;
  return columns;
}

/** The text cut to so many columns, with an ellipsis when something went. */
export function cutToColumns(text: string, columnsMax: number): string {
  if (columnsOf(text) <= columnsMax) return text;
  let out = '';
  let columns = 0;
  for (const point of text) {
    columns += wide.test(point) ? 2 : 1;
    if (columns > columnsMax - 1) break;
    out += point;
  }
  return `${out}…`;
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
