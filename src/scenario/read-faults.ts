import { z } from 'zod';
import { formatDuration } from '../base/units.ts';
import type { Fault } from '../fault/fault.ts';
import type { DraftFault } from './draft.ts';
import { dataAt, listAt, parseMost, parsePart, unknownKey, wrongWord } from './issues.ts';
import type { Mistake, Path, Source } from './mistakes.ts';
import { formatPath } from './mistakes.ts';
import { faultCommon, objectOf, toSelector } from './schema.ts';
import type { FaultSpec } from './types.ts';

/** The faults of a scenario: common fields by the schema, the kind's own by the kind's parameters. */
export function readFaults(source: Source, faults: Record<string, Fault>, mistakes: Mistake[]): DraftFault[] {
  return listAt(source.data, 'faults').map((raw, index): DraftFault => {
    const path = ['faults', index];
    const fields = typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>) : {};
    const kind = typeof fields.kind === 'string' ? fields.kind : undefined;
    const name = typeof fields.name === 'string' ? fields.name : kind;
    return { name, kind, path, spec: readFault(source, { path, fields, faults }, mistakes) };
  });
}

function readFault(
  source: Source,
  one: { path: Path; fields: Record<string, unknown>; faults: Record<string, Fault> },
  mistakes: Mistake[],
): FaultSpec | undefined {
  const { path, fields, faults } = one;
  const kinds = Object.keys(faults);
  const fault =
    typeof fields.kind === 'string' && Object.hasOwn(faults, fields.kind) ? faults[fields.kind] : undefined;
  if (fault === undefined) {
    mistakes.push(
      fields.kind === undefined
        ? {
            path: [...path, 'kind'],
            at: 'key',
            what: `${formatPath(path)} has no kind`,
            expected: `one of ${kinds.join(', ')}`,
            next: 'add kind',
          }
        : wrongWord([...path, 'kind'], {
            what: 'there is no such kind of fault',
            word: String(fields.kind),
            words: kinds,
          }),
    );
  }
  const common = parseMost(source, { schema: z.looseObject(timedFields(source)), path }, mistakes);
  if (fault === undefined) return undefined;
  const params = readParams(source, { path, fields, fault }, mistakes);
  mistakes.push(...checkLength(path, fields, fault), ...checkDrilled(source, path, fields));
  if (common === undefined) return undefined;
  const acts = (params === undefined ? undefined : fault.actsOn?.(params)) ?? fault.needs.power;
  return {
    name: common.name ?? fault.kind,
    kind: fault.kind,
    atMs: common.at ?? 0,
    ...(common.duration === undefined ? {} : { durationMs: common.duration }),
    selector: toSelector(common.selector ?? {}),
    params: (params ?? {}) as Record<string, unknown>,
    ...(acts === undefined ? {} : { acts }),
  };
}

/** The kind's own fields. An unknown one is a mistake even where the kind's schema would drop it. */
function readParams(
  source: Source,
  one: { path: Path; fields: Record<string, unknown>; fault: Fault },
  mistakes: Mistake[],
): unknown {
  const common = ['kind', ...Object.keys(faultCommon)];
  const own = objectOf(one.fault.params);
  const keys = own === undefined ? undefined : Object.keys(own.shape);
  const unknown = Object.keys(one.fields).filter(
    (key) => !common.includes(key) && keys?.includes(key) === false,
  );
  mistakes.push(...unknown.map((key) => unknownKey([...one.path, key], key, [...common, ...(keys ?? [])])));
  const read = () =>
    Object.fromEntries(
      Object.entries((dataAt(source.data, one.path) ?? {}) as Record<string, unknown>).filter(
        ([key]) => !common.includes(key) && !unknown.includes(key),
      ),
    );
  return parsePart(source, { schema: one.fault.params, path: one.path, data: read }, mistakes);
}

/** Only the steps of a drill can say in its place when a fault begins. */
function timedFields(source: Source) {
  const { at } = faultCommon;
  return { ...faultCommon, at: isDrilled(source) ? at : at.unwrap() };
}

function checkDrilled(source: Source, path: Path, fields: Record<string, unknown>): Mistake[] {
  if (!isDrilled(source) || fields.at === undefined) return [];
  const what = 'the steps of the drill say when a fault begins';
  return [{ path: [...path, 'at'], at: 'key', what, next: 'remove at' }];
}

function isDrilled(source: Source): boolean {
  return dataAt(source.data, ['drill']) !== undefined;
}

/** No fault without a deadline; no duration for what happens at an instant. */
function checkLength(path: Path, fields: Record<string, unknown>, fault: Fault): Mistake[] {
  const given = fields.duration !== undefined;
  if (given !== fault.oneShot) return [];
  const at = [...path, 'duration'];
  if (given) {
    return [
      {
        path: at,
        at: 'key',
        what: `${fault.kind} happens at an instant and has no duration`,
        next: 'remove duration',
      },
    ];
  }
  const expected = 'a duration, after which the fault is undone';
  return [
    {
      path: at,
      at: 'key',
      what: `${fault.kind} needs a duration`,
      expected,
      next: `add duration: ${formatDuration(5000)}`,
    },
  ];
}
