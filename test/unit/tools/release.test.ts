import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { collectorManifest } from '../../../src/tools/collector-manifest.ts';
import { prometheusVersion } from '../../../src/tools/present.ts';
import { assetOf, checksumOf } from '../../../src/tools/release.ts';

test('assets are named as the projects name them', () => {
  expect(assetOf('otelcol', 'linux', 'arm64').archive).toBe('otelcol-contrib_0.161.0_linux_arm64.tar.gz');
  expect(assetOf('prometheus', 'darwin', 'x64')).toMatchObject({
    archive: 'prometheus-3.15.0.darwin-amd64.tar.gz',
    inside: 'prometheus-3.15.0.darwin-amd64/prometheus',
  });
  expect(() => assetOf('otelcol', 'win32', 'x64')).toThrow('no release for win32');
  expect(() => assetOf('otelcol', 'linux', 'ia32')).toThrow('ia32');
});

test('a checksum is that of the very archive', () => {
  const hash = 'A'.repeat(64);
  const text = `${'b'.repeat(64)}  other.tar.gz\n${hash} *this.tar.gz\nshort  bad.tar.gz\n`;
  expect(checksumOf(text, 'this.tar.gz')).toBe(hash.toLowerCase());
  expect(() => checksumOf(text, 'is.tar.gz')).toThrow('do not list is.tar.gz');
  expect(() => checksumOf(text, 'bad.tar.gz')).toThrow('bad.tar.gz');
});

test('the version of Prometheus, or unknown for a build that states none', () => {
  expect(prometheusVersion('prometheus, version 3.15.0 (branch: HEAD)\n')).toBe('3.15.0');
  expect(prometheusVersion('prometheus, version  (branch: , revision: unknown)\n')).toBe('unknown');
});

test('the manifest pins every module and has what the scenarios use', () => {
  const manifest = parse(collectorManifest('/out')) as Record<string, { gomod: string }[]>;
  const modules = Object.values(manifest)
    .flatMap((list) => (Array.isArray(list) ? list : []))
    .map(({ gomod }) => gomod);
  for (const line of modules) expect(line).toMatch(/^\S+ v(0\.161\.0|1\.67\.0)$/);
  for (const part of ['filestorage', 'healthcheck', 'probabilisticsampler', 'memorylimiter', 'envprovider']) {
    expect(
      modules.some((line) => line.includes(part)),
      part,
    ).toBe(true);
  }
});
