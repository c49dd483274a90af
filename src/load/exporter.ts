import type { Protocol, Signal } from '../base/signal.ts';
import { createGrpcExporter } from './grpc-exporter.ts';
import { createHttpExporter } from './http-exporter.ts';
import type { LoadEndpoint } from './messages.ts';
import type { PeerList } from './peers.ts';

/**
 * How one attempt ended. `status` is the gRPC code or HTTP status (>= 100), -1 when there was no answer; `peer` is of
 * the connection that carried it, absent when none did or nobody counts peers. `leftNs`, where an open connection took it at
 * once: when its first bytes were handed to the socket; `readNs`, where it was answered: when the end of the answer was
 * read from it; both ns of nowNs. What the generator itself does before and after is not the target's latency.
 */
export type Outcome = { peer?: number; leftNs?: number; readNs?: number } & (
  | { kind: 'acknowledged'; status: number; message: string }
  /** Partial success: taken, but for `items` of them. Never sent again. */
  | { kind: 'rejected'; items: number; status: number; message: string }
  /** Definite: the server did not take it, or it never left this process. */
  | { kind: 'refused'; retryable: boolean; status: number; message: string; retryDelayMs?: number }
  /** No definite answer of the server's own: it may have taken it. */
  | { kind: 'unknown'; retryable: boolean; status: number; message: string; retryDelayMs?: number }
);

export interface Exporter {
  /**
   * One attempt with one export request (gRPC prefix and message, as templates make them). Never rejects.
   * The body must not be changed until the outcome is acknowledged or rejected; after another outcome, never.
   */
  send(body: Buffer, attemptDeadlineNs: number): Promise<Outcome>;
  /** Resolves when each connection is open or has failed once: a late handshake must not look like a late answer. */
  ready(): Promise<void>;
  close(): void;
}

export interface ExporterOptions {
  signal: Signal;
  protocol: Protocol;
  compression: 'none' | 'gzip';
  /** Connections are spread over the endpoints in turn. */
  endpoints: readonly LoadEndpoint[];
  connections: number;
  /** HTTP/1.1 carries one request per connection, so the pool grows up to this. */
  maxInFlight: number;
  /** Where its connections are written down. */
  peers?: PeerList;
}

export function createExporter(options: ExporterOptions): Exporter {
  return options.protocol === 'grpc' ? createGrpcExporter(options) : createHttpExporter(options);
}
