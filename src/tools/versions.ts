/** Versions that squall downloads and builds. A tool that is found on the machine may be any other. */
export const pinned = {
  otelcol: '0.161.0',
  /** Release name and, for a build, the version of the Go module (v0.N of it is release 3.N). */
  prometheus: '3.15.0',
  prometheusModule: 'v0.315.0',
} as const;
