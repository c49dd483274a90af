/**
 * What to add to a collector so that it exports squall's items, and only those, to the sink: pipelines of their own
 * beside the user's, with the same receivers, whose filter drops what is not squall's. Nothing of the user's changes,
 * and no component is needed that a core or contrib distribution, or squall's own build, would lack (a forward
 * connector would also go through the user's own processors, but many builds have none).
 */
export function sinkConfig(address: string): string {
  return `# Add to the collector's configuration, as a second file: otelcol --config yours.yaml --config squall.yaml
# Items of squall carry the resource attribute squall.run.id; the filter drops all others before the sink sees them.
# What you have stays as it is. Put the processors that you want to test behind filter/squall, in your order, and give
# the exporter the queue, retry and timeout settings of your own one: what is lost there is what you would lose.
processors:
  filter/squall:
    error_mode: propagate
    traces: {span: ['resource.attributes["squall.run.id"] == nil']}
    metrics: {datapoint: ['resource.attributes["squall.run.id"] == nil']}
    logs: {log_record: ['resource.attributes["squall.run.id"] == nil']}

exporters:
  otlp_grpc/squall: # in older collectors: otlp/squall
    endpoint: ${address}
    tls: {insecure: true}

service:
  pipelines: # receivers: the name of your OTLP receiver
    traces/squall: {receivers: [otlp], processors: [filter/squall], exporters: [otlp_grpc/squall]}
    metrics/squall: {receivers: [otlp], processors: [filter/squall], exporters: [otlp_grpc/squall]}
    logs/squall: {receivers: [otlp], processors: [filter/squall], exporters: [otlp_grpc/squall]}
`;
}
