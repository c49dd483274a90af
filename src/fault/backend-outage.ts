import { z } from 'zod';
import { durationField, ratioField } from '../base/fields.ts';
import { grpcCodeNames } from '../base/grpc-status.ts';
import { scaledAway, selectedAway } from './backend-away.ts';
import type { Fault, FaultContext, SinkReply, SinkScript, Way } from './fault.ts';

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
/** Of a real backend. */
const ways = { scale: scaledAway, selector: selectedAway };

const failingCodes = grpcCodeNames.filter((name) => name !== 'OK');

const params = z.strictObject({
  action: z
    .enum([...actions, 'scale', 'selector'])
    .describe(
      'how the sink answers while the outage lasts; or, of a real one (selector.member, of backends): scale takes its pods away, selector its endpoints',
    ),
  errorRate: ratioField().default(1).describe('share of requests it strikes'),
  httpStatus: z.int().min(400).max(599).optional().describe('of http-status; default 503'),
  grpcStatus: z.enum(failingCodes).optional().describe('of grpc-status; default UNAVAILABLE'),
  retryDelay: durationField().optional().describe('RetryInfo of a gRPC answer'),
  retryAfter: durationField().optional().describe('Retry-After of an HTTP answer, whole seconds'),
  responseDelay: durationField().optional().describe('of slow; default 1s'),
  rejectedItems: z.int().min(1).optional().describe('of partial-success, per request; default 1'),
});
type Params = z.infer<typeof params>;
type Scripted = Params & { action: SinkReply['action'] };

/** The backend behind the pipeline misbehaves: squall's own sink answers by a script, a real one is not to be had. */
export const backendOutage: Fault<Params> = {
  kind: 'backend-outage',
  summary: 'lets the backend behind the pipeline refuse, stall, lie or answer in errors',
  params,
  oneShot: false,
  // Of a real one, as scale has it; the sink's script acts at once.
  effectWithinMs: 60_000,
  absenceWithinMs: 120_000,
  needs: { targets: ['local', 'docker', 'kubernetes', 'external', 'embedded'], power: 'sink' },
  actsOn: ({ action }) => (isReal(action) ? 'backend' : 'sink'),
  rights: [
    {
      when: { action: 'scale' },
      class: 'role',
      rules: [{ group: 'apps', resource: 'workloads', verbs: ['get', 'patch'] }],
    },
    {
      when: { action: 'selector' },
      class: 'role',
      rules: [
        { group: '', resource: 'services', verbs: ['get', 'patch'] },
        { group: 'discovery.k8s.io', resource: 'endpointslices', verbs: ['list'] },
      ],
    },
    { class: 'role', rules: [] },
  ],
  precondition: (member, params) => wayOf(params).precondition(member, params),
  undo: (member, params, context) => wayOf(params).undo(member, params, context),
  inject: (member, params, context) => wayOf(params).inject(member, params, context),
  effect: (member, params, context) => wayOf(params).effect(member, params, context),
  noEffect: async (member, params, context) => wayOf(params).noEffect?.(member, params, context),
  recover: (member, params, context) => wayOf(params).recover(member, params, context),
  absence: (member, params, context) => wayOf(params).absence(member, params, context),
};

function isReal(action: Params['action']): action is keyof typeof ways {
  return action in ways;
}

function wayOf({ action }: Params): Way<Params> {
  return isReal(action) ? ways[action] : scripted;
}

const scripted: Way<Scripted> = {
  precondition: async () => undefined,
  undo: async (_, { action }, context) => {
    const kind = scriptOf(context).endsByItself === true ? 'in-pod' : 'in-process';
    return [{ kind, what: `the sink's ${action}` }];
  },
  inject: async (_, chosen, context) => {
    const { clock, deadlineMs } = context;
    await scriptOf(context).set(replyOf(chosen), clock.nowNs() + deadlineMs * 1e6);
  },
  effect: async (_, { action }, context) => {
    const struck = await scriptOf(context).struck();
    return struck === 0 ? undefined : `${struck} requests met ${action}`;
  },
  recover: async (_, __, context) => {
    const endedNs = await scriptOf(context).set(undefined);
    if (endedNs !== undefined) context.memory.set('endedNs', endedNs);
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
export function replyOf(chosen: Scripted): SinkReply {
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
