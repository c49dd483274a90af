import type { z } from 'zod';
import type { Fault } from '../fault/fault.ts';
import { capacitySchema, checkCapacity, toCapacitySpec } from './capacity-schema.ts';
import { checkFaults } from './check-faults.ts';
import { checkLoad } from './check-load.ts';
import { checkSlos } from './check-slos.ts';
import { checkTarget } from './check-target.ts';
import { checkCompare, compareSchema, toCompareSpec } from './compare-schema.ts';
import type { Draft, DraftSlo } from './draft.ts';
import { checkDrill, placed, readDrill, stepsOf } from './drill-schema.ts';
import { dataAt, listAt, parseMost } from './issues.ts';
import { platformOf } from './kind-spec.ts';
import { loadSchema, toLoadSpec } from './load-schema.ts';
import type { Mistake, Source } from './mistakes.ts';
import { scenarioError } from './mistakes.ts';
import { readFaults } from './read-faults.ts';
import { sloSchema, topSchema } from './schema.ts';
import { readSource, type SourceOptions } from './source.ts';
import { targetSchema } from './target-schema.ts';
import { secretsOf } from './target-secrets.ts';
import { toTargetSpec } from './target-spec.ts';
import {
  backendsOf,
  collectorsOf,
  type FaultSpec,
  type LoadSpec,
  type Scenario,
  type SloSpec,
} from './types.ts';

export interface ParseOptions extends SourceOptions {
  /** The kinds of faults, as the registry has them. */
  faults: Record<string, Fault>;
  checkQuery?: CheckQuery;
}

/** What is wrong with a PromQL query over a test window, if anything. */
export type CheckQuery = (query: string) => { what: string; expected: string; found: string; next: string }[];

export interface ParsedScenario {
  scenario: Scenario;
  /** Values that must never reach a disk, page or log. */
  secrets: string[];
}

/** A scenario from YAML. Throws one SquallError that holds every mistake, with its place and what to do. */
export function parseScenario(text: string, options: ParseOptions): ParsedScenario {
  const mistakes: Mistake[] = [];
  const source = readSource(text, options, mistakes);
  return checkScenario(source, options, mistakes);
}

/** The same from plain data, for scenarios that are written as modules. `mistakes`: those found on the way. */
export function checkScenario(
  source: Source,
  options: Pick<ParseOptions, 'faults' | 'checkQuery'>,
  mistakes: Mistake[] = [],
): ParsedScenario {
  const { faults } = options;
  if (typeof source.data !== 'object' || source.data === null || Array.isArray(source.data)) {
    const expected = 'a mapping with apiVersion, name, target, load, faults and slos';
    mistakes.push({ path: [], what: 'this is not a scenario', expected, next: 'start from `squall init`' });
    throw scenarioError(source, mistakes);
  }
  const top = parseMost(source, { schema: topSchema, path: [] }, mistakes);
  const before = mistakes.length;
  const targetPart = dataAt(source.data, ['target']);
  const target =
    targetPart === undefined
      ? undefined
      : parseMost(source, { schema: targetSchema, path: ['target'] }, mistakes);
  const targetWhole = mistakes.length === before;
  const targetSpec = target === undefined ? undefined : toTargetSpec(target, source.baseDir(['target']));
  const drill = readDrill(source, mistakes);
  const warmupMs = top?.warmup ?? 0;
  const draft: Draft = {
    target: targetSpec,
    targetWhole,
    able: targetSpec === undefined ? [] : kindsOf(faults, platformOf(targetSpec.kind)),
    warmupMs,
    limits: top?.limits ?? (dataAt(source.data, ['limits']) === undefined ? undefined : 'wrong'),
    load: readLoad(source, mistakes),
    faults: placed(
      { faults: readFaults(source, faults, mistakes), drill, warmupMs, target: targetSpec },
      faults,
    ),
    slos: readSlos(source, mistakes),
    capacity: readBlock(source, { key: 'capacity', schema: capacitySchema, to: toCapacitySpec }, mistakes),
    compare: readBlock(source, { key: 'compare', schema: compareSchema, to: toCompareSpec }, mistakes),
    drill,
  };
  const named = typeof targetPart === 'object' && targetPart !== null ? Object.keys(targetPart) : [];
  mistakes.push(
    ...checkTarget(draft, named),
    ...checkLoad(draft),
    ...checkFaults(draft, faults),
    ...checkCapacity(draft),
    ...checkCompare(draft),
    ...checkDrill(draft, faults),
  );
  if (options.checkQuery !== undefined) mistakes.push(...checkQueries(draft, options.checkQuery));
  const slos = checkSlos(draft, mistakes);
  if (mistakes.length > 0 || top === undefined || targetSpec === undefined)
    throw scenarioError(source, mistakes);
  const secrets = new Set([...source.secrets, ...secretsOf(targetSpec)].filter((secret) => secret !== ''));
  return { scenario: toScenario({ top, draft, slos, baseDir: source.baseDir([]) }), secrets: [...secrets] };
}

