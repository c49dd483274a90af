import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { runCommand } from '../base/run-command.ts';
import type { FindOptions, FoundTool, ToolName } from './find.ts';
import { cachedPath, probe } from './present.ts';
import { withScratch } from './scratch.ts';
import { pinned } from './versions.ts';

/** An answer must begin within this time, and no pause in it may be longer. */
const stallMs = 20_000;

interface Asset {
  /** Folder of the release below the base URL. */
  folder: string;
  archive: string;
  checksums: string;
  /** Path of the binary in the archive. */
  inside: string;
}

/**
 * The official release archive of the pinned version, checked against the release's own checksums. SQUALL_MIRROR
 * takes the place of https://github.com. Throws a sentence when it cannot be had.
 */
export async function downloadRelease(tool: ToolName, options: FindOptions): Promise<FoundTool> {
  const asset = assetOf(tool);
  const base = (options.env.SQUALL_MIRROR ?? 'https://github.com').replace(/\/+$/, '');
  const url = (file: string) => `${base}/${asset.folder}/${file}`;
  const wanted = checksumOf(await fetchText(url(asset.checksums)), asset.archive);
  return withScratch(options.cacheDir, async (work) => {
    const archive = join(work, asset.archive);
    const found = await fetchFile(url(asset.archive), archive, (share) =>
      options.say(`downloading ${tool} ${pinned[tool]}: ${share} %`),
    );
    if (found !== wanted)
      throw new Error(`${asset.archive} has SHA-256 ${found}, its release says ${wanted}`);
    const unpack = await runCommand({
      command: 'tar',
      args: ['-xzf', archive, '-C', work, asset.inside],
      timeoutMs: 120_000,
    });
    if (unpack.code !== 0) throw new Error(`${asset.archive} cannot be unpacked: ${unpack.reason}`);
    return adopt(tool, join(work, asset.inside), {
      options,
      source: `release archive ${pinned[tool]}`,
    });
  });
}

/** Tries the binary, then moves it into the cache; a broken one never gets there. */
export async function adopt(
  tool: ToolName,
  from: string,
  to: { options: FindOptions; source: string },
): Promise<FoundTool> {
  await chmod(from, 0o755);
  const found = await probe({ tool, path: from, source: to.source });
  const path = cachedPath(tool, to.options.cacheDir);
  await mkdir(join(path, '..'), { recursive: true });
  await rename(from, path);
  return { ...found, path };
}

/** The contrib distribution, since the durable queue (file_storage) is not in the core one. */
export function assetOf(tool: ToolName, platform = process.platform, arch = process.arch): Asset {
  const cpu = { x64: 'amd64', arm64: 'arm64' }[arch as string];
  if (cpu === undefined || (platform !== 'linux' && platform !== 'darwin')) {
    throw new Error(`there is no release for ${platform} on ${arch}`);
  }
  const version = pinned[tool];
  if (tool === 'otelcol') {
    return {
      folder: `open-telemetry/opentelemetry-collector-releases/releases/download/v${version}`,
      archive: `otelcol-contrib_${version}_${platform}_${cpu}.tar.gz`,
      checksums: 'opentelemetry-collector-releases_otelcol-contrib_checksums.txt',
      inside: 'otelcol-contrib',
    };
  }
  const name = `prometheus-${version}.${platform}-${cpu}`;
  return {
    folder: `prometheus/prometheus/releases/download/v${version}`,
    archive: `${name}.tar.gz`,
    checksums: 'sha256sums.txt',
    inside: `${name}/prometheus`,
  };
}

/** Lines of `HASH  NAME` or `HASH *NAME`. Throws when the archive is not among them. */
export function checksumOf(text: string, archive: string): string {
  for (const line of text.split('\n')) {
    const [hash = '', name = ''] = line.trim().split(/\s+/);
    if (name.replace(/^\*/, '') === archive && /^[0-9a-f]{64}$/i.test(hash)) return hash.toLowerCase();
  }
  throw new Error(`the release's checksums do not list ${archive}`);
}

async function open(url: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, { signal }).catch((error: Error) => {
    const cause = error.cause instanceof Error ? error.cause.message : error.message;
    throw new Error(`${url}: ${signal.aborted ? `no answer within ${stallMs / 1000} s` : cause}`);
  });
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  return response;
}

async function fetchText(url: string): Promise<string> {
  const response = await open(url, AbortSignal.timeout(stallMs));
  return response.text();
}

/** Streams to a file; gives its SHA-256. `onShare` gets whole tens of per cent, each once. */
async function fetchFile(url: string, file: string, onShare: (share: number) => void): Promise<string> {
  const stalled = new AbortController();
  let watchdog = setTimeout(() => stalled.abort(), stallMs);
  try {
    const response = await open(url, stalled.signal);
    const totalBytes = Number(response.headers.get('content-length') ?? 0);
    const hash = createHash('sha256');
    let readBytes = 0;
    let said = -1;
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => stalled.abort(), stallMs);
        hash.update(chunk);
        readBytes += chunk.length;
        const share = totalBytes === 0 ? 0 : Math.floor((readBytes / totalBytes) * 10) * 10;
        if (share > said) onShare(share);
        said = Math.max(said, share);
        done(null, chunk);
      },
    });
    if (response.body === null) throw new Error(`${url}: an empty answer`);
    await pipeline(Readable.fromWeb(response.body), meter, createWriteStream(file));
    return hash.digest('hex');
  } finally {
    clearTimeout(watchdog);
  }
}
