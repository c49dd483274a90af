import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { durationField } from '../base/fields.ts';
import { formatDuration, parseDuration } from '../base/units.ts';
import type { Fault } from '../fault/fault.ts';
import { type Draft, entryEndMs } from './draft.ts';
import type { DrillStep } from './drill-spec.ts';
import { type DrillLength, drillTimes } from './drill-times.ts';
import { listAt, parseMost, wrongWord } from './issues.ts';
import { formatPath, type Mistake, type Path, type Source } from './mistakes.ts';
import { rulesOf } from './own-prometheus.ts';
import type { TargetSpec } from './types.ts';

const steps = {
  suspend: z.strictObject({
    suspend: z.string().min(1).describe('what people are asked; the drill goes on when they say so'),
    deadline: durationField({ positive: true }).describe('without their word by then the drill ends'),
    runbook: z.string().min(1).optional().describe('where it says what to do, shown with the question'),
  }),
  fault: z.strictObject({
    fault: z.string().min(1).describe('a fault of the scenario, which has no `at`'),
  }),
  expect: z.strictObject({
    expect: z
      .strictObject({
        alert: z.string().min(1).describe('of the Prometheus of the run'),
        firesWithin: durationField({ positive: true }).describe('from when the fault is in place'),
        resolvesWithin: durationField({ positive: true }).optional().describe('from when it is over'),
      })
      .describe('about the fault of the step before'),
  }),
};
type StepWord = keyof typeof steps;
const words = Object.keys(steps) as StepWord[];

/** The drill block: what `squall gameday` does, step by step. */
export const drillSchema = z.array(z.union([steps.suspend, steps.fault, steps.expect])).min(1);

/** A step as far as it could be read. */
export interface DraftStep {
  path: Path;
  step: DrillStep | undefined;
}

/** The steps of the drill block; undefined where there is none, or no list. */
export function readDrill(source: Source, mistakes: Mistake[]): DraftStep[] | undefined {
  const list = listAt(source.data, 'drill');
  if (list.length === 0) return undefined;
  let fault = '';
  return list.map((raw, index) => {
    const path = ['drill', index];
    const fields = typeof raw === 'object' && raw !== null ? raw : {};
    const word = words.find((one) => Object.hasOwn(fields, one));
    if (word === undefined) {
      const expected = `one of ${words.join(', ')}`;
      const what = `${formatPath(path)} is no step of a drill`;
      mistakes.push({ path, what, expected, next: 'write - fault: NAME' });
      return { path, step: undefined };
    }
    const text = parseMost(source, { schema: steps[word] as z.ZodType<StepText>, path }, mistakes);
    const step = text === undefined ? undefined : toStep(text, fault);
    if (step?.kind === 'fault') fault = step.fault;
    return { path, step };
  });
}

type StepText = z.output<(typeof steps)[StepWord]>;

function toStep(text: StepText, fault: string): DrillStep {
  if ('fault' in text) return { kind: 'fault', fault: text.fault };
  if ('expect' in text) {
    const { alert, firesWithin: firesWithinMs, resolvesWithin } = text.expect;
    const most = resolvesWithin === undefined ? {} : { resolvesWithinMs: resolvesWithin };
    return { kind: 'expect', fault, alert, firesWithinMs, ...most };
  }
  const { suspend: question, deadline: deadlineMs, runbook } = text;
  return { kind: 'suspend', question, deadlineMs, ...(runbook === undefined ? {} : { runbook }) };
}

export function stepsOf(drill: readonly DraftStep[]): DrillStep[] {
  return drill.flatMap(({ step }) => step ?? []);
}

/** The faults of a drill begin when their step comes: here at the latest that this can be. */
export function placed(
  { drill, ...draft }: Pick<Draft, 'faults' | 'drill' | 'warmupMs' | 'target'>,
  kinds: Kinds,
): Draft['faults'] {
  const { faults } = draft;
  if (drill === undefined) return faults;
  const { atMs } = drillTimes(stepsOf(drill), lengthOf(draft, kinds));
  return faults.map((one) =>
    one.spec === undefined
      ? one
      : { ...one, spec: { ...one.spec, atMs: atMs.get(one.spec.name) ?? one.spec.atMs } },
  );
}

type Kinds = Record<string, Pick<Fault, 'effectWithinMs' | 'absenceWithinMs'>>;

function lengthOf(
  { faults, warmupMs, target }: Pick<Draft, 'faults' | 'warmupMs' | 'target'>,
  kinds: Kinds,
): DrillLength {
  const specOf = (name: string) => faults.find((one) => one.name === name)?.spec;
  return {
    fromMs: warmupMs,
    durationMs: (name) => specOf(name)?.durationMs ?? 0,
    strokeMs: (name) => {
      const { effectWithinMs = 0, absenceWithinMs = 0 } = kinds[specOf(name)?.kind ?? ''] ?? {};
      return { effectMs: effectWithinMs, absenceMs: absenceWithinMs };
    },
    everyMs: target === undefined ? 0 : rulesEveryMs(target),
  };
}

