import { parse } from 'yaml';

type Settings = Record<string, unknown>;

/** What a collector configuration says that a first scenario needs. */
interface CollectorFacts {
  grpc: string | undefined;
  http: string | undefined;
  signals: ('traces' | 'metrics' | 'logs')[];
  /** Whether the file takes its addresses from squall, so that squall can start it. */
  startable: boolean;
  queueSize: number | undefined;
  durable: boolean;
  batched: boolean;
}

/**
 * A commented scenario for a collector configuration (undefined: for the stock gateway), ready to run. `file` is the
 * path of the configuration as it will be written down. Throws the YAML parser's error on a text that is not YAML.
 */
export function initScenario(collectorYaml: string | undefined, file: string): string {
  const facts = collectorYaml === undefined ? stock : readFacts(collectorYaml);
  const config = collectorYaml === undefined ? undefined : file;
  const entries = facts.signals.map((signal) => loadEntry(signal, facts));
  const lines = [
    '# A first scenario. `squall validate` checks it, `squall plan` shows what it would do, `squall run` runs it.',
    'apiVersion: squall/v1',
    'name: first',
    `description: ${JSON.stringify(describe(facts, config))}`,
    ...(facts.startable ? localTarget(config) : externalTarget(facts)),
    'warmup: 5s   # in the ledger, but outside the windows of latency and rate',
    'load:        # the rate counts items (spans, points, records) per second, however slow the target is',
    ...entries,
    'faults:',
    ...faultLines(facts),
    'slos:',
    ...sloLines(facts),
  ];
  return `${lines.join('\n')}\n`;
}

const stock: CollectorFacts = {
  grpc: undefined,
  http: undefined,
  signals: ['traces'],
  startable: true,
  queueSize: 1000,
  durable: false,
  batched: true,
};

function describe(facts: CollectorFacts, config: string | undefined): string {
  const what = config === undefined ? 'a stock gateway' : 'this collector';
  return facts.startable
    ? `What does ${what} carry, and what does it lose when it is killed?`
    : `What does ${what} carry, and what does it lose while its backend is away?`;
}

function localTarget(config: string | undefined): string[] {
  const member = config === undefined ? '{}' : `{config: ${JSON.stringify(config)}}`;
  return [
    'target:',
    '  local:   # squall starts the collector, a sink behind it, and Prometheus',
    '    members:',
    `      collector: ${member}`,
  ];
}

function externalTarget(facts: CollectorFacts): string[] {
  const otlp = [
    ...(facts.grpc === undefined ? [] : [`grpc: ${JSON.stringify(facts.grpc)}`]),
    ...(facts.http === undefined ? [] : [`http: ${JSON.stringify(facts.http)}`]),
  ];
  return [
    'target:',
    '  # The collector runs already. To let squall start it, give its addresses by ${env:SQUALL_OTLP_GRPC} and the',
    '  # like in its configuration and use: local: {members: {collector: {config: FILE}}}',
    '  external:',
    `    otlp: {${otlp.join(', ')}}`,
    '    # The collector must export to here: `squall sink --print-config` prints what to add.',
    '    sink: {grpc: "127.0.0.1:14317", http: "127.0.0.1:14318"}',
    "    # prometheus: http://127.0.0.1:9090   # for SLOs by promql and the collector's own counters",
  ];
}

function loadEntry(signal: CollectorFacts['signals'][number], facts: CollectorFacts): string {
  const [name, rate, batch] = {
    traces: ['spans', 1000, 100],
    metrics: ['points', 500, 100],
    logs: ['logs', 500, 100],
  }[signal] as [string, number, number];
  const protocol = facts.startable || facts.grpc !== undefined ? 'grpc' : 'http/protobuf';
  return `  ${name}: {signal: ${signal}, executor: constant-arrival-rate, rate: ${rate}, duration: 60s, protocol: ${protocol}, batch: ${batch}}`;
}

