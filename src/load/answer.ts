import { grpcCodeNames } from '../base/grpc-status.ts';
import type { Outcome } from './exporter.ts';

/** Retryable gRPC codes (OTLP specification, "Failures"); RESOURCE_EXHAUSTED only with RetryInfo. */
const grpcRetryable = new Set([1, 4, 10, 11, 14, 15]);
const resourceExhausted = 8;
/** Codes that do not say that the server took nothing: CANCELLED, DEADLINE_EXCEEDED. */
const grpcIndefinite = new Set([1, 4]);

const httpRetryable = new Set([429, 502, 503, 504]);
/** A gateway answers for a server that may have taken the request. */
const httpIndefinite = new Set([502, 504]);

/** A success, with what its body says was rejected. */
export function successOutcome(status: number, partial: { rejected: number; message: string }): Outcome {
  if (partial.rejected > 0) {
    return { kind: 'rejected', items: partial.rejected, status, message: partial.message };
  }
  return { kind: 'acknowledged', status, message: partial.message };
}

/** An answer with a gRPC status other than OK. */
export function grpcFailure(code: number, message: string, retryDelayMs: number | undefined): Outcome {
  const retryable = code === resourceExhausted ? retryDelayMs !== undefined : grpcRetryable.has(code);
  return {
    kind: grpcIndefinite.has(code) ? 'unknown' : 'refused',
    retryable,
    status: code,
    message: `${grpcCodeNames[code] ?? `code ${code}`}${message === '' ? '' : `: ${message}`}`,
    ...(retryDelayMs === undefined ? {} : { retryDelayMs }),
  };
}

/** An answer with an HTTP status that is not a success. */
export function httpFailure(status: number, message: string, retryDelayMs: number | undefined): Outcome {
  return {
    kind: httpIndefinite.has(status) ? 'unknown' : 'refused',
    retryable: httpRetryable.has(status),
    status,
    message: `HTTP ${status}${message === '' ? '' : `: ${message}`}`,
    ...(retryDelayMs === undefined ? {} : { retryDelayMs }),
  };
}

/** The request did not reach the server's application: no connection, REFUSED_STREAM, above GOAWAY's last stream. */
export function neverTaken(message: string): Outcome {
  return { kind: 'refused', retryable: true, status: -1, message };
}

/** The attempt ended without an answer: reset, timeout, a connection that broke. */
export function noAnswer(message: string): Outcome {
  return { kind: 'unknown', retryable: true, status: -1, message };
}

/** The peer ended the handshake with an alert, such as that our certificate is missing; TLS 1.3 says so afterwards. */
export function isTlsRefusal(error: Error): boolean {
  return 'code' in error && /^ERR_SSL_.*ALERT/.test(String(error.code));
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** OTLP specification: a client must not send what is larger, before or after compression. */
export const requestBytesMax = 64 * 1024 * 1024;

export function tooLarge(body: Buffer): Outcome {
  const message = `not sent: ${body.length} bytes are over the limit of ${requestBytesMax}`;
  return { kind: 'refused', retryable: false, status: -1, message };
}
