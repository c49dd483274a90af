import { z } from 'zod';
import { errorCodes } from '../base/errors.ts';
import { findingCodes } from '../base/finding-codes.ts';
import { capacitySchema } from './capacity-schema.ts';
import { compareSchema } from './compare-schema.ts';
import { drillSchema } from './drill-schema.ts';
import {
  commonFields,
  faultParameters,
  type JsonField,
  type Registry,
  targetMeanings,
  typeText,
} from './explain.ts';
import { loadSchema } from './load-schema.ts';
import { formatAggregations, type Measure, measures } from './measures.ts';
import { selectorSchema, sloSchema, topSchema } from './schema.ts';
import { targetSchema } from './target-schema.ts';

/** docs/reference.md, made from the tables that the program itself uses. */
export function referencePage(registry: Registry): string {
  const parts = [
    '# Reference',
    'Made from the tables of the program; a test fails when it is stale, and `vitest run test/unit/scenario/reference-page.test.ts -u` writes it anew.',
    ...scenarioPart(),
    ...targetPart(registry),
    ...loadPart(),
    ...capacityPart(),
    ...comparePart(),
    ...drillPart(),
    ...faultPart(registry),
    ...sloPart(),
    ...codePart(),
  ];
  return `${parts.join('\n\n')}\n`;
}

function scenarioPart(): string[] {
  return [
    '## Scenario',
    'A YAML file, or a module with `export default defineScenario({...})`. `${NAME}` and `${NAME:-default}` in values come from the environment and are masked everywhere. Durations are texts such as `500ms`, `30s`, `1m30s`; sizes such as `64Mi`; shares such as `0.05` or `5%`. Relative paths start at the file that names them.',
    fieldTable(topSchema),
  ];
}

function targetPart(registry: Registry): string[] {
  return [
    '## Targets',
    'The target block names one of these kinds.',
    ...Object.entries(targetMeanings).flatMap(([kind, meaning]) => {
      const able = Object.values(registry.faults).filter((fault) => fault.needs.targets.includes(kind));
      const fields = nested(targetSchema, kind);
      return [
        `### ${kind}`,
        `${sentence(meaning)} Faults it can do: ${able.map((fault) => `\`${fault.kind}\``).join(', ') || 'none'}.`,
        ...(fields === undefined ? [] : [fieldTable(fields)]),
      ];
    }),
  ];
}

function loadPart(): string[] {
  return [
    '## Load',
    'Executors and fields of k6; a rate counts items per `timeUnit`. An item is a span, a metric point or a log record.',
    ...loadSchema.options.flatMap((option) => {
      const executor = [...option.shape.executor.values][0];
      const shared = new Set(loadSchema.options.map((one) => Object.keys(one.shape)).reduce(intersection));
      const own = Object.fromEntries(Object.entries(option.shape).filter(([key]) => !shared.has(key)));
      return [`### ${executor}`, fieldTable(z.strictObject(own))];
    }),
    '### Every entry',
    fieldTable(z.strictObject(pick(loadSchema.options.map((one) => one.shape)))),
  ];
}

function capacityPart(): string[] {
  return [
    '## Capacity',
    '`squall capacity` looks for the highest rate of one load entry at which every SLO holds, with trials of its own; faults are left out but for those of `underFault`, and so are SLOs of windows that a fault bounds and of absolute rates.',
    fieldTable(capacitySchema),
  ];
}

function comparePart(): string[] {
  return [
    '## Compare',
    '`squall compare SCENARIO` runs the scenario on the baseline and on the candidate in turn (A B, B A, A B, ...), each so often, and says what got worse; without the block `squall compare BASELINE CANDIDATE` compares runs that are there already. `baseline` and `candidate` say what of one member is other than the target says: `config`, `binary` (local) or `image` (docker, kind). An empty one is the target as it stands.',
    fieldTable(compareSchema),
  ];
}

function drillPart(): string[] {
  return [
    '## Game days',
    '`squall gameday` follows the steps of `drill`, one after the other, and ends the load with the last one; the load must be able to last for all deadlines, faults and alerts. Faults have no `at`: each is begun by its step, once those before it are over, and the next step comes as soon as it is in place. Every alert is judged like an SLO, by the samples of `ALERTS` that Prometheus wrote: seconds from when the fault was in place until it fired, and from when the fault was over until all alerts of this name that it had set off were gone. One that was active before is unknown, and so is what a drill that was stopped did not wait for. A fault waits until the rules of its alerts were evaluated often enough for Prometheus to write them: four times, where it has just been started.',
    ...drillSchema.element.options.map((step) => fieldTable(step)),
  ];
}

