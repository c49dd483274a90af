import type { Encoded, Field, PlacedSlot, Slot, Value } from './message.ts';

/** Characters that a slot takes. Values shorter than theirs are followed by spaces, which JSON allows. */
export const jsonWidths = { time: 19, count: 22, amount: 26 } as const;

/**
 * OTLP/JSON of a message: lowerCamelCase, ids in hex, 64-bit integers as decimal strings, enums as integers.
 * A time's slot is 19 digits, which holds for times from 2001 to 2286.
 */
export function encodeJson(fields: Field[]): Encoded {
  const sheet: Sheet = { parts: [], length: 0, slots: [] };
  writeObject(sheet, fields);
  return { bytes: Buffer.from(sheet.parts.join(''), 'latin1'), slots: sheet.slots };
}

/** Text is kept as Latin-1 units of its UTF-8 bytes, so that offsets are byte offsets. */
interface Sheet {
  parts: string[];
  length: number;
  slots: PlacedSlot[];
}

function write(sheet: Sheet, text: string): void {
  sheet.parts.push(text);
  sheet.length += text.length;
}

function writeObject(sheet: Sheet, fields: Field[]): void {
  write(sheet, '{');
  fields.forEach((field, i) => {
    const before = fields[i - 1];
    const inside = field.repeated && before?.name === field.name;
    const goesOn = field.repeated && fields[i + 1]?.name === field.name;
    if (i > 0) write(sheet, ',');
    if (!inside) write(sheet, `"${field.name}":${field.repeated ? '[' : ''}`);
    writeValue(sheet, field.value);
    if (field.repeated && !goesOn) write(sheet, ']');
  });
  write(sheet, '}');
}

function writeValue(sheet: Sheet, value: Value): void {
  switch (value.kind) {
    case 'message':
      writeObject(sheet, value.fields);
      return;
    case 'string':
      write(sheet, Buffer.from(JSON.stringify(value.text), 'utf8').toString('latin1'));
      return;
    case 'bool':
    case 'uint32':
    case 'sint32':
    case 'fixed32':
    case 'double':
      write(sheet, JSON.stringify(value.value));
      return;
    case 'uint64':
    case 'fixed64':
      write(sheet, `"${value.value}"`);
      return;
    case 'id':
      write(sheet, `"${value.hex}"`);
      return;
    case 'id-slot':
      writeQuoted(sheet, value.slot, value.sizeBytes * 2);
      return;
    case 'fixed64-slot':
      if (value.slot.role === 'count') writeBlank(sheet, value.slot, jsonWidths.count);
      else writeQuoted(sheet, value.slot, jsonWidths.time);
      return;
    case 'double-slot':
      writeBlank(sheet, value.slot, jsonWidths.amount);
      return;
    case 'packed':
      writePacked(sheet, value.type, value.values);
      return;
  }
}

function writePacked(sheet: Sheet, type: 'uint64' | 'fixed64' | 'double', values: (number | Slot)[]): void {
  write(sheet, '[');
  values.forEach((item, i) => {
    if (i > 0) write(sheet, ',');
    if (typeof item !== 'number')
      writeBlank(sheet, item, jsonWidths[item.role === 'count' ? 'count' : 'amount']);
    else write(sheet, type === 'double' ? JSON.stringify(item) : `"${item}"`);
  });
  write(sheet, ']');
}

function writeQuoted(sheet: Sheet, slot: Slot, width: number): void {
  write(sheet, '"');
  writeBlank(sheet, slot, width);
  write(sheet, '"');
}

function writeBlank(sheet: Sheet, slot: Slot, width: number): void {
  sheet.slots.push({ slot, at: sheet.length });
  write(sheet, ' '.repeat(width));
}
