import { z } from 'zod';
import { durationField, ratioField } from '../base/fields.ts';
import { grpcCodeNames } from '../base/grpc-status.ts';
import type { Fault, FaultContext, SinkReply, SinkScript } from './fault.ts';

const actions = [
  'refuse',
  'blackhole',
  'reset',
  'http-status',
  'grpc-status',
  'slow',
  'accept-and-drop',
  'partial-success',
] as const satisfies readonly SinkReply['action'][];

const failingCodes = grpcCodeNames.filter((name) => name !== 'OK');

const params = z.strictObject({
  action: z.enum(actions).describe('how the backend answers while the outage lasts'),
  errorRate: ratioField().default(1).describe('share of requests it strikes'),
  httpStatus: z.int().min(400).max(599).optional().describe('of http-status; default 503'),
  grpcStatus: z.enum(failingCodes).optional().describe('of grpc-status; default UNAVAILABLE'),
  retryDelay: durationField().optional().describe('RetryInfo of a gRPC answer'),
  retryAfter: durationField().optional().describe('Retry-After of an HTTP answer, whole seconds'),
  responseDelay: durationField().optional().describe('of slow; default 1s'),
  rejectedItems: z.int().min(1).optional().describe('of partial-success, per request; default 1'),
});
type Params = z.infer<typeof params>;

/** The backend behind the pipeline misbehaves: squall's own sink answers by a script. */
export const backendOutage: Fault<Params> = {
  kind: 'backend-outage',
  summary: 'lets the backend behind the pipeline refuse, stall, lie or answer in errors',
  params,
  oneShot: false,
  needs: { targets: ['local', 'docker', 'kubernetes', 'external', 'embedded'], power: 'sink' },
  rights: [{ class: 'role', rules: [] }],
  precondition: async () => undefined,
  undo: async (_, { action }) => [{ kind: 'in-process', what: `the sink's ${action}` }],
  inject: async (_, chosen, context) => scriptOf(context).set(replyOf(chosen)),
  effect: async (_, { action }, context) => {
    const struck = await scriptOf(context).struck();
    return struck === 0 ? undefined : `${struck} requests met ${action}`;
  },
  recover: async (_, __, context) => {
    await scriptOf(context).set(undefined);
    context.memory.set('cleared', true);
  },
  absence: async (_, __, context) => {
    if (context.memory.get('cleared') !== true) return undefined;
    const script = scriptOf(context);
    if (script.present !== undefined && (await script.present()) !== undefined) return undefined;
    return 'the sink answers as usual';
  },
};

function scriptOf({ sink }: FaultContext): SinkScript {
  if (sink === undefined) throw new Error("the run has no sink of squall's");
  return sink;
}

/** The script of the sink, with each action's own default. */
export function replyOf(chosen: Params): SinkReply {
  const { action, errorRate, retryDelay, retryAfter, responseDelay, rejectedItems } = chosen;
  return {
    action,
    errorRate,
    ...(action === 'http-status' ? { httpStatus: chosen.httpStatus ?? 503 } : {}),
    ...(action === 'grpc-status' ? { grpcStatus: chosen.grpcStatus ?? 'UNAVAILABLE' } : {}),
    ...(retryDelay === undefined ? {} : { retryDelayMs: retryDelay }),
    ...(retryAfter === undefined ? {} : { retryAfterS: Math.ceil(retryAfter / 1000) }),
    ...(action === 'slow' ? { responseDelayMs: responseDelay ?? 1000 } : {}),
    ...(action === 'partial-success' ? { rejectedItems: rejectedItems ?? 1 } : {}),
  };
}
