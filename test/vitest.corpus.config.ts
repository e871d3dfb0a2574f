import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

/** `npm run test:corpus`: every entry of the corpus in the folder that LATHE_CORPUS names. Minutes. */
export default defineConfig({
  root,
  test: {
    include: ['test/corpus/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 900_000,
  },
});
