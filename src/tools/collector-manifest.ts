import { stringify } from 'yaml';
import { pinned } from './versions.ts';

const core = 'go.opentelemetry.io/collector';
const contrib = 'github.com/open-telemetry/opentelemetry-collector-contrib';

/** Version line of the collector's stable modules that belongs to the pinned release. */
const stableModules = '1.67.0';

/** What the OpenTelemetry Collector Builder makes: enough for squall's scenarios and for common gateways. */
export function collectorManifest(outputPath: string): string {
  const modules = (root: string, kind: string, names: string[]) =>
    names.map((name) => ({ gomod: `${root}/${kind}/${name} v${pinned.otelcol}` }));
  return stringify({
    dist: {
      name: 'otelcol',
      description: 'collector built by squall setup',
      version: pinned.otelcol,
      output_path: outputPath,
    },
    receivers: modules(core, 'receiver', ['otlpreceiver']),
    processors: [
      ...modules(core, 'processor', ['batchprocessor', 'memorylimiterprocessor']),
      ...modules(contrib, 'processor', [
        'filterprocessor',
        'transformprocessor',
        'probabilisticsamplerprocessor',
      ]),
    ],
    exporters: [
      ...modules(core, 'exporter', ['otlpexporter', 'otlphttpexporter', 'debugexporter', 'nopexporter']),
      ...modules(contrib, 'exporter', ['fileexporter']),
    ],
    extensions: modules(contrib, 'extension', [
      'healthcheckextension',
      'storage/filestorage',
      'pprofextension',
      'bearertokenauthextension',
    ]),
    providers: ['envprovider', 'fileprovider', 'yamlprovider'].map((name) => ({
      gomod: `${core}/confmap/provider/${name} v${stableModules}`,
    })),
  });
}
