import { defineConfig } from 'vitest/config';

/** Three times what a quiet machine may need: a limit is for what hangs, and a busy machine is slow. */
const project = (name: string, timeoutMs: number, extra: object = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: 3 * timeoutMs,
    hookTimeout: 3 * timeoutMs,
    // Characters of a value that a failure tells: what a clone's run saw is told nowhere else.
    chaiConfig: { truncateThreshold: 1000 },
    ...extra,
  },
});

/** Suites that start processes run one file at a time: they share the machine's cores and ports. */
const alone = { fileParallelism: false, maxWorkers: 1 };

export default defineConfig({
  test: {
    // Of the tests of a file that may run side by side: two cores carry two runs.
    maxConcurrency: 2,
    // As in bin/squall.js: these processes start threads that strip types too.
    execArgv: ['--wasm-wrapper-tiering-budget=1000000000'],
    projects: [
      project('unit', 20_000),
      project('property', 60_000),
      project('simulation', 120_000),
      project('mutation', 120_000),
      project('contract', 120_000, alone),
      project('integration', 300_000, alone),
      project('browser', 120_000, alone),
      project('cluster', 300_000, { ...alone, setupFiles: ['test/fixtures/labelled.ts'] }),
    ],
  },
});
