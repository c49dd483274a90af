import { type Signal, signals } from '../base/signal.ts';
import { checkEmptyWindow } from './check-windows.ts';
import { type Draft, type DraftSlo, stageName } from './draft.ts';
import { wrongWord } from './issues.ts';
import {
  findMeasure,
  formatAggregations,
  formatMeasure,
  type Measure,
  measures,
  parseMeasure,
} from './measures.ts';
import type { Mistake } from './mistakes.ts';
import { aggregationName, parseThreshold } from './threshold.ts';
import { collectorsOf, type SloSpec, type ThresholdSpec } from './types.ts';

/** The SLOs whose meaning is right; mistakes of the others go to `mistakes`. */
export function checkSlos(draft: Draft, mistakes: Mistake[]): SloSpec[] {
  const taken = new Set<string>();
  return draft.slos.flatMap((slo): SloSpec[] => {
    const before = mistakes.length;
    const source = readSourceOf(slo, draft, mistakes);
    const window = slo.window ?? 'run';
    mistakes.push(...checkWindow(draft, slo, window));
    const thresholds = source === undefined ? [] : readThresholds(slo, source, mistakes);
    const name = nameOf(slo, { window, taken, mistakes });
    if (source === undefined || mistakes.length > before) return [];
    return [{ name, source: source.spec, unit: source.unit, thresholds, window }];
  });
}

interface SloSource {
  spec: SloSpec['source'];
  unit: string;
  /** Undefined for promql, whose only aggregation is value. */
  measure?: Measure;
}

function readSourceOf(slo: DraftSlo, draft: Draft, mistakes: Mistake[]): SloSource | undefined {
  const { measure, promql, path } = slo;
  if ((measure === undefined) === (promql === undefined)) {
    const what = measure === undefined ? 'the SLO has nothing to measure' : 'the SLO has two sources';
    const expected = 'either measure or promql';
    mistakes.push({
      path,
      what,
      expected,
      next: measure === undefined ? 'add measure or promql' : 'remove one',
    });
    return undefined;
  }
  if (promql !== undefined) {
    if (slo.unit !== undefined) return { spec: { kind: 'promql', query: promql }, unit: slo.unit };
    const next = 'add unit: ..., such as ms, batches, ratio or items/s';
    mistakes.push({
      path: [...path, 'unit'],
      at: 'key',
      what: 'a promql SLO states its unit',
      expected: 'unit',
      next,
    });
    return undefined;
  }
  if (slo.unit !== undefined) {
    const next = 'remove unit, and write it in the threshold if another than the base unit is meant';
    mistakes.push({
      path: [...path, 'unit'],
      at: 'key',
      what: 'the unit of a measure is fixed',
      found: slo.unit,
      next,
    });
  }
  return readMeasure(slo, draft, mistakes);
}

function readMeasure(slo: DraftSlo, draft: Draft, mistakes: Mistake[]): SloSource | undefined {
  const path = [...slo.path, 'measure'];
  const text = slo.measure ?? '';
  const parsed = parseMeasure(text);
  if (parsed === undefined) {
    const expected = 'NAME or NAME{tag:value}, such as ack_duration{signal:traces}';
    mistakes.push({
      path,
      what: 'the measure has another form',
      expected,
      found: text,
      next: 'correct the measure',
    });
    return undefined;
  }
  const measure = findMeasure(parsed.name);
  if (measure === undefined) {
    const words = Object.keys(measures);
    const next = 'see `squall explain measure`';
    mistakes.push(wrongWord(path, { what: 'there is no such measure', word: parsed.name, words, next }));
    return undefined;
  }
  const wrong = checkTags(draft, { path: slo.path, name: parsed.name, tags: parsed.tags, measure });
  mistakes.push(...wrong);
  if (wrong.length > 0) return undefined;
  const { signal, load, fault, member } = parsed.tags;
  return {
    spec: {
      kind: 'measure',
      measure: parsed.name,
      tags: {
        ...(signal === undefined ? {} : { signal: signal as Signal }),
        ...(load === undefined ? {} : { load }),
        ...(fault === undefined ? {} : { fault }),
        ...(member === undefined ? {} : { member }),
      },
    },
    unit: measure.unit,
    measure,
  };
}

function allowedTags(draft: Draft, { source, needs }: Measure): Record<string, readonly string[]> {
  if (source === 'members')
    return { member: draft.target === undefined ? [] : Object.keys(collectorsOf(draft.target)) };
  return {
    signal: signals,
    load: draft.load.map((entry) => entry.name),
    ...(needs === 'fault' ? { fault: faultNames(draft) } : {}),
  };
}

