/** Versions that squall downloads and builds. A tool that is found on the machine may be any other. */
export const pinned = {
  otelcol: '0.161.0',
  /** Release name; a build takes the Go module in prometheus/go.mod (v0.3NN.P of it is release 3.NN.P). */
  prometheus: '3.15.0',
} as const;
