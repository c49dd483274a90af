import { join } from 'node:path';
import { runCommand } from '../base/run-command.ts';
import type { FindOptions, FoundTool, ToolName } from './find.ts';
import { adopt } from './release.ts';
import { withScratch } from './scratch.ts';
import { pinned } from './versions.ts';

/** Official images and where the binary may lie in them. */
const images: Record<ToolName, { image: string; inside: string[] }> = {
  otelcol: {
    image: `otel/opentelemetry-collector-contrib:${pinned.otelcol}`,
    inside: ['/otelcol-contrib', '/otelcol'],
  },
  prometheus: { image: `prom/prometheus:v${pinned.prometheus}`, inside: ['/bin/prometheus'] },
};

const pullTimeoutMs = 300_000;

/** Copies the binary out of the official image; only where a Docker daemon answers. Throws a sentence otherwise. */
export async function copyFromImage(tool: ToolName, options: FindOptions): Promise<FoundTool> {
  if (process.platform !== 'linux') throw new Error('images hold Linux binaries');
  const { image, inside } = images[tool];
  const docker = (args: string[], timeoutMs: number) => callDocker(options.env, args, timeoutMs);
  await docker(['version', '--format', '{{.Server.Version}}'], 5000);
  options.say(`fetching ${image}`);
  const id = (await docker(['create', '--label', 'squall.tool=true', image], pullTimeoutMs)).trim();
  try {
    return await withScratch(options.cacheDir, async (work) => {
      const reasons: string[] = [];
      for (const path of inside) {
        const copied = await docker(['cp', `${id}:${path}`, join(work, tool)], 60_000).catch(
          (error: Error) => {
            reasons.push(error.message);
            return undefined;
          },
        );
        if (copied === undefined) continue;
        return adopt(tool, join(work, tool), { options, source: `image ${image}` });
      }
      throw new Error(`${image}: ${reasons.join('; ')}`);
    });
  } finally {
    await docker(['rm', '--force', id], 30_000).catch((error: Error) => options.say(error.message));
  }
}

async function callDocker(env: FindOptions['env'], args: string[], timeoutMs: number): Promise<string> {
  const answer = await runCommand({ command: 'docker', args, timeoutMs, env });
  if (answer.code !== 0) throw new Error(`docker ${args[0]}: ${answer.reason}`);
  return answer.out;
}
