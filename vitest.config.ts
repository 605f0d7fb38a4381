import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'rooms',
          // Vitest leaves one core of two idle, and most tests here wait for something.
          maxWorkers: Math.max(2, availableParallelism() - 1),
          include: ['{packages,promises,apps}/*/{src,tests,steps,web}/**/*.test.ts', '{tools,docs,conformance}/**/*.test.ts'],
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Whole platforms, each of several processes: one after the other, on a machine that may have two cores.
        extends: true,
        test: { name: 'e2e', include: ['e2e/**/*.test.ts'], fileParallelism: false, maxWorkers: 1, sequence: { groupOrder: 2 } },
      },
    ],
  },
});
