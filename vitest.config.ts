import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{packages,promises,apps}/*/{src,tests,steps}/**/*.test.ts', 'e2e/**/*.test.ts', 'tools/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
