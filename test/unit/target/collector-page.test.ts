import { expect, test } from 'vitest';
import { exporterOnPage } from '../../../src/target/collector-page.ts';

/** As a collector 0.161 with two exporters writes it, and as older ones did. */
const now = `# TYPE otelcol_exporter_sent_spans_total counter
otelcol_exporter_sent_spans_total{exporter="otlp_grpc/jaeger",service_name="otelcol"} 120
otelcol_exporter_sent_spans_total{exporter="otlp_grpc/sink",service_name="otelcol"} 900
otelcol_exporter_sent_log_records_total{exporter="otlp_grpc/jaeger"} 3
otelcol_exporter_queue_capacity{exporter="otlp_grpc/jaeger"} 20000
otelcol_exporter_queue_size{data_type="traces",exporter="otlp_grpc/jaeger"} 7
otelcol_exporter_queue_size{data_type="logs",exporter="otlp_grpc/jaeger"} 1
otelcol_exporter_queue_size{data_type="traces",exporter="otlp_grpc/sink"} 55
`;
const older = `otelcol_exporter_sent_spans__spans__total{exporter="otlp_grpc/jaeger"} 12
otelcol_exporter_queue_size__batches_{exporter="otlp_grpc/jaeger"} 2
`;

test('what one exporter sent and holds, all signals together; the others count for themselves', () => {
  expect(exporterOnPage(now, 'otlp_grpc/jaeger')).toEqual({ sent: 123, waiting: 8 });
  expect(exporterOnPage(now, 'otlp_grpc/sink')).toEqual({ sent: 900, waiting: 55 });
  expect(exporterOnPage(older, 'otlp_grpc/jaeger')).toEqual({ sent: 12, waiting: 2 });
  expect(exporterOnPage(now, 'otlp_grpc')).toEqual({ sent: 0, waiting: 0 });
});