function faultLines(facts: CollectorFacts): string[] {
  const outage =
    '  - {name: outage, kind: backend-outage, at: 35s, duration: 10s, action: grpc-status, grpcStatus: UNAVAILABLE}';
  if (!facts.startable)
    return ['  # The sink refuses for ten seconds: queue and retry must hold what comes in.', outage];
  const kept = facts.durable ? 'the queue is on disk' : 'the queue is in memory, so it dies with the process';
  return [
    `  # The process is killed: ${kept}${facts.batched ? ', and so does what the batch processor holds' : ''}.`,
    '  - {name: kill, kind: container-kill, at: 20s, selector: {member: collector}, killSignal: SIGKILL}',
    '  # The sink refuses for ten seconds: queue and retry must hold what comes in.',
    outage,
  ];
}

function sloLines(facts: CollectorFacts): string[] {
  const first = facts.startable ? 'kill' : 'outage';
  const signal = facts.signals[0] ?? 'traces';
  const queue = facts.queueSize === undefined ? [] : queueLine(facts, facts.queueSize);
  return [
    `  - {measure: "ack_duration{signal:${signal}}", thresholds: ["p(95)<50ms"], window: "before:${first}"}`,
    '  - {measure: items_lost, thresholds: ["count==0"]}          # acknowledged, never delivered',
    '  - {measure: refused_ratio, thresholds: ["rate<5%"]}        # rejected, refused or left open by the server',
    '  - {measure: items_duplicated, thresholds: ["count<=1000"]} # retries may send twice',
    ...queue,
  ];
}

function queueLine(facts: CollectorFacts, size: number): string[] {
  const limit = Math.floor(size * 0.8);
  const line = `- {name: queue, promql: "max(otelcol_exporter_queue_size)", unit: batches, thresholds: ["value<${limit}"]}`;
  return facts.startable ? [`  ${line}   # 80 % of queue_size`] : [`  # ${line}   # needs prometheus`];
}

function readFacts(text: string): CollectorFacts {
  const config = settings(parse(text));
  const service = settings(settings(config.service).pipelines);
  const pipelines = Object.entries(service).map(([name, value]) => ({ name, value: settings(value) }));
  const receivers = Object.entries(settings(config.receivers)).filter(([name]) => typeOf(name) === 'otlp');
  const protocols = settings(settings(receivers[0]?.[1]).protocols);
  const exporters = Object.values(settings(config.exporters)).map(settings);
  const queues = exporters.map((exporter) => settings(exporter.sending_queue));
  const sizes = queues.flatMap((queue) =>
    queue.enabled === false ? [] : [Number(queue.queue_size ?? 1000)],
  );
  const size = Math.min(...sizes.filter((value) => Number.isInteger(value) && value > 0));
  const found = (['traces', 'metrics', 'logs'] as const).filter((signal) =>
    pipelines.some(
      ({ name, value }) =>
        typeOf(name) === signal && list(value.receivers).some((one) => typeOf(one) === 'otlp'),
    ),
  );
  const grpc = 'grpc' in protocols ? endpointOf(protocols.grpc, 4317) : undefined;
  const http = 'http' in protocols ? endpointOf(protocols.http, 4318) : undefined;
  return {
    grpc: grpc ?? (http === undefined ? '127.0.0.1:4317' : undefined),
    http,
    signals: found.length === 0 ? ['traces'] : [...found],
    startable: /\$\{env:SQUALL_OTLP_/.test(text),
    queueSize: Number.isFinite(size) ? size : undefined,
    durable: queues.length > 0 && queues.every((queue) => typeof queue.storage === 'string'),
    batched: pipelines.some(({ value }) => list(value.processors).some((one) => typeOf(one) === 'batch')),
  };
}

/** Where to reach a receiver from this machine: a wildcard or a variable stands for loopback. */
function endpointOf(protocol: unknown, port: number): string {
  const endpoint = settings(protocol).endpoint;
  const found = typeof endpoint === 'string' ? /^(.*):(\d+)$/.exec(endpoint) : null;
  const host = found?.[1] ?? '';
  const known =
    /^[A-Za-z0-9.-]+$/.test(host) && host !== '0.0.0.0' && (host === 'localhost' || host.startsWith('127.'));
  return `${known ? host : '127.0.0.1'}:${found?.[2] ?? port}`;
}

function typeOf(name: string): string {
  return name.split('/')[0] ?? name;
}

function settings(value: unknown): Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Settings) : {};
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
