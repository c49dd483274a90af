import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Clock, waitFor } from '../base/clock.ts';
import { spawnHeld } from './held-process.ts';
import { isReady } from './member-process.ts';
import { freePorts } from './ports.ts';
import { explainStart } from './start-failure.ts';
import { removeWorkFolder, workFolder } from './work-folder.ts';

export interface PrometheusOptions {
  binary: string;
  /** Absolute; log in evidence/logs, data in work until stop(). */
  runDir: string;
  runId: string;
  scrape: { job: string; targets: { address: string; labels: Record<string, string> }[] }[];
  /** A list of further targets, as http_sd_configs take it, which is read anew each second. */
  discover?: { job: string; url: string; scrapeIntervalMs: number };
  scrapeIntervalMs: number;
  /** Text of a rule file. */
  rules?: string;
  clock: Clock;
}

/** Beside prometheus.yml. */
export const rulesFile = 'rules.yml';

const readyTimeoutMs = 30_000;
/** Prometheus writes out its head block at SIGTERM; the data is dropped anyway. */
const stopGraceMs = 5000;

/** Starts a Prometheus for this run and waits until it answers. Throws SQ-TARGET-START or SQ-PORT-IN-USE. */
export async function startPrometheus(
  options: PrometheusOptions,
): Promise<{ url: string; stop(): Promise<void> }> {
  const { clock } = options;
  const dir = workFolder(options.runDir, 'prometheus');
  const logFile = join(options.runDir, 'evidence', 'logs', 'prometheus.log');
  await mkdir(dir, { recursive: true });
  await mkdir(join(options.runDir, 'evidence', 'logs'), { recursive: true });
  const configFile = join(dir, 'prometheus.yml');
  await writeFile(configFile, prometheusConfig(options));
  if (options.rules !== undefined) await writeFile(join(dir, rulesFile), options.rules);
  const [port = 0] = await freePorts(1);
  const held = await spawnHeld({
    command: options.binary,
    args: [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
      '--scrape.discovery-reload-interval=100ms',
    ],
    env: { PATH: process.env.PATH ?? '', HOME: dir },
    logFile,
    cgroups: [],
    runId: options.runId,
    name: 'prometheus',
    clock,
  });
  const stop = async () => {
    held.signal('SIGTERM');
    await Promise.race([held.exited, clock.sleep(stopGraceMs)]);
    await held.release();
    await removeWorkFolder(options.runDir, 'prometheus');
  };
  let ended = false;
  void held.exited.then(() => {
    ended = true;
  });
  const url = `http://127.0.0.1:${port}`;
  const outcome = await waitFor(clock, { timeoutMs: readyTimeoutMs, everyMs: 50 }, async () => {
    if (ended) return 'ended';
    return (await isReady({ kind: 'health', url: `${url}/-/ready` })) ? 'ready' : undefined;
  });
  if (outcome === 'ready') return { url, stop };
  await stop();
  const found = outcome === 'ended' ? 'it ended at once' : `not ready after ${readyTimeoutMs / 1000} s`;
  throw await explainStart({ name: 'prometheus', logFile, found });
}

/** Targets that name no content type are read as the classic text, as Prometheus 2 did. */
const classic = { fallback_scrape_protocol: 'PrometheusText0.0.4' };

/** Scrapes of fixed addresses, all at one interval, and of those on a list. */
export function prometheusConfig(
  options: Pick<PrometheusOptions, 'scrape' | 'discover' | 'scrapeIntervalMs' | 'rules'>,
): string {
  const { discover } = options;
  const interval = `${options.scrapeIntervalMs}ms`;
  return stringify({
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    ...(options.rules === undefined ? {} : { rule_files: [rulesFile] }),
    scrape_configs: [
      ...options.scrape.map(({ job, targets }) => ({
        job_name: job,
        ...classic,
        static_configs: targets.map(({ address, labels }) => ({ targets: [address], labels })),
      })),
      ...(discover === undefined ? [] : [listed(discover)]),
    ],
  });
}

function listed({ job, url, scrapeIntervalMs }: NonNullable<PrometheusOptions['discover']>): object {
  const interval = `${scrapeIntervalMs}ms`;
  return {
    job_name: job,
    ...classic,
    scrape_interval: interval,
    scrape_timeout: interval,
    http_sd_configs: [{ url, refresh_interval: '1s' }],
  };
}
