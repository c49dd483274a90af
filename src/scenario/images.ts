/** Images where the scenario names none; the versions squall is tried with. */
export const images = {
  /** Of k8s/Dockerfile: its version is squall's own. */
  squall: 'squall:0.1.0',
  collector: 'otel/opentelemetry-collector:0.161.0',
  prometheus: 'prom/prometheus:v3.15.0',
} as const;