function checkQueries(draft: Draft, checkQuery: CheckQuery): Mistake[] {
  return draft.slos.flatMap(({ promql, path }) =>
    promql === undefined
      ? []
      : checkQuery(promql).map(({ what, expected, found, next }) => ({
          path: [...path, 'promql'],
          what,
          expected,
          found,
          next,
        })),
  );
}

function toScenario(parts: {
  top: z.output<typeof topSchema>;
  draft: Draft;
  slos: SloSpec[];
  baseDir: string;
}): Scenario {
  const { top, draft, slos, baseDir } = parts;
  if (draft.target === undefined) throw new RangeError('a scenario without a target was not refused');
  return {
    apiVersion: top.apiVersion,
    name: top.name,
    description: top.description ?? '',
    baseDir,
    target: draft.target,
    warmupMs: draft.warmupMs,
    load: Object.fromEntries(
      draft.load.flatMap(({ name, spec }): [string, LoadSpec][] =>
        spec === undefined ? [] : [[name, spec]],
      ),
    ),
    faults: draft.faults.flatMap(({ spec }) => (spec === undefined ? [] : [withMember(spec, draft)])),
    slos,
    ...(top.settle === undefined ? {} : { settleMs: top.settle }),
    ...(top.expect === undefined ? {} : { expect: top.expect }),
    ...(top.limits === undefined ? {} : { limits: top.limits }),
    ...(draft.capacity === undefined ? {} : { capacity: draft.capacity }),
    ...(draft.compare === undefined ? {} : { compare: draft.compare }),
    ...(draft.drill === undefined ? {} : { drill: stepsOf(draft.drill) }),
  };
}

/** A fault of a target with one member acts on that one; the embedded collector stands in for whichever is named. */
function withMember(spec: FaultSpec, draft: Draft): FaultSpec {
  if (draft.target?.kind === 'embedded' && spec.acts !== 'sink')
    return { ...spec, selector: { ...spec.selector, member: embeddedMember } };
  const among = spec.acts === 'backend' ? backendsOf : collectorsOf;
  const names = draft.target === undefined ? [] : Object.keys(among(draft.target));
  const only = names.length === 1 ? names[0] : undefined;
  if (spec.acts === 'sink' || spec.selector.member !== undefined || only === undefined) return spec;
  return { ...spec, selector: { ...spec.selector, member: only } };
}

/** As target/embedded names its only member. */
const embeddedMember = 'embedded';

function kindsOf(faults: Record<string, Fault>, target: string): string[] {
  return Object.keys(faults).filter((kind) => faults[kind]?.needs.targets.includes(target));
}

function readLoad(source: Source, mistakes: Mistake[]): Draft['load'] {
  const load = dataAt(source.data, ['load']);
  if (typeof load !== 'object' || load === null) return [];
  return Object.keys(load).map((name) => {
    const path = ['load', name];
    const text = parseMost(source, { schema: loadSchema, path }, mistakes);
    return { name, path, spec: text === undefined ? undefined : toLoadSpec(name, text) };
  });
}

function readBlock<T, S>(
  source: Source,
  { key, schema, to }: { key: string; schema: z.ZodType<T>; to(text: T, baseDir: string): S },
  mistakes: Mistake[],
): S | undefined {
  if (dataAt(source.data, [key]) === undefined) return undefined;
  const text = parseMost(source, { schema, path: [key] }, mistakes);
  return text === undefined ? undefined : to(text, source.baseDir([key]));
}

function readSlos(source: Source, mistakes: Mistake[]): DraftSlo[] {
  return listAt(source.data, 'slos').flatMap((_, index): DraftSlo[] => {
    const path = ['slos', index];
    const text = parseMost(source, { schema: sloSchema, path }, mistakes);
    if (text === undefined) return [];
    const thresholds = text.thresholds.map((one) =>
      typeof one === 'string'
        ? { text: one, abortOnFail: false, delayAbortEvalMs: 0 }
        : {
            text: one.threshold,
            abortOnFail: one.abortOnFail ?? false,
            delayAbortEvalMs: one.delayAbortEval ?? 0,
          },
    );
    const { name, measure, promql, unit, window } = text;
    return [{ path, name, measure, promql, unit, window, thresholds }];
  });
}
