import { SquallError } from '../base/errors.ts';
import type { RunRecord } from '../observe/evidence.ts';
import type { Live } from '../report/live.ts';
import { startsPrometheus } from '../scenario/own-prometheus.ts';
import type { Scenario } from '../scenario/types.ts';
import type { FoundTool, ToolName } from '../tools/find.ts';
import { ownVersion } from './own-version.ts';

export interface FindToolsOptions {
  scenario: Scenario;
  /** The scenario that a bare `squall run` takes: better a look at the embedded collector than none. */
  demo: boolean;
  live: Live;
  /** A stop ends the search: what it broke off counts as missing nowhere. */
  signal?: AbortSignal;
  find(tool: ToolName, explicit?: string): Promise<FoundTool>;
}

export interface FoundTools {
  /** As given, or with the embedded target in place of a collector that cannot be had. */
  scenario: Scenario;
  tools: { otelcol?: string; prometheus?: string };
  versions: Record<string, string>;
  notes: RunRecord['notes'];
}

/** The programs that the scenario's target needs. Throws SQ-TOOL-MISSING, but for the demo. */
export async function findTools(options: FindToolsOptions): Promise<FoundTools> {
  const { scenario } = options;
  const found: FoundTools = { scenario, tools: {}, versions: { squall: ownVersion() }, notes: [] };
  const take = async (name: ToolName, explicit?: string) => {
    options.signal?.throwIfAborted();
    options.live.update({ phase: `looking for ${name}` });
    const tool = await options.find(name, explicit);
    found.tools[name] = tool.path;
    found.versions[name] = `${tool.version} (${tool.source})`;
  };
  try {
    await takeCollectors(scenario, take);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!options.demo || !isMissing(error)) throw error;
    found.scenario = withEmbedded(scenario);
    found.notes.push({
      code: 'EMBEDDED-INSTEAD',
      severity: 'warn',
      sentence: `No collector could be had (tried: ${triedBy(error)}), so squall's own small one stood in for it.`,
      next: 'install Go or Docker, then: squall setup, and run it again',
    });
    options.live.say('no collector could be had: going on with the embedded one');
  }
  await takePrometheus(found, take);
  return found;
}

type Take = (name: ToolName, explicit?: string) => Promise<void>;

async function takeCollectors({ target }: Scenario, take: Take): Promise<void> {
  if (target.kind !== 'local') return;
  const members = Object.values(target.members);
  for (const binary of new Set(members.map((member) => member.binary))) {
    if (binary !== undefined) await take('otelcol', binary);
  }
  // Last, as it is what members without a binary of their own run.
  if (members.some((member) => member.binary === undefined)) await take('otelcol', target.collector);
}

/** An embedded target does without, where Prometheus cannot be had either: what asks it is then unknown. */
async function takePrometheus(found: FoundTools, take: Take): Promise<void> {
  const { target, slos } = found.scenario;
  if (target.prometheus !== undefined) return;
  // Docker brings its own.
  if (target.kind !== 'docker' && startsPrometheus(target)) await take('prometheus');
  if (target.kind !== 'embedded' || slos.every(({ source }) => source.kind !== 'promql')) return;
  try {
    await take('prometheus');
  } catch (error) {
    if (!isMissing(error)) throw error;
    found.notes.push({
      code: 'NO-PROMETHEUS',
      severity: 'warn',
      sentence: `Prometheus could not be had (tried: ${triedBy(error)}), so no query was asked.`,
      next: 'squall setup',
    });
  }
}

function withEmbedded(scenario: Scenario): Scenario {
  const { sink, prometheus } = scenario.target;
  const target = { kind: 'embedded' as const, sink, ...(prometheus === undefined ? {} : { prometheus }) };
  return { ...scenario, target };
}

function isMissing(error: unknown): error is SquallError {
  return error instanceof SquallError && error.parts.code === 'SQ-TOOL-MISSING';
}

/** Names of the sources; why each failed was said as it did, and `squall setup` says it again. */
function triedBy(error: SquallError): string {
  const lines = (error.parts.where ?? '').split('\n');
  return lines.map((line) => line.trim().split(':')[0]).join(', ');
}
