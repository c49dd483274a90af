import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mistakesOf, parseText, scenarioText } from '../../fixtures/scenario-text.ts';

const block = (text: string, more: Record<string, string> = {}) =>
  scenarioText({ compare: `{${text}}`, ...more });

test('paths start at the scenario, five pairs are the default, an empty side is the target as it stands', () => {
  const { scenario } = parseText(block('baseline: {}, candidate: {config: new.yaml, binary: ./otelcol}'));
  const { baseDir } = scenario;
  expect(scenario.compare).toEqual({
    baseline: {},
    candidate: { config: join(baseDir, 'new.yaml'), binary: join(baseDir, 'otelcol') },
    pairs: 5,
  });
  const named = parseText(block('member: collector, baseline: {binary: otelcol-a}, candidate: {}, pairs: 2'));
  expect(named.scenario.compare).toEqual({
    member: 'collector',
    baseline: { binary: 'otelcol-a' },
    candidate: {},
    pairs: 2,
  });
});

describe('mistakes', () => {
  const docker = '{docker: {members: {collector: {}}}}';
  const two = '{local: {members: {agent: {sendsTo: gateway}, gateway: {}}}}';
  const right = 'baseline: {}, candidate: {config: new.yaml}';
  test.each<[string, string, Record<string, string>, string, string]>([
    ['no such member', `member: colector, ${right}`, {}, 'compare.member names no member of the target', ''],
    ['several members', right, { target: two }, 'which member differs is not said', 'write member: agent'],
    [
      'a binary of a container',
      'baseline: {}, candidate: {binary: x}',
      { target: docker },
      'members of a docker target have no binary',
      'use config or image',
    ],
    [
      'a target of others',
      right,
      { target: '{external: {otlp: {grpc: "127.0.0.1:4317"}, sink: none}}' },
      'this target has nothing to exchange',
      'run both sides by hand, then squall compare BASELINE CANDIDATE',
    ],
    ['nothing differs', 'baseline: {}, candidate: {}', {}, 'the two sides are the same', ''],
  ])('%s', (_, text, more, what, next) => {
    const found = mistakesOf(() => parseText(block(text, more)));
    expect(found.map((one) => one.what)).toEqual([what]);
    if (next !== '') expect(found[0]?.next).toBe(next);
  });
});
