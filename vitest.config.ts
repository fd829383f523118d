import './src/node-version.mjs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Minutes each: they install, copy or restart whole services, or go through all interleavings. Only `npm run test:all` runs them, and `.ci/run` with it. */
const long = [
  'test/deletion.test.ts',
  'test/fork/project.test.ts',
  'test/http/connections-proof.test.ts',
  'test/sync/interleavings.test.ts',
  'test/threads/redis-restart.test.ts',
];

/** Start many threads: `npm test` runs them with 4 of them, and these again with 2. */
const contracts = ['counters', 'cache', 'connections', 'config'].map((name) => `test/contracts/${name}.test.ts`);

// Tests start many threads and services, and most of their time is reading the sources: they share what was read.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('node_modules/.cache/node-compile', import.meta.url));

export default defineConfig({
  test: {
    globalSetup: './test/support/redis-notice.ts',
    testTimeout: 120_000, // for a machine five times slower; what waits, waits for a signal
    hookTimeout: 120_000,
    pool: 'forks', // tests start worker threads of their own; each file gets a process
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { name: 'change', include: ['test/**/*.test.ts'], exclude: long, env: { CONTRACT_THREADS: '4' } },
      },
      {
        extends: true,
        test: { name: 'long', include: [...long, ...contracts], env: { CONTRACT_THREADS: '2' } },
      },
    ],
  },
});
