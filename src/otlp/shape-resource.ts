import { encodeProtobuf } from './encode-protobuf.ts';
import type { Field } from './message.ts';
import { attribute, string } from './message.ts';

/** What the items of one load entry look like. */
export interface Shape {
  runId: string;
  itemBytes: number;
  services: number;
  series: number;
  metricTypes: readonly ('gauge' | 'sum' | 'histogram' | 'exponential-histogram')[];
  resource: Record<string, string>;
}

const serviceNames = ['frontend', 'orders', 'payments', 'inventory', 'shipping', 'accounts'];

export function serviceName(service: number): string {
  const name = serviceNames[service % serviceNames.length] ?? 'service';
  return service < serviceNames.length ? name : `${name}-${Math.floor(service / serviceNames.length) + 1}`;
}

/** Fields of a Resource. The entry's own keys cannot take the place of the three that identify the run's items. */
export function resourceFields(shape: Shape, service: number): Field[] {
  const keys: Record<string, string> = {
    ...shape.resource,
    'service.name': shape.resource['service.name'] ?? serviceName(service),
    'service.namespace': 'squall',
    'squall.run.id': shape.runId,
  };
  return Object.entries(keys).map(([key, value]) => attribute(1, key, value));
}

export function scopeFields(): Field[] {
  return [string(1, 'name', 'squall')];
}

/** Consecutive chunks of a request's items, one per service; no empty ones. */
export function chunkBounds(
  count: number,
  services: number,
): { service: number; from: number; to: number }[] {
  const chunks: { service: number; from: number; to: number }[] = [];
  for (let service = 0; service < services; service++) {
    const from = Math.floor((count * service) / services);
    const to = Math.floor((count * (service + 1)) / services);
    if (to > from) chunks.push({ service, from, to });
  }
  return chunks;
}

const fillerKey = 'squall.filler';

/** The item with an attribute more (field `number`), so that it takes `itemBytes` bytes; itself when it is longer. */
export function fillUp(item: Field[], number: number, itemBytes: number): Field[] {
  const filler = (length: number) => attribute(number, fillerKey, 'x'.repeat(length));
  const size = (length: number) => encodeProtobuf([filler(length)]).bytes.length;
  const missing = itemBytes - encodeProtobuf(item).bytes.length;
  let length = missing - size(0);
  if (length < 0) return item;
  while (length > 0 && size(length) > missing) length--; // lengths of 128 and more take a byte more to write
  return item.toSpliced(item.findLastIndex((field) => field.number === number) + 1, 0, filler(length));
}
