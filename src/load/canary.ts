import { nowNs } from '../base/clock.ts';
import type { Protocol, Signal } from '../base/signal.ts';
import { canaryBody } from '../otlp/canary.ts';
import { createExporter, type Outcome } from './exporter.ts';
import type { LoadEndpoint } from './messages.ts';

export interface CanaryOptions {
  runId: string;
  epochNs: string;
  endpoint: LoadEndpoint;
  signal: Signal;
  protocol: Protocol;
  number: number;
  timeoutMs: number;
}

/** Sends one canary in one attempt over a connection of its own. Never rejects but on unreadable credentials. */
export async function sendCanary(options: CanaryOptions): Promise<Outcome> {
  const { signal, protocol, endpoint, number, timeoutMs } = options;
  const exporter = createExporter({
    signal,
    protocol,
    compression: 'none',
    endpoints: [endpoint],
    connections: 1,
    maxInFlight: 1,
  });
  try {
    return await exporter.send(canaryBody(options, { signal, protocol, number }), nowNs() + timeoutMs * 1e6);
  } finally {
    exporter.close();
  }
}
