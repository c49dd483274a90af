import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { runCommand } from '../base/run-command.ts';
import { collectorVersion } from './collector-binary.ts';
import { envNames, type FindOptions, type FoundTool, type ToolName } from './find.ts';
import { pinned } from './versions.ts';

/** $XDG_CACHE_HOME/squall, else ~/.cache/squall. */
export function defaultCacheDir(env: Readonly<Record<string, string | undefined>>): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'squall');
}

/** A path, or a name looked up on PATH. */
export async function findExplicit(tool: ToolName, options: FindOptions): Promise<FoundTool> {
  const given = options.explicit ?? '';
  if (given.includes('/')) return probe({ tool, path: resolve(given), source: 'given path' });
  return probe({ tool, path: await lookUp([given], options.env), source: 'given name on PATH' });
}

export async function findFromEnv(tool: ToolName, options: FindOptions): Promise<FoundTool> {
  const name = envNames[tool];
  const path = options.env[name];
  if (path === undefined || path === '') throw new Error(`${name} is not set`);
  return probe({ tool, path: resolve(path), source: name });
}

export async function findOnPath(tool: ToolName, options: FindOptions): Promise<FoundTool> {
  const names = tool === 'otelcol' ? ['otelcol', 'otelcol-contrib'] : ['prometheus'];
  return probe({ tool, path: await lookUp(names, options.env), source: 'PATH' });
}

export async function findCached(tool: ToolName, options: FindOptions): Promise<FoundTool> {
  const path = cachedPath(tool, options.cacheDir);
  await access(path).catch(() => {
    throw new Error(`no ${path}`);
  });
  return probe({ tool, path, source: 'cache' });
}

/** Where a download or build of the pinned version is kept. */
export function cachedPath(tool: ToolName, cacheDir: string): string {
  return join(cacheDir, `${tool}-${pinned[tool]}`, tool);
}

async function lookUp(names: string[], env: FindOptions['env']): Promise<string> {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const name of names) {
    for (const folder of folders) {
      const path = resolve(folder, name);
      if (await isExecutable(path)) return path;
    }
  }
  throw new Error(`no ${names.join(' or ')} on PATH`);
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false; // absent or not ours to run: the next folder may have it
  }
}

/** Runs the binary once, so that a wrong architecture or a truncated file is met here and not in the run. */
export async function probe(found: { tool: ToolName; path: string; source: string }): Promise<FoundTool> {
  if (!(await isExecutable(found.path))) throw new Error(`${found.path} is not an executable file`);
  const args = found.tool === 'otelcol' ? ['components'] : ['--version'];
  const answer = await runCommand({ command: found.path, args, timeoutMs: 20_000 });
  if (answer.code !== 0) throw new Error(`${found.path} ${args.join(' ')}: ${answer.reason}`);
  const version = found.tool === 'otelcol' ? collectorVersion(answer.out) : prometheusVersion(answer.out);
  return { path: found.path, version, source: found.source };
}

/** `prometheus, version 3.15.0 (branch...)`; a plain module build states none. */
export function prometheusVersion(text: string): string {
  return /^prometheus, version v?(\d\S*)/m.exec(text)?.[1] ?? 'unknown';
}
