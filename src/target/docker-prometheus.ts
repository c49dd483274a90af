import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '../base/clock.ts';
import { settled } from '../base/settled.ts';
import { createContainer } from './docker-container.ts';
import { ensureImage } from './docker-image.ts';
import { nowhere, watch } from './docker-layout.ts';
import type { DockerSite } from './docker-site.ts';
import { isReady } from './member-process.ts';
import { type PrometheusOptions, prometheusConfig, rulesFile } from './prometheus-process.ts';
import { explainStart } from './start-failure.ts';
import { removeWorkFolder, workFolder } from './work-folder.ts';

const readyTimeoutMs = 30_000;
const inside = '/etc/squall';

/** A Prometheus in a container on the watch network. Throws SQ-IMAGE-MISSING, SQ-TARGET-START. */
export async function startDockerPrometheus(
  options: Omit<PrometheusOptions, 'binary'> & {
    site: DockerSite;
    image: string;
    say(line: string): void;
  },
): Promise<{ url: string; stop(): Promise<void> }> {
  const { site, image, clock, runDir } = options;
  await ensureImage(site.docker, image, options.say);
  const dir = workFolder(runDir, 'prometheus');
  const settingsDir = join(dir, 'settings');
  await mkdir(settingsDir, { recursive: true });
  await chmod(dir, 0o700);
  await chmod(settingsDir, 0o755);
  await writeFile(join(settingsDir, 'prometheus.yml'), prometheusConfig(options));
  await chmod(join(settingsDir, 'prometheus.yml'), 0o644);
  if (options.rules !== undefined) {
    await writeFile(join(settingsDir, rulesFile), options.rules);
    await chmod(join(settingsDir, rulesFile), 0o644);
  }
  const logFile = join(runDir, 'evidence', 'logs', 'prometheus.log');
  const address = site.network(watch).take();
  const at = (name: string, own: string) => ({ network: site.network(name).id, address: own });
  const container = await createContainer({
    docker: site.docker,
    runId: options.runId,
    name: 'prometheus',
    image,
    args: [
      `--config.file=${inside}/prometheus.yml`,
      '--storage.tsdb.path=/prometheus',
      '--web.listen-address=0.0.0.0:9090',
      '--log.level=warn',
      '--scrape.discovery-reload-interval=100ms',
    ],
    env: {},
    mounts: [{ source: settingsDir, target: inside, readOnly: true }],
    endpoints: [at(nowhere, site.network(nowhere).take()), at(watch, address)],
    aliases: ['prometheus'],
    limits: { cpuMillis: null, memoryBytes: null },
    logFile,
    clock,
  });
  const stop = async () => {
    // Its data is dropped with it: it need not write out anything.
    await container.remove();
    await removeWorkFolder(runDir, 'prometheus');
  };
  try {
    const kept = await container.start(1);
    let ended = false;
    void kept.exited.then(() => {
      ended = true;
    });
    const url = `http://${address}:9090`;
    const outcome = await waitFor(clock, { timeoutMs: readyTimeoutMs, everyMs: 50 }, async () => {
      if (ended) return 'it ended at once';
      return (await isReady({ kind: 'health', url: `${url}/-/ready` })) ? 'ready' : undefined;
    });
    if (outcome === 'ready') return { url, stop };
    const found = outcome ?? `not ready after ${readyTimeoutMs / 1000} s`;
    throw await explainStart({ name: 'prometheus', logFile, found });
  } catch (error) {
    await settled(stop());
    throw error;
  }
}