function faultPart(registry: Registry): string[] {
  return [
    '## Faults',
    'Every fault has `name`, `kind`, `at` (not in a drill) and `selector`; `duration` where it lasts.',
    fieldTable(selectorSchema),
    ...Object.entries(registry.faults).flatMap(([kind, fault]) => {
      const params = faultParameters(fault).map((one) => [
        `\`${one.name}\``,
        one.type,
        one.required ? 'needed' : (one.fallback ?? ''),
        one.description,
      ]);
      const fields = commonFields(fault).map((field) => `\`${field}\``);
      return [
        `### ${kind}`,
        `${sentence(fault.summary)} Targets: ${fault.needs.targets.join(', ')}. Fields: ${fields.join(', ')}${params.length > 0 ? ' and' : '.'}`,
        ...(params.length === 0 ? [] : [markdownTable(['field', 'type', 'default', 'meaning'], params)]),
      ];
    }),
  ];
}

function sloPart(): string[] {
  const rows = Object.entries(measures as Record<string, Measure>).map(([name, measure]) => [
    `\`${name}\``,
    formatAggregations(measure.aggregations),
    measure.unit,
    measure.source,
    measure.meaning,
  ]);
  return [
    '## SLOs',
    fieldTable(sloSchema),
    'A threshold is `aggregation operator number`, such as `p(95)<10ms`, `count==0`, `rate<5%`, `value>=9900`; the number is in the unit of the measure unless it says another.',
    'Windows hold what was due in them: `run` (without warm-up), `ENTRY`, `ENTRY/STAGE`, `before:FAULT`, `during:FAULT`, `after:FAULT`.',
    '### Measures',
    'Tags narrow a measure: `ack_duration{signal:traces}`, `items_lost{load:spans}`, `time_to_recover{fault:kill}`, `memory_ratio{member:gateway}`.',
    markdownTable(['measure', 'aggregations', 'unit', 'source', 'meaning'], rows),
  ];
}

function codePart(): string[] {
  const rows = Object.entries(errorCodes).map(([code, { exit, meaning }]) => [
    `\`${code}\``,
    String(exit),
    meaning,
  ]);
  return [
    '## Error codes',
    'Exit codes: 0 pass, 1 fail, 2 unknown, 3 usage or invalid scenario, 4 the target or a tool could not be reached or started, 5 recovery incomplete, 130 interrupted.',
    markdownTable(['code', 'exit', 'meaning'], rows),
    '## Findings',
    'A finished run explains itself by findings, worst first.',
    markdownTable(
      ['finding', 'meaning'],
      Object.entries(findingCodes).map(([code, meaning]) => [`\`${code}\``, meaning]),
    ),
  ];
}

interface JsonObject extends JsonField {
  properties?: Record<string, JsonObject>;
  additionalProperties?: JsonObject | boolean;
  items?: JsonObject;
  anyOf?: JsonObject[];
  required?: string[];
}

function fieldTable(schema: z.ZodType): string {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonObject;
  return markdownTable(['field', 'type', '', 'meaning'], fieldRows(json, ''));
}

/** The fields of a mapping, and those of the mappings within: members.NAME.config, stages[].target. */
function fieldRows(json: JsonObject, prefix: string): string[][] {
  return Object.entries(json.properties ?? {}).flatMap(([key, field]) => {
    const name = `${prefix}${key}`;
    const need = json.required?.includes(key) === true ? 'needed' : '';
    return [[`\`${name}\``, typeText(field), need, field.description ?? ''], ...innerRows(field, name)];
  });
}

function innerRows(field: JsonObject, name: string): string[][] {
  const each = typeof field.additionalProperties === 'object' ? field.additionalProperties : undefined;
  return [
    ...fieldRows(field, `${name}.`),
    ...(each === undefined ? [] : innerRows(each, `${name}.NAME`)),
    ...(field.items === undefined ? [] : innerRows(field.items, `${name}[]`)),
    ...(field.anyOf ?? []).flatMap((one) => innerRows(one, name)),
  ];
}

/** The object schema behind an optional field of an object. */
function nested(schema: z.ZodObject, key: string): z.ZodType | undefined {
  let field = schema.shape[key] as z.ZodType | undefined;
  while (field instanceof z.ZodOptional || field instanceof z.ZodNullable)
    field = field.unwrap() as z.ZodType;
  return field;
}

function pick(shapes: readonly Record<string, z.ZodType>[]): Record<string, z.ZodType> {
  const shared = new Set(shapes.map((shape) => Object.keys(shape)).reduce(intersection));
  return Object.fromEntries(
    Object.entries(shapes[0] ?? {}).filter(([key]) => shared.has(key) && key !== 'executor'),
  );
}

function intersection(a: string[], b: string[]): string[] {
  return a.filter((key) => b.includes(key));
}

function markdownTable(head: readonly string[], rows: readonly string[][]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;
}
