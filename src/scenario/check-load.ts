import { approximateItems, type Draft, entryEndMs, peakPerS, stageName } from './draft.ts';
import type { Mistake, Path } from './mistakes.ts';
import { formatPath } from './mistakes.ts';
import { namePattern } from './target-schema.ts';
import type { LoadSpec } from './types.ts';

const ratePerSMax = 1e9;
/** Sequence numbers of a stream have 48 bits. */
const itemsMax = 2 ** 48;

export function checkLoad(draft: Draft): Mistake[] {
  if (draft.load.length === 0) {
    const next = 'add an entry, such as spans: {signal: traces, ...}';
    return [
      { path: ['load'], at: 'key', what: 'load has no entry', expected: 'at least one load entry', next },
    ];
  }
  const mistakes = draft.load.flatMap(({ name, path, spec }) => [
    ...checkName(name, path),
    ...(spec === undefined ? [] : [...checkAmount(spec, path), ...checkStages(spec, path)]),
  ]);
  return [...mistakes, ...checkWarmup(draft)];
}

/** Names of entries and faults become parts of window names. */
export function checkName(name: string, path: Path): Mistake[] {
  if (namePattern.test(name) && name !== 'run') return [];
  return [
    {
      path,
      at: path.at(-1) === name ? 'key' : 'value',
      what: `${formatPath(path)}: the name cannot be used in a window`,
      expected: 'letters, digits, - and _; "run" is the window of the whole run',
      found: name,
      next: 'choose another name',
    },
  ];
}

function checkAmount(spec: LoadSpec, path: Path): Mistake[] {
  const peak = peakPerS(spec);
  if (Number.isFinite(peak) && peak > ratePerSMax) {
    return [
      {
        path,
        at: 'key',
        what: `${formatPath(path)} asks for an impossible rate`,
        expected: 'at most 1e9 items per second',
        found: `${peak} items per second`,
        next: 'lower the rate or lengthen timeUnit',
      },
    ];
  }
  const items = approximateItems(spec);
  if (items >= 1 - 1e-9 && items < itemsMax) return [];
  return [
    {
      path,
      at: 'key',
      what: items < 1 ? `${formatPath(path)} sends nothing` : `${formatPath(path)} sends too much`,
      expected: 'from 1 to 2^48 items in all',
      found: `${items} items`,
      next: items < 1 ? 'raise the rate or the duration' : 'lower the rate or the duration',
    },
  ];
}

function checkStages(spec: LoadSpec, path: Path): Mistake[] {
  if (spec.executor.kind !== 'ramping-arrival-rate') return [];
  const seen = new Set<string>();
  return spec.executor.stages.flatMap((stage, index): Mistake[] => {
    const name = stageName(stage, index);
    const here = [...path, 'stages', index, 'name'];
    const again = seen.has(name);
    seen.add(name);
    if (!again) return checkName(name, here);
    const next = 'give each stage a name of its own';
    return [{ path: here, what: `two stages of ${spec.name} have one name`, found: name, next }];
  });
}

function checkWarmup(draft: Draft): Mistake[] {
  const ends = draft.load.flatMap(({ spec }) => (spec === undefined ? [] : [entryEndMs(spec)]));
  if (draft.warmupMs === 0 || ends.length === 0 || Math.max(...ends) > draft.warmupMs) return [];
  return [
    {
      path: ['warmup'],
      what: 'the warm-up is as long as the load, so that nothing is left to judge',
      expected: `less than ${Math.max(...ends) / 1000}s`,
      next: 'shorten warmup or lengthen the load',
    },
  ];
}
