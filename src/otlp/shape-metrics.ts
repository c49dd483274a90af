import { seriesAttribute } from './item-id.ts';
import type { Field, Slot } from './message.ts';
import {
  attribute,
  double,
  doubleSlot,
  fixed64,
  fixed64Slot,
  message,
  repeated,
  string,
  uint32,
} from './message.ts';
import type { Shape } from './shape-resource.ts';
import { resourceFields, scopeFields } from './shape-resource.ts';

type MetricType = Shape['metricTypes'][number];

const cumulative = 2;

const metricHeads: Record<MetricType, { name: string; unit: string }> = {
  gauge: { name: 'process.memory.usage', unit: 'By' },
  sum: { name: 'http.server.requests', unit: '{request}' },
  histogram: { name: 'http.server.request.duration', unit: 's' },
  'exponential-histogram': { name: 'db.client.operation.duration', unit: 's' },
};

export interface PointRange {
  /** Series of the first point; the next ones follow, and begin anew after the last series. */
  firstSeries: number;
  count: number;
  /** Start of the cumulative points. */
  baseNs: bigint;
  seriesId(series: number): string;
}

/**
 * An ExportMetricsServiceRequest of consecutive points. The series lie in blocks, by service and then by metric type,
 * so that the points of one metric lie together and the order on the wire is the order of the sequences.
 */
export function metricRequest(shape: Shape, range: PointRange): Field[] {
  const resources: { service: number; fields: Field[] }[] = [];
  for (let from = 0; from < range.count; ) {
    const series = (range.firstSeries + from) % shape.series;
    const cell = cellOf(shape, series);
    const to = Math.min(range.count, from + seriesLeft(shape, series));
    const { service, type } = cell;
    let resource = resources.at(-1);
    if (resource?.service !== service) {
      resource = { service, fields: [] };
      resources.push(resource);
    }
    resource.fields.push(repeated(2, 'metrics', metricFields(shape, range, { type, from, to })));
    from = to;
  }
  return resources.map(({ service, fields }) =>
    repeated(1, 'resourceMetrics', [
      message(1, 'resource', resourceFields(shape, service)),
      repeated(2, 'scopeMetrics', [message(1, 'scope', scopeFields()), ...fields]),
    ]),
  );
}

function cellOf(shape: Shape, series: number): { index: number; service: number; type: MetricType } {
  const types = shape.metricTypes.length;
  const index = Math.floor((series * shape.services * types) / shape.series);
  return { index, service: Math.floor(index / types), type: shape.metricTypes[index % types] ?? 'gauge' };
}

/** Series from this one to the end of its block. */
function seriesLeft(shape: Shape, series: number): number {
  const cells = shape.services * shape.metricTypes.length;
  const { index } = cellOf(shape, series);
  return Math.ceil(((index + 1) * shape.series) / cells) - series;
}

function metricFields(
  shape: Shape,
  range: PointRange,
  block: { type: MetricType; from: number; to: number },
): Field[] {
  const points: Field[] = [];
  for (let item = block.from; item < block.to; item++) {
    const series = (range.firstSeries + item) % shape.series;
    points.push(repeated(1, 'dataPoints', pointFields(block.type, range, { item, series })));
  }
  const { name, unit } = metricHeads[block.type];
  return [string(1, 'name', name), string(3, 'unit', unit), dataField(block.type, points)];
}

function dataField(type: MetricType, points: Field[]): Field {
  const temporality = uint32(2, 'aggregationTemporality', cumulative);
  switch (type) {
    case 'gauge':
      return message(5, 'gauge', points);
    case 'sum':
      return message(7, 'sum', [
        ...points,
        temporality,
        { number: 3, name: 'isMonotonic', value: { kind: 'bool', value: true } },
      ]);
    case 'histogram':
      return message(9, 'histogram', [...points, temporality]);
    case 'exponential-histogram':
      return message(10, 'exponentialHistogram', [...points, temporality]);
  }
}

/** Attributes are field 7 of a NumberDataPoint, 9 of a HistogramDataPoint, 1 of an exponential one. */
function pointFields(type: MetricType, range: PointRange, point: { item: number; series: number }): Field[] {
  const { item, series } = point;
  const attributes = (number: number) => [
    attribute(number, seriesAttribute, range.seriesId(series)),
    attribute(number, 'http.route', `/api/resource/${series}`),
  ];
  const start = fixed64(2, 'startTimeUnixNano', range.baseNs);
  const time = fixed64Slot(3, 'timeUnixNano', { role: 'time', item });
  const count = (step: number): Slot => ({ role: 'count', item, first: step, step });
  const amount = (step: number): Slot => ({ role: 'amount', item, first: step, step });
  switch (type) {
    case 'gauge': {
      const wave: Slot = { role: 'amount', item, first: 64e6 + series, step: 1e6, modulus: 97 };
      return [time, doubleSlot(4, 'asDouble', wave), ...attributes(7)];
    }
    case 'sum':
      return [start, time, doubleSlot(4, 'asDouble', amount(1 + (series % 5))), ...attributes(7)];
    case 'histogram':
      return [start, time, ...histogramFields(count, amount), ...attributes(9)];
    case 'exponential-histogram':
      return [...attributes(1), start, time, ...exponentialFields(count)];
  }
}

const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];
/** Observations per round in each bucket; their sum is the count's step. */
const perBucket = [2, 5, 9, 4, 2, 1, 1, 0, 0];

function histogramFields(count: (step: number) => Slot, amount: (step: number) => Slot): Field[] {
  return [
    fixed64Slot(4, 'count', count(perBucket.reduce((sum, n) => sum + n, 0))),
    doubleSlot(5, 'sum', amount(1)),
    {
      number: 6,
      name: 'bucketCounts',
      value: { kind: 'packed', type: 'fixed64', values: perBucket.map(count) },
    },
    { number: 7, name: 'explicitBounds', value: { kind: 'packed', type: 'double', values: bounds } },
  ];
}

const exponentialBuckets = [1, 4, 8, 4, 2];

/**
 * Bucket counts of an exponential histogram are varints, whose length changes with their value; so they stand still
 * after the first round and what grows is the zero bucket, which is a fixed64.
 */
function exponentialFields(count: (step: number) => Slot): Field[] {
  const positive = exponentialBuckets.reduce((sum, n) => sum + n, 0);
  const zeros = count(3);
  return [
    fixed64Slot(4, 'count', { ...zeros, first: positive + 3 }),
    double(5, 'sum', 0.75),
    { number: 6, name: 'scale', value: { kind: 'sint32', value: 2 } },
    fixed64Slot(7, 'zeroCount', zeros),
    message(8, 'positive', [
      { number: 1, name: 'offset', value: { kind: 'sint32', value: -20 } },
      {
        number: 2,
        name: 'bucketCounts',
        value: { kind: 'packed', type: 'uint64', values: exponentialBuckets },
      },
    ]),
  ];
}
