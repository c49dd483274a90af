import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock, waitFor } from '../../../src/base/clock.ts';
import { startPrometheus } from '../../../src/target/prometheus-process.ts';
import { findTool } from '../../../src/tools/find.ts';

const options = { env: process.env, cacheDir: '/nowhere', presentOnly: true, say: () => {} };
const tool = await findTool('prometheus', options).catch(() => undefined);
const why = tool === undefined ? ' (skipped: no prometheus by SQUALL_PROMETHEUS or on PATH)' : '';

let dir = '';
afterEach(() => rmSync(dir, { recursive: true, force: true }));

interface Answer {
  data: { result: { metric: Record<string, string>; value: [number, string] }[] };
}

describe.skipIf(tool === undefined)(`Prometheus as a process${why}`, () => {
  test('scrapes a target with its labels each second and leaves nothing after stop()', async () => {
    dir = mkdtempSync(join(tmpdir(), 'squall-prometheus-'));
    const exporter = createServer((_, response) => response.end('planted_value 42\n'));
    exporter.listen(0, '127.0.0.1');
    await once(exporter, 'listening');
    const address = `127.0.0.1:${(exporter.address() as AddressInfo).port}`;
    const prometheus = await startPrometheus({
      binary: tool?.path ?? '',
      runDir: dir,
      runId: 'test-run',
      scrape: [{ job: 'collector', targets: [{ address, labels: { member: 'gateway-0' } }] }],
      scrapeIntervalMs: 1000,
      clock: systemClock,
    });
    const result = await waitFor(systemClock, { timeoutMs: 60_000, everyMs: 100 }, async () => {
      const response = await fetch(`${prometheus.url}/api/v1/query?query=planted_value`);
      return ((await response.json()) as Answer).data.result[0];
    });
    expect(result?.metric).toMatchObject({ job: 'collector', member: 'gateway-0' });
    expect(result?.value[1]).toBe('42');
    await prometheus.stop();
    exporter.close();
    await expect(fetch(prometheus.url)).rejects.toThrow();
    expect(existsSync(join(dir, 'work'))).toBe(false);
  });
});
