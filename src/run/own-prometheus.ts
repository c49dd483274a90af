import { readFile } from 'node:fs/promises';
import { waitFor } from '../base/clock.ts';
import { pageEveryMs } from '../observe/member-pages.ts';
import { type PageRelay, startPageRelay } from '../observe/page-relay.ts';
import { createPrometheus } from '../observe/prometheus.ts';
import { rulesOf } from '../scenario/own-prometheus.ts';
import type { PrometheusSpec, TargetSpec } from '../scenario/types.ts';
import { startDockerPrometheus } from '../target/docker-prometheus.ts';
import { type PrometheusOptions, startPrometheus } from '../target/prometheus-process.ts';
import type { Member } from '../target/target.ts';
import { prometheusFound } from './given-prometheus.ts';
import { need, type Session } from './session.ts';
import type { Task } from './tasks.ts';

/** Scrape interval of everything squall looks at, ms. */
export const scrapeIntervalMs = 1000;

/** What does not answer by then is seen to be missing in the run. */
const firstScrapesMs = 15_000;

/** The Prometheus that the scenario names, or one of the run's own; none where its program was not looked for. */
export function prometheusTask(session: Session): Task {
  let stop: (() => Promise<void>) | undefined;
  let relay: PageRelay | undefined;
  return {
    title: 'Prometheus',
    up: async () => {
      const given = session.scenario.target.prometheus;
      if (given !== undefined) {
        await prometheusFound(session, given);
        return;
      }
      if (session.tools.prometheus === undefined && session.site === undefined) return;
      const { members, place } = need(session, 'target');
      if (place !== undefined) relay = await startPageRelay(members);
      const own = await startOwn(session, {
        runDir: session.dir,
        runId: session.plan.runId,
        scrape: [
          ...(relay === undefined ? [{ job: 'collector', targets: addressesOf(members) }] : []),
          { job: 'squall', targets: [{ address: need(session, 'metrics').address, labels: {} }] },
        ],
        ...(relay === undefined ? {} : { discover: discovery(relay) }),
        scrapeIntervalMs,
        ...(await readRules(session.scenario.target)),
        clock: session.clock,
      });
      stop = own.stop;
      session.prometheus = { url: own.url, headers: {}, match: {} };
      if (relay !== undefined) await firstScrapes(session, session.prometheus);
    },
    down: async () => {
      session.prometheusAgent?.destroy();
      await stop?.();
      await relay?.close();
    },
  };
}

/** A list is read later than a file: without them the first seconds of a run would be missing. */
async function firstScrapes({ clock, target }: Session, spec: PrometheusSpec): Promise<void> {
  const shown = target?.members.filter(({ readMetrics }) => readMetrics !== undefined).length ?? 0;
  const client = createPrometheus(spec, clock);
  await waitFor(clock, { timeoutMs: firstScrapesMs, everyMs: 200 }, async () => {
    const timeS = (await client.serverTimeMs()) / 1000;
    const { series } = await client.rawSamples('up{job="collector"}', { timeS, rangeS: 60 });
    return series.filter(({ points }) => points.at(-1)?.[1] === 1).length >= shown ? true : undefined;
  });
}

function addressesOf(members: readonly Member[]): PrometheusOptions['scrape'][number]['targets'] {
  return members.flatMap(({ metricsUrl, name, group }) =>
    metricsUrl === undefined ? [] : [{ address: new URL(metricsUrl).host, labels: { member: name, group } }],
  );
}

/** As seldom as every page is read that comes by way of an API server. */
function discovery({ address }: PageRelay): NonNullable<PrometheusOptions['discover']> {
  return { job: 'collector', url: `http://${address}/members`, scrapeIntervalMs: pageEveryMs };
}

async function readRules(target: TargetSpec): Promise<{ rules?: string }> {
  const file = rulesOf(target);
  return file === undefined ? {} : { rules: await readFile(file, 'utf8') };
}

/** Where the members are: a process beside processes, a container beside containers. */
function startOwn(
  session: Session,
  options: Omit<PrometheusOptions, 'binary'>,
): Promise<{ url: string; stop(): Promise<void> }> {
  const { site } = session;
  const { target } = session.scenario;
  if (site === undefined || target.kind !== 'docker')
    return startPrometheus({ ...options, binary: session.tools.prometheus ?? '' });
  return startDockerPrometheus({ ...options, site, image: target.prometheusImage, say: session.say });
}
