import { parentOf, tracesPerBatch } from './item-id.ts';
import type { Field } from './message.ts';
import { attribute, fixed64Slot, idSlot, message, repeated, string, uint32 } from './message.ts';
import type { Shape } from './shape-resource.ts';
import { chunkBounds, fillUp, resourceFields, scopeFields } from './shape-resource.ts';

const kindServer = 2;
const kindClient = 3;
const kindInternal = 1;

/** An ExportTraceServiceRequest of `count` spans of a batch of `batch`, in the order of their sequences. */
export function traceRequest(shape: Shape, size: { batch: number; count: number }): Field[] {
  return chunkBounds(size.count, shape.services).map(({ service, from, to }) => {
    const spans: Field[] = [];
    for (let item = from; item < to; item++) {
      spans.push(repeated(2, 'spans', spanFields(item, size.batch, shape.itemBytes)));
    }
    return repeated(1, 'resourceSpans', [
      message(1, 'resource', resourceFields(shape, service)),
      repeated(2, 'scopeSpans', [message(1, 'scope', scopeFields()), ...spans]),
    ]);
  });
}

/** A Span message of `itemBytes` bytes, or of the fewest it needs when that is more. */
function spanFields(item: number, batch: number, itemBytes: number): Field[] {
  return fillUp(bareSpan(item, batch), 9, itemBytes);
}

const operations = ['GET /api/orders', 'SELECT orders', 'POST /api/payments', 'publish order.created'];

function bareSpan(item: number, batch: number): Field[] {
  const depth = Math.floor(item / tracesPerBatch(batch));
  const root = parentOf(item, batch) < 0;
  return [
    idSlot(1, 'traceId', { role: 'trace-id', item }),
    idSlot(2, 'spanId', { role: 'span-id', item }),
    ...(root ? [] : [idSlot(4, 'parentSpanId', { role: 'parent-id', item })]),
    string(5, 'name', operations[depth % operations.length] ?? 'work'),
    uint32(6, 'kind', root ? kindServer : depth === 1 ? kindClient : kindInternal),
    fixed64Slot(7, 'startTimeUnixNano', { role: 'start-time', item, first: durationNs(item, depth) }),
    fixed64Slot(8, 'endTimeUnixNano', { role: 'time', item }),
    ...spanAttributes(item, root),
    message(15, 'status', [uint32(3, 'code', item % 50 === 49 ? 2 : 1)]),
  ];
}

/** Children lie within their parents: each level is shorter, and all spans of a request end together. */
function durationNs(item: number, depth: number): number {
  return 40_000_000 / (depth + 1) + (item % 7) * 1_000;
}

function spanAttributes(item: number, root: boolean): Field[] {
  return root
    ? [
        attribute(9, 'http.request.method', 'GET'),
        attribute(9, 'url.path', '/api/orders'),
        attribute(9, 'http.response.status_code', item % 50 === 49 ? 500 : 200),
      ]
    : [
        attribute(9, 'db.system.name', 'postgresql'),
        attribute(9, 'db.operation.name', 'SELECT'),
        attribute(9, 'server.address', 'db.local'),
      ];
}
