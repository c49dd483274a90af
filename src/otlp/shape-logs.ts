import type { Field } from './message.ts';
import { attribute, fixed64Slot, idSlot, message, repeated, string, uint32 } from './message.ts';
import type { Shape } from './shape-resource.ts';
import { chunkBounds, fillUp, resourceFields, scopeFields } from './shape-resource.ts';

/** Out of 20 records: 16 INFO, 2 DEBUG, one WARN, one ERROR, as a quiet service writes them. */
const severities = [
  { number: 5, text: 'DEBUG', body: 'cache lookup finished', every: 10, offset: 3 },
  { number: 13, text: 'WARN', body: 'upstream answered slowly, retrying', every: 20, offset: 7 },
  { number: 17, text: 'ERROR', body: 'payment failed: upstream timeout', every: 20, offset: 19 },
] as const;
const info = { number: 9, text: 'INFO', body: 'request handled: GET /api/orders 200' } as const;

/** An ExportLogsServiceRequest of `count` records, in the order of their sequences. */
export function logRequest(shape: Shape, count: number): Field[] {
  return chunkBounds(count, shape.services).map(({ service, from, to }) => {
    const records: Field[] = [];
    for (let item = from; item < to; item++) {
      records.push(repeated(2, 'logRecords', fillUp(bareRecord(item), 6, shape.itemBytes)));
    }
    return repeated(1, 'resourceLogs', [
      message(1, 'resource', resourceFields(shape, service)),
      repeated(2, 'scopeLogs', [message(1, 'scope', scopeFields()), ...records]),
    ]);
  });
}

function bareRecord(item: number): Field[] {
  const severity = severities.find(({ every, offset }) => item % every === offset) ?? info;
  return [
    fixed64Slot(1, 'timeUnixNano', { role: 'time', item }),
    uint32(2, 'severityNumber', severity.number),
    string(3, 'severityText', severity.text),
    message(5, 'body', [string(1, 'stringValue', severity.body)]),
    attribute(6, 'log.file.name', 'app.log'),
    attribute(6, 'thread.id', item % 8),
    idSlot(9, 'traceId', { role: 'trace-id', item }),
    idSlot(10, 'spanId', { role: 'span-id', item }),
    fixed64Slot(11, 'observedTimeUnixNano', { role: 'start-time', item, first: 0 }),
  ];
}
