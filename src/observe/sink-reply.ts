import { grpcCodes } from '../base/grpc-status.ts';
import { type Random, random } from '../base/random.ts';
import type { SinkReply } from '../fault/fault.ts';

/** What the sink does with one request, decided when it was read and decoded. */
export type Answer =
  | { kind: 'ok'; delayMs: number; rejected: number; accepted: boolean }
  | {
      kind: 'status';
      grpc: number;
      http: number;
      message: string;
      retryDelayMs?: number;
      retryAfterS?: number;
    }
  /** An HTTP status even over gRPC, as a proxy before the backend gives it. */
  | { kind: 'bare-status'; http: number; retryAfterS?: number }
  | { kind: 'silence' }
  | { kind: 'reset' };

export const plainOk = { kind: 'ok', delayMs: 0, rejected: 0, accepted: true } as const satisfies Answer;

/** HTTP status of a gRPC code, as google/rpc/code.proto maps them. */
const httpOfGrpc: Record<number, number> = {
  1: 499,
  3: 400,
  4: 504,
  5: 404,
  6: 409,
  7: 403,
  8: 429,
  9: 400,
  10: 409,
  11: 400,
  12: 501,
  14: 503,
  16: 401,
};

/** The present reply script: strikes a seeded share of the requests and counts those it struck. */
export interface ReplyScript {
  set(reply: SinkReply | undefined): void;
  current(): SinkReply | undefined;
  struck(): number;
  /** Something besides a request was struck, such as a connection that was cut. */
  addStruck(count: number): void;
  /** The answer to one well-formed request. */
  next(): Answer;
}

/** `thread`: of the sink's threads each draws for itself. */
export function createReplyScript(seed: number, thread = 0): ReplyScript {
  const name = thread === 0 ? 'sink-reply' : `sink-reply/${thread}`;
  let reply: SinkReply | undefined;
  let struck = 0;
  let draw: Random = random(seed, name);
  return {
    set(next) {
      reply = next;
      struck = 0;
      draw = random(seed, name);
    },
    current: () => reply,
    struck: () => struck,
    addStruck: (count) => {
      struck += count;
    },
    next() {
      if (reply === undefined || (reply.errorRate < 1 && draw.next() >= reply.errorRate)) return plainOk;
      struck++;
      return answerOf(reply);
    },
  };
}

function answerOf(reply: SinkReply): Answer {
  switch (reply.action) {
    case 'refuse':
    case 'reset':
      return { kind: 'reset' };
    case 'blackhole':
      return { kind: 'silence' };
    case 'slow':
      return { ...plainOk, delayMs: reply.responseDelayMs ?? 1000 };
    case 'accept-and-drop':
      return { kind: 'ok', delayMs: 0, rejected: 0, accepted: false };
    case 'partial-success':
      return { kind: 'ok', delayMs: 0, rejected: reply.rejectedItems ?? 1, accepted: true };
    case 'http-status': {
      const { retryAfterS } = reply;
      return {
        kind: 'bare-status',
        http: reply.httpStatus ?? 503,
        ...(retryAfterS === undefined ? {} : { retryAfterS }),
      };
    }
    case 'grpc-status': {
      const grpc = codeOf(reply.grpcStatus ?? 'UNAVAILABLE');
      const { retryDelayMs, retryAfterS } = reply;
      return {
        kind: 'status',
        grpc,
        http: httpOfGrpc[grpc] ?? 500,
        message: `backend outage scripted by squall: ${reply.grpcStatus ?? 'UNAVAILABLE'}`,
        ...(retryDelayMs === undefined ? {} : { retryDelayMs }),
        ...(retryAfterS === undefined ? {} : { retryAfterS }),
      };
    }
    default:
      return reply.action satisfies never;
  }
}

function codeOf(name: string): number {
  const code = (grpcCodes as Record<string, number>)[name];
  if (code === undefined) throw new Error(`${name} is not a gRPC status`);
  return code;
}
