/** The three OTLP signals, in the order they are reported. An item is a span, a metric data point or a log record. */
export const signals = ['traces', 'metrics', 'logs'] as const;
export type Signal = (typeof signals)[number];

export const protocols = ['grpc', 'http/protobuf', 'http/json'] as const;
export type Protocol = (typeof protocols)[number];

/** pass, fail, unknown: no data is unknown, never pass. */
export type VerdictWord = 'pass' | 'fail' | 'unknown';
