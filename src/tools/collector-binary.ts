import { parse } from 'yaml';
import { SquallError } from '../base/errors.ts';
import { runCommand } from '../base/run-command.ts';

export interface CollectorBinary {
  path: string;
  version: string;
  /** Component types of its exporters; names changed over the years (otlp became otlp_grpc). */
  exporters: string[];
}

/** Asks the binary for its components. Throws SQ-TOOL-MISSING when it cannot be run. */
export async function inspectCollector(path: string): Promise<CollectorBinary> {
  const answer = await runCommand({ command: path, args: ['components'], timeoutMs: 20_000 });
  if (answer.code !== 0) {
    throw new SquallError({
      code: 'SQ-TOOL-MISSING',
      what: 'the collector does not list its components',
      where: path,
      expected: `\`${path} components\` ends with code 0`,
      found: answer.reason,
      next: 'squall setup',
    });
  }
  return { path, ...readComponents(answer.out) };
}

/** What `otelcol components` says. */
export function readComponents(text: string): Omit<CollectorBinary, 'path'> {
  return { version: collectorVersion(text), exporters: exporterTypes(text) };
}

/**
 * From `otelcol components`: the distribution's own version, else that of its OTLP receiver, since a build without a
 * dist version leaves the field empty (and then knows no --version).
 */
export function collectorVersion(components: string): string {
  const stated = /^\s+version: "?v?(\d[^"\s]*)"?\s*$/m.exec(components)?.[1];
  const receiver = /receiver\/otlpreceiver v(\S+)/.exec(components)?.[1];
  return stated ?? receiver ?? 'unknown';
}

function exporterTypes(components: string): string[] {
  const listed = (parse(components) as { exporters?: { name?: string }[] | null } | null)?.exporters ?? [];
  return listed.map((exporter) => exporter.name ?? '');
}
