/**
 * What a member without a `config` runs: a gateway as people deploy it. Queue (1000 requests in memory), retry (5 s to
 * 30 s, 300 s in all) and timeout (5 s) are the exporter's own defaults, on purpose: their behaviour is under test.
 * `exporters`: the types the binary has; before v0.144 or so the gRPC exporter was called otlp.
 */
export function stockGateway(exporters: readonly string[] = ['otlp_grpc']): string {
  const exporter = exporters.includes('otlp_grpc') ? 'otlp_grpc' : 'otlp';
  return `receivers:
  otlp:
    protocols:
      grpc: {endpoint: "\${env:SQUALL_OTLP_GRPC}"}
      http: {endpoint: "\${env:SQUALL_OTLP_HTTP}"}
processors:
  memory_limiter: {check_interval: 1s, limit_percentage: 80, spike_limit_percentage: 20}
  batch: {}
exporters:
  ${exporter}:
    endpoint: "\${env:SQUALL_NEXT_GRPC}"
    tls: {insecure: true}
extensions:
  health_check: {endpoint: "\${env:SQUALL_HEALTH}"}
service:
  extensions: [health_check]
  telemetry:
    metrics:
      level: detailed
      readers:
        - pull: {exporter: {prometheus: {host: "\${env:SQUALL_METRICS_HOST}", port: "\${env:SQUALL_METRICS_PORT}"}}}
  pipelines:
    traces: {receivers: [otlp], processors: [memory_limiter, batch], exporters: [${exporter}]}
    metrics: {receivers: [otlp], processors: [memory_limiter, batch], exporters: [${exporter}]}
    logs: {receivers: [otlp], processors: [memory_limiter, batch], exporters: [${exporter}]}
`;
}
