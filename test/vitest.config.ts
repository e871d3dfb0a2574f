import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The unit suite: `npm run test:unit`. No Electron, no network, seconds. */
export default defineConfig({
  root,
  test: {
    include: ['test/{layers,main,native,renderer,recipes}/**/*.test.{ts,tsx}'],
    // onnxruntime-node is a native addon that aborts when its thread is ended: one process a file.
    pool: 'forks',
    maxWorkers: 2,
    // Minutes for what takes seconds: a busy machine is no defect.
    testTimeout: 120_000,
    env: { LATHE_TEST: '1' },
  },
});
