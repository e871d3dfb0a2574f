import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Suites that start real processes: studio, shell, web host, all with the real engine. One file after the other, for the sake of measurements. */
export default defineConfig({
  root,
  test: {
    include: ['test/{studio,cli,web,standin,demo}/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
