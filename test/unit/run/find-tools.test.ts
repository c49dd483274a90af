import { expect, test } from 'vitest';
import { SquallError } from '../../../src/base/errors.ts';
import { findTools } from '../../../src/run/find-tools.ts';
import type { FoundTool, ToolName } from '../../../src/tools/find.ts';
import { parseText, scenarioText } from '../../fixtures/scenario-text.ts';

const live = { update: () => undefined, say: () => undefined, end: () => undefined };
const missing = new SquallError({
  code: 'SQ-TOOL-MISSING',
  what: 'found in none of 2 sources',
  where: 'PATH: no such program\n         release archive: getaddrinfo EAI_AGAIN',
  next: 'squall setup',
});

function search(options: { here: ToolName[]; demo: boolean; blocks?: Record<string, string> }) {
  const slos = '[{name: queue, promql: max(q), unit: batches, thresholds: ["value<1000"]}]';
  const { scenario } = parseText(scenarioText({ slos, ...options.blocks }));
  const find = async (tool: ToolName): Promise<FoundTool> => {
    if (!options.here.includes(tool)) throw missing;
    return { path: `/bin/${tool}`, version: '1', source: 'PATH' };
  };
  return findTools({ scenario, demo: options.demo, live, find });
}

test('a local target has its collector and its Prometheus', async () => {
  const found = await search({ here: ['otelcol', 'prometheus'], demo: true });
  expect(found.tools).toEqual({ otelcol: '/bin/otelcol', prometheus: '/bin/prometheus' });
  expect(found.scenario.target.kind).toBe('local');
  expect(found.notes).toEqual([]);
});

test('a stop while a tool is fetched or built ends the search, and nothing stands in for what it broke off', async () => {
  const stop = new AbortController();
  const looked: ToolName[] = [];
  const find = (tool: ToolName): Promise<FoundTool> => {
    looked.push(tool);
    stop.abort();
    return Promise.reject(missing);
  };
  const { scenario } = parseText(scenarioText({}));
  const { signal } = stop;
  await expect(findTools({ scenario, demo: true, live, find, signal })).rejects.toBe(signal.reason);
  expect(looked).toEqual(['otelcol']);
});

test('without a collector only the demo goes on, with the embedded one, and names the sources', async () => {
  await expect(search({ here: ['prometheus'], demo: false })).rejects.toBe(missing);
  const found = await search({ here: ['prometheus'], demo: true });
  expect(found.scenario.target.kind).toBe('embedded');
  expect(found.tools).toEqual({ prometheus: '/bin/prometheus' });
  expect(found.notes.map(({ code }) => code)).toEqual(['EMBEDDED-INSTEAD']);
  expect(found.notes[0]?.sentence).toContain('(tried: PATH, release archive)');
});

test('an embedded target goes on without Prometheus, a local one does not', async () => {
  const blocks = { target: '{embedded: {}}' };
  const found = await search({ here: [], demo: false, blocks });
  expect(found.tools).toEqual({});
  expect(found.notes.map(({ code }) => code)).toEqual(['NO-PROMETHEUS']);
  await expect(search({ here: ['otelcol'], demo: true })).rejects.toBe(missing);
});

test('an embedded target asks for no Prometheus that nobody needs', async () => {
  const blocks = { target: '{embedded: {}}', slos: '[{measure: items_lost, thresholds: ["count==0"]}]' };
  expect(await search({ here: [], demo: false, blocks })).toMatchObject({ tools: {}, notes: [] });
});
