import { createHash } from 'node:crypto';
import { SquallError } from '../base/errors.ts';
import { triesMax } from '../capacity/search-state.ts';
import type { StudySettings } from '../capacity/study.ts';
import type { CapacitySpec } from '../scenario/capacity-spec.ts';
import type { Scenario } from '../scenario/types.ts';
import type { SearchRecord, TrialLine } from './capacity-record.ts';

/** What is asked of a search now, which may be more than when it was begun. */
export interface Asked {
  /** Name of the scenario. */
  scenario: string;
  conditions: string;
  capacity: CapacitySpec;
  /** Seconds for all trials. */
  budgetS: number;
  study?: StudySettings;
  dayCurve?: string;
}

/**
 * The record as it goes on: the trials of the search itself stay, with the budget that is asked for now. What follows a
 * found capacity (peak, replicas, faults, settings) may be asked anew: then its former trials go, for they answered
 * another question. Invalid trials that ended the search go too: it is gone on with once their cause is over. Throws
 * SQ-USAGE where the search itself was another one, or trials of now would not be like those of then; `dir`: where its
 * record lies.
 */
export function continued({ head, trials }: SearchRecord, asked: Asked, dir: string): SearchRecord {
  const { scenario, capacity, study, dayCurve } = asked;
  if (head.scenario !== scenario || question(head.capacity) !== question(capacity)) {
    throw new SquallError({
      code: 'SQ-USAGE',
      what: 'the search of this folder asks another question',
      where: dir,
      expected: `${head.scenario}, ${question(head.capacity)}`,
      found: `${scenario}, ${question(capacity)}`,
      next: 'squall capacity SCENARIO, without --resume',
    });
  }
  if (head.conditions !== undefined && head.conditions !== asked.conditions) {
    throw new SquallError({
      code: 'SQ-USAGE',
      what: 'the scenario is no longer the one that was searched, and its trials would not be like the former ones',
      where: dir,
      expected: `load, target, faults, SLOs and collector configurations as they were on ${head.startedAt}`,
      next: 'squall capacity SCENARIO, without --resume',
    });
  }
  const { fullS, overheadS } = head.settings;
  const settings = { ...head.settings, budgetS: Math.max(asked.budgetS, fullS + overheadS) };
  const { study: former, dayCurve: _, ...kept } = head;
  const isSame = JSON.stringify(former) === JSON.stringify(study);
  return {
    head: {
      ...kept,
      settings,
      capacity,
      ...(study === undefined ? {} : { study }),
      ...(dayCurve === undefined ? {} : { dayCurve }),
    },
    trials: withoutInvalidEnd(
      isSame ? trials : trials.filter(({ outcome }) => outcome.variant === undefined),
    ),
  };
}

function withoutInvalidEnd(trials: TrialLine[]): TrialLine[] {
  const valid = trials.findLastIndex(({ outcome }) => outcome.status !== 'invalid') + 1;
  return trials.length - valid < triesMax ? trials : trials.slice(0, valid);
}

/** All that decides how a trial goes but its rate, and what is asked of the search. */
export function conditionsOf(scenario: Scenario, configs: Readonly<Record<string, string>>): string {
  const { capacity: _, name: _1, description: _2, ...rest } = scenario;
  return createHash('sha256')
    .update(JSON.stringify([rest, configs]))
    .digest('hex');
}

function question({ vary, minPerS, maxPerS, trialMs, width }: CapacitySpec): string {
  return JSON.stringify([vary, minPerS, maxPerS, trialMs, width]);
}