export function checkDrill(draft: Draft, kinds: Kinds): Mistake[] {
  const { drill, faults } = draft;
  if (drill === undefined) return [];
  return [
    ...checkNames(drill, faults),
    ...drill.flatMap(({ path, step }) => (step?.kind === 'expect' ? checkExpect(draft, path, step) : [])),
    ...checkLength(draft, kinds),
    ...checkOthers(draft),
  ];
}

/** Every fault is begun by one step. */
function checkNames(drill: readonly DraftStep[], faults: Draft['faults']): Mistake[] {
  const mistakes: Mistake[] = [];
  const names = faults.flatMap(({ name }) => (name === undefined ? [] : [name]));
  const begun = new Set<string>();
  for (const { path, step } of drill) {
    if (step?.kind !== 'fault') continue;
    const at = [...path, 'fault'];
    const what = 'the drill names no fault of the scenario';
    if (!names.includes(step.fault)) mistakes.push(wrongWord(at, { what, word: step.fault, words: names }));
    else if (begun.has(step.fault)) {
      const next = 'add a second fault of another name under faults';
      mistakes.push({ path: at, what: 'a fault is done once', found: step.fault, next });
    }
    begun.add(step.fault);
  }
  for (const { name, path } of faults) {
    if (name === undefined || begun.has(name)) continue;
    const what = `no step of the drill begins the fault ${name}`;
    mistakes.push({ path, what, next: `add - fault: ${name} to drill, or remove it` });
  }
  return mistakes;
}

function checkExpect({ target }: Draft, path: Path, step: DrillStep & { kind: 'expect' }): Mistake[] {
  const mistakes: Mistake[] = [];
  if (step.fault === '') {
    const what = 'no fault stands before this step: an alert is expected of one';
    mistakes.push({ path: [...path, 'expect'], at: 'key', what, next: 'put - fault: NAME before it' });
  }
  if (target === undefined || target.prometheus !== undefined) return mistakes;
  const rules = rulesOf(target);
  const at = [...path, 'expect', 'alert'];
  if (rules === undefined) {
    const what = 'there is no Prometheus with alerting rules to ask';
    const expected = 'target.prometheus, or rules: FILE beside the members';
    return [...mistakes, { path: at, what, expected, next: 'add rules: alerts.yaml to the target' }];
  }
  const alerts = groupsIn(rules)?.flatMap((group) => group.rules.flatMap(({ alert }) => alert ?? []));
  if (alerts === undefined || alerts.includes(step.alert)) return mistakes;
  const what = 'the rules have no such alert';
  return [...mistakes, wrongWord(at, { what, word: step.alert, words: alerts })];
}

/** evaluation_interval where a Prometheus says nothing else, and nobody asks it before the run. */
const foreignEveryMs = 60_000;

function rulesEveryMs(target: TargetSpec): number {
  if (target.prometheus !== undefined) return foreignEveryMs;
  const groups = groupsIn(rulesOf(target)) ?? [];
  return Math.max(0, ...groups.map(({ interval = '' }) => parseDuration(interval) ?? 0));
}

const rulesShape = z.object({
  groups: z.array(
    z.object({
      interval: z.string().optional(),
      rules: z.array(z.object({ alert: z.string().optional() })),
    }),
  ),
});

/** Undefined where the file cannot be read as rules, which others say. */
function groupsIn(file: string | undefined): z.output<typeof rulesShape>['groups'] | undefined {
  try {
    return file === undefined ? undefined : rulesShape.parse(parse(readFileSync(file, 'utf8'))).groups;
  } catch {
    return undefined;
  }
}

/** The load ends with the drill; it must not end before, as one without a pace does when all of it is sent. */
function checkLength(draft: Draft, kinds: Kinds): Mistake[] {
  const { drill = [], faults, load } = draft;
  const paced = load.filter(({ spec }) => spec?.executor.kind !== 'shared-iterations');
  const ends = paced.map(({ spec }) => (spec === undefined ? undefined : entryEndMs(spec)));
  const known = drill.flatMap(({ step }) => step ?? []);
  const whole = known.length === drill.length && faults.every(({ spec }) => spec !== undefined);
  if (!whole || load.length === 0 || ends.includes(undefined)) return [];
  const { endMs } = drillTimes(known, lengthOf(draft, kinds));
  const loadMs = Math.max(0, ...ends.filter((end) => end !== undefined));
  if (loadMs >= endMs) return [];
  return [
    {
      path: ['drill'],
      at: 'key',
      what: 'the load may be over before the drill',
      expected: `a load of ${formatDuration(Math.ceil(endMs / 1000) * 1000)}, as long as all deadlines, faults and alerts may take; it ends with the drill`,
      found: formatDuration(loadMs),
      next: 'lengthen the load, or shorten the deadlines',
    },
  ];
}

function checkOthers({ capacity, compare }: Draft): Mistake[] {
  const blocks = { capacity, compare };
  return Object.entries(blocks).flatMap(([key, block]) =>
    block === undefined
      ? []
      : [{ path: [key], at: 'key', what: `a scenario with a drill has no ${key}`, next: `remove ${key}` }],
  );
}
