import './src/node-version.mjs';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: './test/support/redis-notice.ts',
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000, // for a machine five times slower; what waits, waits for a signal
    hookTimeout: 120_000,
    pool: 'forks', // tests start worker threads of their own; each file gets a process
    maxWorkers: 2,
  },
});
