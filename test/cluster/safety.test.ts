import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AgentPlace, openAgentPlace } from '../fixtures/agent-place.ts';
import { planStrokes, strike } from '../fixtures/agent-strokes.ts';
import { noImage } from '../fixtures/cluster-image.ts';

/** Half an hour, so apart from the other suites: see test/README.md. */
const why =
  process.env.SQUALL_SAFETY === undefined ? 'SQUALL_SAFETY is not set: npm run test:safety' : noImage;
const seed = Number(process.env.SQUALL_TEST_SEED ?? 1);
const budgetMs = Number(process.env.SQUALL_SAFETY_BUDGET_S ?? 2400) * 1000;

if (why === undefined) describe('safety of runs on a cluster', strokes);
else test.skip(`safety of runs on a cluster (${why})`);

function strokes(): void {
  let place: AgentPlace;
  const startMs = Date.now();
  const met = new Set<string>();

  beforeAll(async () => {
    place = await openAgentPlace('squall-safety');
  });
  afterAll(() => place.close());

  test.for(planStrokes(seed))('SIGKILL $number: $victim, $since + $atMs ms', async (stroke, context) => {
    if (Date.now() - startMs > budgetMs) context.skip(`the time box of ${budgetMs / 1000} s is used up`);
    const { inPlace, line } = await strike(stroke, place);
    for (const fault of inPlace) met.add(fault);
    console.log(line);
  });

  test('the strokes met every fault', () => {
    expect([...met].sort()).toEqual(['cut', 'more', 'pause', 'slow']);
  });
}
