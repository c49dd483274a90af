import { expect, onTestFinished, test } from 'vitest';
import { startPageRelay } from '../../../src/observe/page-relay.ts';
import type { Member } from '../../../src/target/target.ts';

function member(name: string, readMetrics?: () => Promise<string>): Member {
  const shown = readMetrics === undefined ? {} : { readMetrics };
  return { name, group: 'gateway', otlp: { headers: {} }, version: '1', ...shown };
}

async function relayOf(members: Member[]): Promise<(path: string) => Promise<[number, string]>> {
  const relay = await startPageRelay(members);
  onTestFinished(relay.close);
  return async (path) => {
    const answer = await fetch(`http://${relay.address}${path}`);
    return [answer.status, await answer.text()];
  };
}

test('who is there now is listed, with labels and a page each; who has no page is left out', async () => {
  const members = [member('a', async () => 'up_a 1\n'), member('none')];
  const ask = await relayOf(members);
  const names = async () => {
    const [, text] = await ask('/members');
    return (JSON.parse(text) as { labels: Record<string, string> }[]).map(({ labels }) => labels);
  };
  expect(await names()).toEqual([
    { __metrics_path__: '/members/a', instance: 'a', member: 'a', group: 'gateway' },
  ]);
  expect(await ask('/members/a')).toEqual([200, 'up_a 1\n']);
  expect((await ask('/members/none'))[0]).toBe(502);
  members.splice(
    0,
    2,
    member('b', async () => ''),
  );
  expect((await names()).map(({ instance }) => instance)).toEqual(['b']);
  expect((await ask('/members/a'))[0]).toBe(404);
});

test('a page that cannot be had is a failed scrape with its reason, and one question at a time is asked', async () => {
  const gate = Promise.withResolvers<void>();
  const seen = { open: 0, most: 0 };
  const readMetrics = async () => {
    seen.most = Math.max(seen.most, ++seen.open);
    await gate.promise;
    seen.open--;
    throw new Error('the server is away');
  };
  const ask = await relayOf([member('a', readMetrics)]);
  const both = [ask('/members/a'), ask('/members/a')];
  await expect.poll(() => seen.open).toBeGreaterThan(0);
  // As a rule both have come by the time that a third one is answered.
  expect((await ask('/members'))[0]).toBe(200);
  gate.resolve();
  for (const answer of await Promise.all(both)) expect(answer).toEqual([502, 'Error: the server is away']);
  expect(seen.most).toBe(1);
});
