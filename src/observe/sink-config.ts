/**
 * What to add to a collector so that it exports squall's items, and only those, to the sink. For an existing pipeline
 * whose own exporters stay as they are: a forward connector hands each item on, a filter drops what is not squall's.
 */
export function sinkConfig(address: string): string {
  return `# Add to the collector's configuration. Items of squall carry the resource attribute squall.run.id;
# the filter drops all others before the sink sees them. Your own exporters stay as they are.
connectors:
  forward/squall: {}

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
  pipelines:
    # In each pipeline that you test: exporters: [<your exporters>, forward/squall]
    traces/squall: {receivers: [forward/squall], processors: [filter/squall], exporters: [otlp_grpc/squall]}
    metrics/squall: {receivers: [forward/squall], processors: [filter/squall], exporters: [otlp_grpc/squall]}
    logs/squall: {receivers: [forward/squall], processors: [filter/squall], exporters: [otlp_grpc/squall]}
`;
}
