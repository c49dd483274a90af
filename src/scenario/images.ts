/** Images of the docker target where the scenario names none; the versions squall is tried with. */
export const images = {
  collector: 'otel/opentelemetry-collector:0.161.0',
  prometheus: 'prom/prometheus:v3.15.0',
} as const;
