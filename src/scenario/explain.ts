import { z } from 'zod';
import { errorCodes, SquallError } from '../base/errors.ts';
import { type FindingCode, findingAdvice, findingCodes } from '../base/finding-codes.ts';
import { table } from '../base/table.ts';
import type { Fault } from '../fault/fault.ts';
import { nearest } from './issues.ts';
import { platformOf } from './kind-spec.ts';
import { formatAggregations, type Measure, measures } from './measures.ts';
import { faultCommon, objectOf } from './schema.ts';
import { targetKinds } from './target-schema.ts';

export const explainTopics = ['fault', 'measure', 'target', 'code'] as const;
export type ExplainTopic = (typeof explainTopics)[number];

/** The tables that explanations are made of. */
export interface Registry {
  faults: Record<string, Fault>;
}

export const targetMeanings: Record<(typeof targetKinds)[number], string> = {
  local: 'collectors as child processes of squall on this machine; squall starts them, a sink and Prometheus',
  docker:
    'collectors as containers of a Docker daemon on this machine, each link a network of its own; squall starts them, a sink and Prometheus',
  kind: 'collectors as pods of a cluster that `kind` makes for the run out of Docker containers on a Linux machine, and that is deleted after it; squall starts them and a sink',
  kubernetes:
    'collectors that run in a cluster already, found by workload; squall starts none of them, and may end pods',
  external: 'a pipeline that is already there; squall starts nothing but its sink',
  embedded:
    'a small reference collector inside squall, for tests, calibration and a first look; not a real collector',
};

/** One line of a topic's list. */
interface Row {
  name: string;
  summary: string;
  details: string[];
}

/** All names of a topic with a line each, or one of them in full. Throws SQ-USAGE for a name that is not there. */
export function explain(topic: ExplainTopic, name: string | undefined, registry: Registry): string {
  const rows = rowsOf(topic, registry);
  if (name === undefined) return table(rows.map((row) => [row.name, row.summary]));
  const row = rows.find((one) => one.name === name);
  if (row !== undefined) return [`${row.name}: ${row.summary}`, ...row.details].join('\n');
  const names = rows.map((one) => one.name);
  const near = nearest(name, names);
  throw new SquallError({
    code: 'SQ-USAGE',
    what: `there is no ${topic} ${name}`,
    expected: `one of ${names.join(', ')}`,
    found: name,
    next: near === undefined ? `squall explain ${topic}` : `squall explain ${topic} ${near}`,
  });
}

function rowsOf(topic: ExplainTopic, registry: Registry): Row[] {
  switch (topic) {
    case 'fault':
      return Object.entries(registry.faults).map(([kind, fault]) => faultRow(kind, fault));
    case 'measure':
      return Object.entries(measures).map(([name, measure]) => measureRow(name, measure));
    case 'target':
      return targetKinds.map((kind) => targetRow(kind, registry));
    case 'code':
      return [...errorRows(), ...findingRows()];
    default:
      return topic satisfies never;
  }
}

function errorRows(): Row[] {
  return Object.entries(errorCodes).map(([name, { meaning, exit }]) => {
    return { name, summary: meaning, details: [`  ends a run with exit code ${exit}`] };
  });
}

function findingRows(): Row[] {
  return Object.entries(findingCodes).map(([name, meaning]) => {
    const advice = findingAdvice[name as FindingCode];
    const details = ['  a finding of a finished run', ...(advice ?? []).map((line) => `  - ${line}`)];
    return { name, summary: meaning, details };
  });
}

function faultRow(kind: string, fault: Fault): Row {
  const length = fault.oneShot ? 'happens at an instant: no duration' : 'lasts for its duration';
  const params = faultParameters(fault);
  return {
    name: kind,
    summary: fault.summary,
    details: [
      `  ${length}; targets: ${fault.needs.targets.join(', ')}`,
      `  fields: kind, ${commonFields(fault).join(', ')}`,
      ...(params.length === 0 ? [] : ['  its own fields:', ...indent(table(params.map(parameterCells)))]),
    ],
  };
}

export function commonFields(fault: Fault): string[] {
  return Object.keys(faultCommon).filter((key) => key !== 'duration' || !fault.oneShot);
}

function measureRow(name: string, measure: Measure): Row {
  const common = measure.source === 'members' ? 'member' : 'signal, load';
  const tags = measure.needs === 'fault' ? `fault (needed), ${common}` : common;
  return {
    name,
    summary: measure.meaning,
    details: [
      `  judged by ${formatAggregations(measure.aggregations)} in ${measure.unit}`,
      `  tags: ${tags}; source: ${measure.source}`,
    ],
  };
}

function targetRow(kind: (typeof targetKinds)[number], registry: Registry): Row {
  const able = Object.keys(registry.faults).filter((name) =>
    registry.faults[name]?.needs.targets.includes(platformOf(kind)),
  );
  return { name: kind, summary: targetMeanings[kind], details: [`  faults: ${able.join(', ') || 'none'}`] };
}

/** One parameter of a fault kind. */
export interface Parameter {
  name: string;
  type: string;
  required: boolean;
  fallback: string | undefined;
  description: string;
}

/** What explanations read of a JSON Schema. */
export interface JsonField {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonField[];
  items?: JsonField;
  default?: unknown;
  description?: string;
}

export function faultParameters(fault: Fault): Parameter[] {
  const object = objectOf(fault.params);
  if (object === undefined) return [];
  const json = z.toJSONSchema(object, { io: 'input', unrepresentable: 'any' });
  const required = json.required ?? [];
  return Object.entries((json.properties ?? {}) as Record<string, JsonField>).map(([name, field]) => ({
    name,
    type: typeText(field),
    required: required.includes(name),
    fallback: field.default === undefined ? undefined : JSON.stringify(field.default),
    description: field.description ?? '',
  }));
}

/** The values that a field of a JSON Schema takes, in a few words. */
export function typeText(field: JsonField): string {
  if (field.const !== undefined) return String(field.const);
  if (field.enum !== undefined) return field.enum.join(' | ');
  if (field.anyOf !== undefined) return field.anyOf.map(typeText).join(' | ');
  if (field.type === 'array')
    return `list of ${field.items === undefined ? 'anything' : typeText(field.items)}`;
  const words: Record<string, string> = { string: 'text', object: 'mapping', integer: 'whole number' };
  return [field.type ?? 'anything']
    .flat()
    .map((type) => words[type] ?? type)
    .join(' | ');
}

function parameterCells(parameter: Parameter): string[] {
  const need = parameter.required ? 'needed' : `default ${parameter.fallback ?? 'none'}`;
  return [parameter.name, parameter.type, need, parameter.description];
}

function indent(text: string): string[] {
  return text.split('\n').map((line) => `    ${line}`);
}