function checkTags(
  draft: Draft,
  one: { path: DraftSlo['path']; name: string; tags: Record<string, string>; measure: Measure },
): Mistake[] {
  const path = [...one.path, 'measure'];
  const allowed = allowedTags(draft, one.measure);
  const mistakes = Object.entries(one.tags).flatMap(([key, word]): Mistake[] => {
    const words = allowed[key];
    if (words === undefined) {
      const what = `${one.name} has no tag ${key}`;
      return [wrongWord(path, { what, word: key, words: Object.keys(allowed), next: `remove ${key}` })];
    }
    return words.includes(word) ? [] : [wrongWord(path, { what: `there is no ${key} ${word}`, word, words })];
  });
  if (one.measure.needs === 'fault' && one.tags.fault === undefined) {
    const expected = `${one.name}{fault:NAME}`;
    mistakes.push({
      path,
      what: `${one.name} belongs to a fault`,
      expected,
      found: one.name,
      next: `write ${expected}`,
    });
  }
  return mistakes.length > 0 ? mistakes : checkSent(draft, path, one.tags);
}

/** A measure of a signal that nothing sends would be unknown for ever. */
function checkSent(draft: Draft, path: Mistake['path'], tags: Record<string, string>): Mistake[] {
  const specs = draft.load.map((entry) => entry.spec);
  if (specs.some((spec) => spec === undefined)) return [];
  const fits = specs.some(
    (spec) =>
      (tags.signal === undefined || spec?.signal === tags.signal) &&
      (tags.load === undefined || spec?.name === tags.load),
  );
  if (fits || specs.length === 0) return [];
  const found = formatMeasure({ name: '', tags });
  const expected = `the signal of a load entry: ${specs.map((spec) => `${spec?.name} sends ${spec?.signal}`).join(', ')}`;
  return [
    { path, what: 'no load entry sends this', expected, found, next: 'correct the tags or add a load entry' },
  ];
}

function checkWindow(draft: Draft, slo: DraftSlo, window: string): Mistake[] {
  const windows = windowNames(draft);
  if (windows.includes(window)) return checkEmptyWindow(draft, slo, window);
  const path = [...slo.path, 'window'];
  const [when, fault] = window.split(':');
  if (fault !== undefined && ['before', 'during', 'after'].includes(when ?? '')) {
    return [
      wrongWord(path, {
        what: `the window names a fault that is not there`,
        word: fault,
        words: faultNames(draft),
      }),
    ];
  }
  return [wrongWord(path, { what: 'there is no such window', word: window, words: windows })];
}

/** Every window of the scenario: run, ENTRY, ENTRY/STAGE, before:F, during:F, after:F. */
export function windowNames(draft: Draft): string[] {
  const entries = draft.load.flatMap(({ name, spec }) => {
    const stages = spec?.executor.kind === 'ramping-arrival-rate' ? spec.executor.stages : [];
    return [name, ...stages.map((stage, index) => `${name}/${stageName(stage, index)}`)];
  });
  const faults = faultNames(draft).flatMap((name) => [`before:${name}`, `during:${name}`, `after:${name}`]);
  return [...new Set(['run', ...entries, ...faults])];
}

function faultNames(draft: Draft): string[] {
  return [...new Set(draft.faults.flatMap(({ name }) => (name === undefined ? [] : [name])))];
}

function readThresholds(slo: DraftSlo, source: SloSource, mistakes: Mistake[]): ThresholdSpec[] {
  return slo.thresholds.flatMap((one, index): ThresholdSpec[] => {
    const path = [...slo.path, 'thresholds', index];
    const parsed = parseThreshold(one.text, source.unit);
    if ('expected' in parsed) {
      const { expected, found, better } = parsed;
      const next = better === undefined ? 'correct the threshold' : `write ${better}`;
      mistakes.push({ path, what: `the threshold "${one.text}" cannot be read`, expected, found, next });
      return [];
    }
    const name = aggregationName(parsed.aggregation);
    const allowed = source.measure?.aggregations ?? ['value'];
    if (!allowed.includes(name)) {
      const what = `${slo.measure ?? 'a promql SLO'} cannot be judged by ${formatAggregations([name])}`;
      const expected = `one of ${formatAggregations(allowed)}`;
      mistakes.push({
        path,
        what,
        expected,
        found: one.text,
        next: `use ${formatAggregations(allowed.slice(0, 1))}`,
      });
      return [];
    }
    return [{ ...one, ...parsed }];
  });
}

function nameOf(slo: DraftSlo, context: { window: string; taken: Set<string>; mistakes: Mistake[] }): string {
  const { window, taken, mistakes } = context;
  const text = slo.name ?? `${slo.measure ?? slo.promql ?? 'slo'}${window === 'run' ? '' : ` in ${window}`}`;
  let name = text;
  for (let copy = 2; taken.has(name); copy++) name = `${text} #${copy}`;
  if (slo.name !== undefined && taken.has(slo.name)) {
    const what = 'two SLOs have one name';
    mistakes.push({ path: [...slo.path, 'name'], what, found: slo.name, next: 'choose another name' });
  }
  taken.add(name);
  return name;
}
