import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'models/test/**/*.test.ts', 'study/test/**/*.test.ts'],
    // A process a file: the addon keeps process-wide state, and tests of it must not see each other's.
    pool: 'forks',
    // Most of their time is waiting for counters to move.
    maxWorkers: 2,
    globalSetup: './test/helpers/global-setup.ts',
    setupFiles: './test/helpers/node-version.ts',
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: process.env.MICROJOULE_TEST_RESULTS
      ? ['default', './tools/lib/vitest-reporter.mjs']
      : ['default'],
  },
});
