import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../base/clock.ts';
import { runCommand } from '../base/run-command.ts';
import { collectorManifest } from './collector-manifest.ts';
import type { FindOptions, FoundTool, ToolName } from './find.ts';
import { adopt } from './release.ts';
import { withScratch } from './scratch.ts';
import { pinned } from './versions.ts';

/** On 2 cores with nothing cached: 100 s for the collector, 170 s for Prometheus. */
const buildTimeoutMs = 1_200_000;
const sayEveryMs = 10_000;
/** Pinned modules and their checksums; the same path from src/ and from dist/. */
const prometheusModule = new URL('../../src/tools/prometheus/', import.meta.url);

/** Builds the pinned version with Go; takes minutes. Throws a sentence when Go is absent or the build fails. */
export async function buildTool(tool: ToolName, options: FindOptions): Promise<FoundTool> {
  const go = await runCommand({ command: 'go', args: ['version'], timeoutMs: 10_000, env: options.env });
  if (go.code !== 0) throw new Error(`go version: ${go.reason}`);
  return withScratch(options.cacheDir, async (work) => {
    const build = { work, options, run: stepRunner(tool, work, options) };
    const binary = tool === 'otelcol' ? await buildCollector(build) : await buildPrometheus(build);
    return adopt(tool, binary, { options, source: `built with ${go.out.trim()}` });
  });
}

interface Build {
  work: string;
  options: FindOptions;
  run(command: string, args: string[], env?: Record<string, string>): Promise<void>;
}

async function buildCollector({ work, run }: Build): Promise<string> {
  const manifest = join(work, 'manifest.yaml');
  await writeFile(manifest, collectorManifest(join(work, 'dist')));
  await run('go', ['install', `go.opentelemetry.io/collector/cmd/builder@v${pinned.otelcol}`], {
    GOBIN: work,
  });
  await run(join(work, 'builder'), ['--config', manifest]);
  return join(work, 'dist', 'otelcol');
}

/**
 * As a dependency of an otherwise empty module, since `go install` refuses a module with replace directives. Service
 * discovery is left out: most of the build time, and a run's Prometheus scrapes fixed addresses. The module file names
 * what remains: resolving the whole graph instead downloads 1.8 GB where 1 GB is needed, and takes a minute longer.
 */
async function buildPrometheus({ work, run }: Build): Promise<string> {
  const main = 'github.com/prometheus/prometheus/cmd/prometheus';
  const version = `-X github.com/prometheus/common/version.Version=${pinned.prometheus}`;
  for (const name of ['go.mod', 'go.sum']) await copyFile(new URL(name, prometheusModule), join(work, name));
  const tags = 'remove_all_sd';
  await run('go', ['build', '-tags', tags, '-ldflags', `-s -w ${version}`, '-o', 'prometheus', main]);
  return join(work, 'prometheus');
}

/** Runs one step in the work folder and says every 10 s how long the build has taken. */
function stepRunner(
  tool: ToolName,
  work: string,
  options: FindOptions,
  clock: Clock = systemClock,
): Build['run'] {
  const startNs = clock.nowNs();
  const base = { ...options.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false -trimpath' };
  return async (command, args, env = {}) => {
    const elapsedS = () => Math.round((clock.nowNs() - startNs) / 1e9);
    const step = `${command.split('/').at(-1)} ${args[0]}`;
    options.say(`building ${tool} ${pinned[tool]}: ${elapsedS()} s (${step})`);
    const timer = setInterval(
      () => options.say(`building ${tool} ${pinned[tool]}: ${elapsedS()} s (${step})`),
      sayEveryMs,
    );
    try {
      const answer = await runCommand({
        command,
        args,
        cwd: work,
        env: { ...base, ...env },
        timeoutMs: buildTimeoutMs,
      });
      if (answer.code !== 0) throw new Error(`${step}: ${answer.reason}`);
    } finally {
      clearInterval(timer);
    }
  };
}
