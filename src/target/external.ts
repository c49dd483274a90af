import type { Clock } from '../base/clock.ts';
import type { TargetSpec } from '../scenario/types.ts';
import { readPipelineFacts } from './collector-config.ts';
import { quietOf, reachOf, settleOf } from './residence.ts';
import { stockGateway } from './stock-gateway.ts';
import type { Member, Target } from './target.ts';

/**
 * A pipeline that is there already: squall starts and stops nothing of it, and has no power over it. Its settings are
 * not known; residence is taken as that of one stock collector unless the scenario gives `settle`.
 */
export async function startExternal(options: {
  spec: TargetSpec & { kind: 'external' };
  clock: Clock;
}): Promise<Target> {
  const { spec } = options;
  const member: Member = { name: 'external', group: 'external', otlp: spec.otlp, version: 'unknown' };
  const hops = [{ member: 'external', facts: readPipelineFacts(stockGateway()) }];
  const reach = reachOf(hops);
  return {
    kind: 'external',
    members: [member],
    entry: [member],
    reach: { ns: reach.ns, parts: ['settings unknown, taken as those of a stock collector', ...reach.parts] },
    settleNs: spec.settleMs === undefined ? settleOf(hops) : spec.settleMs * 1e6,
    quietNs: quietOf(hops),
    notes: [],
    down: async () => {
      // Nothing was started.
    },
  };
}
